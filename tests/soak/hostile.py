"""``./do soak hostile``: hostile files of every kind, seeded anew, read without configuration and judged by their generator's truth."""

from __future__ import annotations

import argparse
import datetime as dt
import secrets
from collections import Counter
from dataclasses import dataclass, field

from tests.corpus.documents import HELD, READ
from tests.corpus.hostile import Hostile, corpus
from tests.corpus.judged import Verdict, judge

GOAL = 0.9


@dataclass
class Tally:
    """Files by kind and by what a reader must do with them, and every one that went wrong."""

    seeds: list[int] = field(default_factory=list)
    files: Counter[tuple[str, str]] = field(default_factory=Counter)
    read: Counter[tuple[str, str]] = field(default_factory=Counter)
    cells: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, seed: int, file: Hostile, verdict: Verdict) -> None:
        key = file.kind, file.must
        self.files[key] += 1
        self.read[key] += verdict.held is None
        self.cells[file.kind] += sum(len(row) for meant in file.tables for row in meant.rows) if verdict.held is None else 0
        if verdict.silent:
            self.wrong.append(f"seed {seed}, {file.title}: {verdict.silent[0]} ({len(verdict.silent)})")
        if verdict.missed:
            self.wrong.append(f"seed {seed}, {file.title}: read, but it must be held")

    @property
    def share_read(self) -> float:
        """Of the readable files, those that were read: of all of them, or of the kind that is read worst, whichever is less."""
        readable = {kind: count for (kind, must), count in self.files.items() if must == READ}
        read = {kind: self.read[kind, READ] for kind in readable}
        return min([sum(read.values()) / max(1, sum(readable.values())), *(read[kind] / count for kind, count in readable.items())])


def judged(file: Hostile) -> Verdict:
    """What the reader makes of one file."""
    from taihu.read import read_blind

    read = read_blind(file.content, file.name, passwords=file.passwords)
    return judge(file.must, file.tables, read.held, read.tables, loose=file.loose)


def play(seeds: list[int]) -> Tally:
    tally = Tally(seeds)
    for seed in seeds:
        for file in corpus(seed):
            tally.add(seed, file, judged(file))
    return tally


def text(tally: Tally) -> str:
    """The result as a section of the page."""
    lines = ["| kind | files | readable | of these read | must be held | of these held | cells compared |", "|---|" + "---:|" * 6]
    for kind in sorted({kind for kind, _ in tally.files}):
        must_read, must_hold = (kind, READ), (kind, HELD)
        total = sum(count for (other, _), count in tally.files.items() if other == kind)
        held = tally.files[must_hold] - tally.read[must_hold]
        lines.append(
            f"| {kind} | {total} | {tally.files[must_read]} | {tally.read[must_read]}"
            f" | {tally.files[must_hold]} | {held} | {tally.cells[kind]:,} |"
        )
    wrong = "\n".join(["", "Wrong:", "", *(f"- {line}" for line in tally.wrong), ""]) if tally.wrong else ""
    seeds = ", ".join(map(str, tally.seeds))
    return f"""## hostile

{dt.datetime.now(dt.UTC).date().isoformat()}, seeds {seeds}: **{tally.files.total():,} files**, **{len(tally.wrong)} read wrong in silence**
(a cell, a row, a name, a place, a file that must be held), {tally.share_read:.1%} of the readable ones read
(of the kind that is read worst; goal {GOAL:.0%}).

A generator writes each file and knows what it means; a cell whose value is lost (an error, an id cut to fifteen digits, a formula that
was never computed) must be said to be lost. Files that are damaged where no reader can tell may be read or held, but not wrong.

{chr(10).join(lines)}
{wrong}"""


def soak(given: argparse.Namespace) -> tuple[str, bool]:
    """Run it; the section for the page, and whether the goals were met."""
    first = given.seed if given.seed is not None else secrets.randbelow(10**6)
    print(f"first seed {first}", flush=True)
    tally = play([first + n for n in range(given.seeds)])
    return text(tally), not tally.wrong and tally.share_read >= GOAL
