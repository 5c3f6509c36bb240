"""What the fuzzer has done so far, kept as a table of ``docs/soak.md``: minutes add up over runs as long as the code is the same.

A run writes its row as soon as a reader is done or stopped, so a machine that has time for a few readers a day comes round in the end.
A row of earlier code stays until the code as it is has had as many minutes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.made.seeds import seeds
from tests.soak.fuzz import Fuzzed
from tests.soak.fuzz_target import MEMORY, ROOT, SECONDS

GOAL = 10.0
_HEAD = "| reader | code | last run | minutes | guided | inputs | slowest, s | peak memory, MB | found |"
_NONE = "none"
_TABLES = frozenset(("csv", "fixed", "html", "xlsx", "xlsb", "xls", "ods", "spreadsheetml", "json", "parquet"))
_PAGES = ("borderless", "glyphs", "invoice_page", "ofd", "page_lines", "pdf", "pdf_page", "placed", "ruled")
_CONTAINERS = (
    "mail_body",
    "mail_headers",
    "mail_structure",
    "mail_wire",
    "mapi",
    "office",
    "outlook",
    "seven_zip",
    "streams",
    "tar",
    "tnef",
)
_APART = frozenset((*_PAGES, *_CONTAINERS))


@dataclass(frozen=True)
class Row:
    """All runs of one reader over one state of the code.

    Attributes:
        minutes: Of processor time.
        slowest: Seconds of processor time of the slowest input.
        peak: Megabytes.
    """

    reader: str
    code: str
    day: str
    minutes: float
    guided: bool
    inputs: int
    slowest: float
    peak: int
    found: str

    @classmethod
    def of(cls, run: Fuzzed, code: str, day: dt.date) -> Row:
        found = "; ".join(f"{held}: {what}" for held, what in run.findings).replace("|", "/") or _NONE
        return cls(run.reader, code, day.isoformat(), run.spent / 60, run.guided, run.tried, run.slowest, round(run.peak / 1e6), found)

    def __add__(self, other: Row) -> Row:
        """Both together, dated as the other one."""
        found = [*dict.fromkeys(each.found for each in (self, other) if each.found != _NONE)]
        return replace(
            other,
            minutes=self.minutes + other.minutes,
            guided=self.guided and other.guided,
            inputs=self.inputs + other.inputs,
            slowest=max(self.slowest, other.slowest),
            peak=max(self.peak, other.peak),
            found="; ".join(found) or _NONE,
        )

    def __str__(self) -> str:
        numbers = f"{self.minutes:.2f} | {'yes' if self.guided else 'no'} | {self.inputs:,} | {self.slowest:.2f} | {self.peak}"
        return f"| {self.reader} | {self.code} | {self.day} | {numbers} | {self.found} |"


def code_states() -> dict[str, str]:
    """The state of each reader, as the first digits of a hash over the code that reads and knows formats.

    The readers of tables do not run what only pages and containers need; a change there leaves their minutes standing.
    """
    paths = sorted(path for folder in ("read", "formats") for path in (ROOT / "src" / "taihu" / folder).rglob("*.py"))
    return {reader: _hash_of(path for path in paths if reader not in _TABLES or path.stem not in _APART) for reader in seeds()}


def _hash_of(paths: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:8]


def rows_of(page: Path) -> list[Row]:
    """The rows that the page has; none if it has no such table yet."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    table = text.partition(_HEAD)[2].partition("\n\n")[0]
    found: list[Row] = []
    for line in table.splitlines()[2:]:
        reader, code, day, minutes, guided, inputs, slowest, peak, told = (cell.strip() for cell in line.strip("| ").split(" | "))
        inputs = inputs.replace(",", "")
        found.append(Row(reader, code, day, float(minutes), guided == "yes", int(inputs), float(slowest), int(peak), told))
    return found


def added(rows: Iterable[Row], new: Row) -> list[Row]:
    """The record with one more run: a row for each reader, two while the code as it is has had less time than it had before."""
    own = [row for row in rows if row.reader == new.reader]
    now = next((row + new for row in own if row.code == new.code), new)
    before = max((row for row in own if row.code != new.code), key=lambda row: row.minutes, default=None)
    kept = [before] if before is not None and before.minutes > now.minutes else []
    order = list(seeds())
    return sorted([*(row for row in rows if row.reader != new.reader), *kept, now], key=lambda row: order.index(row.reader))


def in_turn(rows: Sequence[Row], wanted: Sequence[str], codes: Mapping[str, str]) -> list[str]:
    """The readers in the order in which they need it: those that had the least time on this code come first.

    Raises:
        SystemExit: There is no such reader.
    """
    unknown = set(wanted) - set(seeds())
    if unknown:
        raise SystemExit(f"no such reader: {', '.join(sorted(unknown))}; there are {', '.join(seeds())}")
    had = {row.reader: row.minutes for row in rows if row.code == codes[row.reader]}
    return list(wanted) or sorted(seeds(), key=lambda reader: had.get(reader, 0.0))


def section(rows: Sequence[Row], codes: Mapping[str, str]) -> str:
    """The record as a section of the page."""
    readers = seeds()
    whole = {row.reader for row in rows if row.minutes >= GOAL}
    present = {row.reader for row in rows if row.minutes >= GOAL and row.code == codes[row.reader]}
    inputs, minutes = sum(row.inputs for row in rows), sum(row.minutes for row in rows)
    bad = sum(row.found != _NONE or row.slowest > SECONDS or row.peak > MEMORY / 1e6 for row in rows)
    return (
        f"## fuzz\n\n**{inputs:,} inputs** in {minutes:.0f} minutes of processor time, with changes that keep archives and checksums whole."
        f" {len(whole)} of {len(readers)} readers have had their {GOAL:.0f} minutes, {len(present)} of them on the code as it is."
        f" Allowed for each input: values or a known reason, {MEMORY // 10**6:,} MB, {SECONDS:.0f} s of processor time."
        f" {f'Something was found in {bad} rows.' if bad else 'Nothing found.'}\n\n"
        "Minutes add up over runs on the same code (a hash of what reads and of what knows formats; for readers of tables without"
        " what only pages and containers need); the time to start is not counted."
        " `./do soak fuzz csv xlsx --minutes 10` names readers; without names those with the least time come first."
        " Guided is what atheris steers towards code that was not reached before; the rest is changed by chance alone.\n\n"
        + "\n".join([_HEAD, "|---|---|---|---:|---|---:|---:|---:|---|", *map(str, rows)])
        + "\n"
    )
