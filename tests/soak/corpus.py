"""``./do soak corpus``: generated files that know the truth, a new seed each time, beside what others make of them."""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import importlib
import importlib.util
import io
import secrets
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
GOAL, ENCODINGS_GOAL = 0.95, 0.99


@dataclass
class Pollutions:
    """Scores of every reader by pollution; those that are not installed have their reason instead."""

    seed: int
    scores: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    held: Counter[tuple[str, str]] = field(default_factory=Counter)
    absent: list[str] = field(default_factory=list)

    def mean(self, reader: str, pollution: str | None = None) -> float:
        values = [value for name, found in self.scores[reader].items() if pollution in (None, name) for value in found]
        return sum(values) / len(values) if values else 0.0

    def count(self) -> int:
        return sum(len(found) for found in self.scores["taihu"].values())


def read_by_command(path: Path, folder: Path) -> tuple[Tables, str | None]:
    """What ``taihu read FILE --csv`` writes, and the reason if it holds the file."""
    import json

    from typer.testing import CliRunner

    from taihu.cli.main import app

    ran = CliRunner().invoke(app, ["read", str(path), "--json", "--csv", str(folder)])
    said = json.loads(ran.stdout)
    return ([] if said["held"] or not folder.exists() else written_tables(folder)), said["held"]


def by_duckdb(path: Path) -> Tables:
    """DuckDB's sniffer, all columns as text; it needs to be told nothing but reads UTF-8 only."""
    import duckdb

    with duckdb.connect() as connection:
        found = connection.read_csv(str(path), all_varchar=True)
        return [(named(found.columns), found.fetchall())]


def by_pandas(path: Path) -> Tables:
    """pandas, told to find the delimiter."""
    pandas: Any = importlib.import_module("pandas")
    frame = pandas.read_csv(path, sep=None, engine="python", dtype=str, keep_default_na=False)
    return [(named([str(name) for name in frame.columns]), frame.values.tolist())]


def by_clevercsv(path: Path) -> Tables:
    """clevercsv; it reads the encoding that chardet finds."""
    clevercsv: Any = importlib.import_module("clevercsv")
    return [(None, clevercsv.read_table(str(path)))]


def by_standard_library(path: Path) -> Tables:
    """``csv.Sniffer`` over UTF-8."""
    import csv

    text = path.read_bytes().decode("utf-8-sig")
    return [(None, list(csv.reader(io.StringIO(text, newline=""), csv.Sniffer().sniff(text[:8192]))))]


PEERS: dict[str, tuple[str, Callable[[Path], Tables]]] = {
    "DuckDB": ("duckdb", by_duckdb),
    "csv.Sniffer": ("csv", by_standard_library),
    "pandas": ("pandas", by_pandas),
    "clevercsv": ("clevercsv", by_clevercsv),
}


def score_polluted(files: Sequence[Polluted], seed: int, room: Path) -> Pollutions:
    """Each file through ``taihu read --csv`` and through every peer that is installed."""
    result = Pollutions(seed)
    peers = {}
    for name, (module, read) in PEERS.items():
        try:
            importlib.import_module(module)
            peers[name] = read
        except ImportError:
            result.absent.append(name)
    for number, file in enumerate(files):
        path = room / f"{number}.csv"
        path.write_bytes(file.content)
        meant = bag(file.tables)
        tables, held = read_by_command(path, room / f"{number}")
        if held:
            result.held[file.pollution, held] += 1
        result.scores["taihu"][file.pollution].append(f1(bag(tables), meant))
        for name, read in peers.items():
            with contextlib.suppress(Exception):
                # Whatever a peer raises is a file that it did not read.
                result.scores[name][file.pollution].append(f1(bag(read(path)), meant))
                continue
            result.scores[name][file.pollution].append(0.0)
        path.unlink()
    return result


def polluted_text(result: Pollutions) -> str:
    """The scores as Markdown."""
    readers = list(result.scores)
    pollutions = sorted(result.scores["taihu"], key=lambda name: (result.mean("taihu", name), name))
    worst = [name for name in pollutions if result.mean("taihu", name) < 0.999]
    lines = ["| pollution | " + " | ".join(readers) + " |", "|---|" + "---:|" * len(readers)]
    lines.append("| **all** | " + " | ".join(f"**{result.mean(reader):.3f}**" for reader in readers) + " |")
    lines += [f"| {name} | " + " | ".join(f"{result.mean(reader, name):.3f}" for reader in readers) + " |" for name in worst]
    rest = [name for name in pollutions if name not in worst]
    lines.append(
        f"| the other {len(rest)} | "
        + " | ".join(f"{sum(result.mean(r, n) for n in rest) / max(1, len(rest)):.3f}" for r in readers)
        + " |"
    )
    held = ", ".join(f"{name}: {reason} ({count})" for (name, reason), count in result.held.most_common()) or "none"
    absent = f" Not installed, so not compared: {', '.join(result.absent)}." if result.absent else ""
    return (
        f"{result.count():,} polluted texts, seed {result.seed}: cell-level F1 of `taihu read --csv` without configuration"
        f" **{result.mean('taihu'):.4f}** (goal {GOAL}; a held file counts as 0).{absent}\n\n" + "\n".join(lines) + f"\n\nHeld: {held}.\n"
    )


def by_taihu(text: Encoded) -> str:
    from taihu.formats.text import decode

    decoded = decode(text.content)
    return "" if decoded.replaced else decoded.text


def by_charset_normalizer(text: Encoded) -> str:
    module: Any = importlib.import_module("charset_normalizer")
    best = module.from_bytes(text.content).best()
    return "" if best is None else str(best)


def by_chardet(text: Encoded) -> str:
    module: Any = importlib.import_module("chardet")
    return text.content.decode(module.detect(text.content)["encoding"] or "ascii")


def encodings_text(count: int, seed: int) -> tuple[str, float]:
    """How many texts each detector reads right, by their shape; and our share."""
    detectors: dict[str, Callable[[Encoded], str]] = {"taihu": by_taihu, "charset-normalizer": by_charset_normalizer, "chardet": by_chardet}
    absent = [name for name in detectors if name != "taihu" and importlib.util.find_spec(name.replace("-", "_")) is None]
    used = {name: read for name, read in detectors.items() if name not in absent}
    right: dict[str, Counter[str]] = {name: Counter() for name in used}
    total: Counter[str] = Counter()
    for text in encoded_texts(count, seed):
        total[text.shape] += 1
        for name, read in used.items():
            with contextlib.suppress(Exception):
                right[name][text.shape] += read(text).removeprefix("\ufeff") == text.text
    lines = ["| text | " + " | ".join(used) + " |", "|---|" + "---:|" * len(used)]
    lines.append("| **all** | " + " | ".join(f"**{found.total() / count:.2%}**" for found in right.values()) + " |")
    lines += [f"| {shape} | " + " | ".join(f"{found[shape] / total[shape]:.2%}" for found in right.values()) + " |" for shape in SHAPES]
    missing = f" Not installed, so not compared: {', '.join(absent)}." if absent else ""
    share = right["taihu"].total() / count
    return f"{count:,} short and mostly-ASCII texts in {len(ENCODINGS)} languages: read right.{missing}\n\n" + "\n".join(
        lines
    ) + "\n", share


def soak(given: argparse.Namespace) -> tuple[str, bool]:
    """Run it; the section for the page, and whether the goals were met."""
    seed = given.seed if given.seed is not None else secrets.randbelow(10**6)
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="taihu-corpus-") as room:
        polluted = score_polluted(corpus(given.count, seed), seed, Path(room))
    encodings, share = encodings_text(given.count, seed)
    text = f"## corpus\n\n{dt.datetime.now(dt.UTC).date().isoformat()}\n\n{polluted_text(polluted)}\n{encodings}"
    return text, polluted.mean("taihu") >= GOAL and share >= ENCODINGS_GOAL
