"""``./do soak score``: the demo's score for the fixed company and for companies of new seeds, each with its own shape and rate of faults.

Seeds are drawn when it starts and printed, so a score cannot be made for known ones. Each company is played by the command that
people use, in a process of its own.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RECALL, MOST_FALSE_FLAGS, LEAST_READ = 0.95, 0.01, 0.99


@dataclass(frozen=True, slots=True)
class Scored:
    """One company that was played, and what ``taihu demo --score --json`` said."""

    seed: int
    is_drawn: bool
    has_faults: bool
    said: dict[str, Any]

    @property
    def faults(self) -> list[dict[str, Any]]:
        kinds: list[dict[str, Any]] = self.said["faults"]
        return kinds

    def total(self, name: str) -> int:
        return sum(int(kind[name]) for kind in self.faults)


def play(seed: int, folder: Path, *, drawn: bool, faults: bool) -> Scored:
    """Play one company in a new folder."""
    arguments = ["demo", str(folder), "--score", "--json", "--no-docs", "--seed", str(seed)]
    arguments += ["--random-company"] * drawn + ["--no-faults"] * (not faults)
    ended = subprocess.run([sys.executable, "-m", "taihu", *arguments], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"seed {seed}: exit code {ended.returncode}\n{ended.stderr[-4000:]}")
    return Scored(seed, drawn, faults, json.loads(ended.stdout))


def kinds(scored: Sequence[Scored]) -> dict[str, Counter[str]]:
    """Each kind of fault over all companies."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for kind in (kind for one in scored for kind in one.faults):
        sums[kind["kind"]].update({name: kind[name] for name in ("planted", "detected", "located", "repaired", "held")})
    return dict(sums)


def problems(scored: Sequence[Scored]) -> list[str]:
    """What is not as it must be."""
    found = []
    for one in scored:
        said = one.said
        found += [f"seed {one.seed}: {said['silently_wrong']} silently wrong: {said['silently_wrong_cells'][:3]}"] * (
            said["silently_wrong"] > 0
        )
        found += [f"seed {one.seed}: false flags {said['false_flags'][:3]}"] * (said["false_flag_rate"] >= MOST_FALSE_FLAGS)
        found += [f"seed {one.seed}: unread {said['unread'][:3]}"] * (said["clean_files_read_rate"] < LEAST_READ)
        found += [f"seed {one.seed}: {kind['kind']} planted {kind['planted']} times" for kind in one.faults if kind["planted"] < 3]
        found += [f"seed {one.seed}: figures off without a fault"] * (not one.has_faults and not said["facts_exact"])
    for name, sums in kinds(scored).items():
        found += [f"{name}: {sums['detected']} of {sums['planted']} found"] * (sums["detected"] < RECALL * sums["planted"])
    return found


def section(scored: Sequence[Scored], today: dt.date) -> str:
    """The result as a section of the page."""
    drawn = [one for one in scored if one.is_drawn]
    sums = kinds(scored)
    planted, detected = sum(one.total("planted") for one in scored), sum(one.total("detected") for one in scored)
    lines = [
        "## score",
        "",
        f"{today.isoformat()}: the fixed company and {len({one.seed for one in drawn})} of seeds drawn at run time, each with its own "
        f"shape, habits and rate of faults: **{detected} of {planted} faults found** in {len(sums)} kinds, "
        f"**{sum(one.said['silently_wrong'] for one in scored)} cells silently wrong**.",
        "",
        "A cell is exact to the cent, or the ledger says which file, party and day it waits for.",
        "Distributors by region: east, north, south, west.",
        "",
        "| seed | distributors | products, stores | orders a day | returns | cells exact | others, all marked | kinds | planted | detected "
        "| located | silently wrong | false flags | clean files read |",
        "|---|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        *map(_row, scored),
        "",
        "Over all of them:",
        "",
        "| kind of fault | planted | detected | located | repaired | held |",
        "|---|---:|---:|---:|---:|---:|",
        *(
            f"| {name} | " + " | ".join(str(counts[each]) for each in ("planted", "detected", "located", "repaired", "held")) + " |"
            for name, counts in sums.items()
        ),
        "",
    ]
    wrong = problems(scored)
    return "\n".join([*lines, *(["Not as it must be:", "", *(f"- {line}" for line in wrong), ""] if wrong else [])])


def _row(one: Scored) -> str:
    said, company = one.said, one.said["company"]
    name = f"{one.seed}" + ("" if one.is_drawn else " (fixed)") + ("" if one.has_faults else ", no faults")
    cells = [
        name,
        ", ".join(str(count) for count in company["distributors"].values()),
        f"{company['products']}, {company['stores']}",
        "–".join(map(str, company["orders"])),
        f"{company['returns']:.0%}",
        f"{said['cells'] - said['differing_cells']:,} of {said['cells']:,}",
        f"{said['differing_cells'] - said['silently_wrong']:,}",
        str(len(one.faults)),
        *(str(one.total(each)) for each in ("planted", "detected", "located")),
        str(said["silently_wrong"]),
        f"{said['false_flag_rate']:.2%}",
        f"{said['clean_files_read_rate']:.2%} of {said['clean_files']:,}",
    ]
    return "| " + " | ".join(cells) + " |"
