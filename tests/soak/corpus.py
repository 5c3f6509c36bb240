"""``./do soak corpus``: generated files that know the truth, a new seed each time, beside what others make of them."""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import secrets
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.corpus.encodings import ENCODINGS, SHAPES, Encoded, encoded_texts
from tests.corpus.polluted import Polluted, corpus
from tests.corpus.score import bag, f1, named, written_tables

Tables = Sequence[tuple[Sequence[str | None] | None, Sequence[Sequence[str | None]]]]
ROOT = Path(__file__).parents[2]
PEER, PROGRAM = ROOT / ".venv-bench" / "bin" / "python", ROOT / "tests" / "bench" / "peers" / "text_files.py"
GOAL, ENCODINGS_GOAL = 0.95, 0.99


@dataclass
class Pollutions:
    """Scores of every reader by pollution; those that are not installed have their reason instead."""

    seed: int
    scores: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    held: Counter[tuple[str, str]] = field(default_factory=Counter)
    absent: list[str] = field(default_factory=list)

    def mean(self, reader: str, pollution: str | None = None) -> float:
        values = [
            value for name, found in self.scores[reader].items() if pollution in (None, name, name.partition(":")[0]) for value in found
        ]
        return sum(values) / len(values) if values else 0.0

    def count(self) -> int:
        return sum(len(found) for found in self.scores["taihu"].values())


def read_by_command(path: Path, folder: Path) -> tuple[Tables, str | None]:
    """What ``taihu read FILE --csv`` writes, and the reason if it holds the file."""
    from typer.testing import CliRunner

    from taihu.cli.main import app

    ran = CliRunner().invoke(app, ["read", str(path), "--json", "--csv", str(folder)])
    said = json.loads(ran.stdout)
    return ([] if said["held"] or not folder.exists() else written_tables(folder)), said["held"]


def by_duckdb(path: Path) -> Tables:
    """DuckDB's sniffer, all columns as text; it needs to be told nothing but reads UTF-8 only."""
    import duckdb

    with duckdb.connect(config={"threads": 1}) as connection:
        found = connection.read_csv(str(path), all_varchar=True)
        return [(named(found.columns), found.fetchall())]


def by_standard_library(path: Path) -> Tables:
    """``csv.Sniffer`` over UTF-8."""
    import csv

    text = path.read_bytes().decode("utf-8-sig")
    return [(None, list(csv.reader(io.StringIO(text, newline=""), csv.Sniffer().sniff(text[:8192]))))]


HERE: dict[str, Callable[[Path], Tables]] = {"DuckDB": by_duckdb, "csv.Sniffer": by_standard_library}
BESIDE = ("pandas", "clevercsv")
GIVEN_UTF8 = " given UTF-8"


def beside(folder: Path, readers: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the readers in ``.venv-bench`` make of the files of a folder: by reader and file; those that are not there are left out."""
    if not PEER.exists():
        return {}
    found: dict[str, dict[str, Any]] = {}
    ran = subprocess.run([PEER, PROGRAM, folder, *readers], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    for line in ran.stdout.splitlines():
        said = json.loads(line)
        if not said.get("error", "").startswith("ModuleNotFoundError"):
            found.setdefault(said["reader"], {})[said["file"]] = said.get("read")
    return found


def score_polluted(files: Sequence[Polluted], seed: int, room: Path) -> Pollutions:
    """Each file through ``taihu read --csv`` and through every peer; those read each file twice: as it is, and rewritten in UTF-8."""
    result = Pollutions(seed)
    sent, rewritten = room / "sent", room / "utf8"
    for folder in (sent, rewritten):
        folder.mkdir()
    for number, file in enumerate(files):
        (sent / f"{number}.csv").write_bytes(file.content)
        (rewritten / f"{number}.csv").write_bytes(file.as_utf8)
    others = {"": beside(sent, BESIDE), GIVEN_UTF8: beside(rewritten, BESIDE)}
    result.absent = [name for name in BESIDE if name not in others[""]]
    for number, file in enumerate(files):
        name, meant = f"{number}.csv", bag(file.tables)
        tables, held = read_by_command(sent / name, room / str(number))
        if held:
            result.held[file.pollution, held] += 1
        result.scores["taihu"][file.pollution].append(f1(bag(tables), meant))
        for suffix, folder in (("", sent), (GIVEN_UTF8, rewritten)):
            for reader, read in HERE.items():
                result.scores[reader + suffix][file.pollution].append(f1(bag(_tables_of(read, folder / name)), meant))
            for reader, found in others[suffix].items():
                given = [(named(names) if names else None, rows) for names, rows in found[name] or ()]
                result.scores[reader + suffix][file.pollution].append(f1(bag(given), meant))
    return result


def _tables_of(read: Callable[[Path], Tables], path: Path) -> Tables:
    """Whatever a peer raises is a file that it did not read."""
    try:
        return read(path)
    except Exception:
        return []


def polluted_text(result: Pollutions) -> str:
    """The scores as Markdown: all, by what is wrong, and the pollutions that we do not read in full."""
    readers = list(result.scores)
    groups = list(dict.fromkeys(name.partition(":")[0] for name in result.scores["taihu"]))
    worst = sorted((result.mean("taihu", name), name) for name in result.scores["taihu"] if result.mean("taihu", name) < 0.999)
    lines = ["| pollution | " + " | ".join(readers) + " |", "|---|" + "---:|" * len(readers)]
    lines.append("| **all** | " + " | ".join(f"**{result.mean(reader):.3f}**" for reader in readers) + " |")
    lines += [f"| {group} | " + " | ".join(f"{result.mean(reader, group):.3f}" for reader in readers) + " |" for group in groups]
    lines.append("| *where ours is not 1* |" + " |" * len(readers))
    lines += [f"| {name} | " + " | ".join(f"{result.mean(reader, name):.3f}" for reader in readers) + " |" for _, name in worst]
    held = ", ".join(f"{name}: {reason} ({count})" for (name, reason), count in result.held.most_common()) or "none"
    absent = f" Not installed, so not compared: {', '.join(result.absent)}." if result.absent else ""
    return (
        f"{result.count():,} polluted texts, seed {result.seed}: cell-level F1 of `taihu read --csv` without configuration"
        f" **{result.mean('taihu'):.4f}** (goal {GOAL}; a held file counts as 0).{absent}\n\n"
        "A cell is right in its table and column, whatever its row; header cells count, made-up names do not. The pollutions are our own,\n"
        "so the peers meet what they were not made for: they read one table a file, and DuckDB and `csv.Sniffer` know UTF-8 only. Each\n"
        "peer therefore reads each file a second time, rewritten in UTF-8 by the generator.\n\n" + "\n".join(lines) + f"\n\nHeld: {held}.\n"
    )


def by_taihu(text: Encoded) -> str:
    from taihu.formats.text import decode

    decoded = decode(text.content)
    return "" if decoded.replaced else decoded.text


def encodings_text(count: int, seed: int, room: Path) -> tuple[str, float]:
    """How many texts each detector reads right, by their shape; and our share."""
    folder = room / "encodings"
    folder.mkdir()
    texts = list(encoded_texts(count, seed))
    for number, text in enumerate(texts):
        (folder / f"{number}.txt").write_bytes(text.content)
    detectors = ("charset-normalizer", "chardet")
    found = beside(folder, detectors)
    right: dict[str, Counter[str]] = {name: Counter() for name in ("taihu", *found)}
    total: Counter[str] = Counter()
    for number, text in enumerate(texts):
        total[text.shape] += 1
        right["taihu"][text.shape] += by_taihu(text).removeprefix("\ufeff") == text.text
        for name, read in found.items():
            right[name][text.shape] += (read[f"{number}.txt"] or "").removeprefix("\ufeff") == text.text
    lines = ["| text | " + " | ".join(right) + " |", "|---|" + "---:|" * len(right)]
    lines.append("| **all** | " + " | ".join(f"**{each.total() / count:.2%}**" for each in right.values()) + " |")
    lines += [f"| {shape} | " + " | ".join(f"{each[shape] / total[shape]:.2%}" for each in right.values()) + " |" for shape in SHAPES]
    absent = [name for name in detectors if name not in found]
    missing = f" Not installed, so not compared: {', '.join(absent)}." if absent else ""
    share = right["taihu"].total() / count
    head = f"{count:,} short and mostly-ASCII texts in {len(ENCODINGS)} languages and their encodings: read right.{missing}"
    return f"{head}\n\n" + "\n".join(lines) + "\n", share


def soak(given: argparse.Namespace) -> tuple[str, bool]:
    """Run it; the section for the page, and whether the goals were met."""
    seed = given.seed if given.seed is not None else secrets.randbelow(10**6)
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="taihu-corpus-") as room:
        polluted = score_polluted(corpus(given.count, seed), seed, Path(room))
        encodings, share = encodings_text(given.count, seed, Path(room))
    text = f"## corpus\n\n{dt.datetime.now(dt.UTC).date().isoformat()}\n\n{polluted_text(polluted)}\n{encodings}"
    return text, polluted.mean("taihu") >= GOAL and share >= ENCODINGS_GOAL
