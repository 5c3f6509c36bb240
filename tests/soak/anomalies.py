"""Planted faults in the series of random companies: how well they are ranked, and how often anybody is called.

The thresholds are those of the product, fixed before any of these series was drawn. A fault counts once, by the highest score in its
window; every other day of every series is a day without a fault.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from taihu.check.anomalies import HOLD, WARN, judge
from tests.soak.kill import ROOT
from tests.soak.series import CALENDAR, DAYS, FAULTS_A_YEAR, KINDS, Series, company

PEER, PROGRAM = ROOT / ".venv-bench" / "bin" / "python", ROOT / "tests" / "bench" / "peers" / "series.py"
OURS, PEERS = "taihu", {"stl": "STL residuals", "ecod": "ECOD (PyOD)"}
LEAST_PRECISION, MOST_ALERTS = 0.80, 3.0
YEARS = len(DAYS) / 365.25


@dataclass(slots=True)
class Scores:
    """Scores of planted faults by kind of fault, of all other days, and the number of alerts of each series."""

    planted: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    other: list[np.ndarray] = field(default_factory=list)
    alerts: list[int] = field(default_factory=list)

    def add(self, series: Series, scores: np.ndarray) -> None:
        size, is_fault = np.abs(scores), np.zeros(len(scores), dtype=bool)
        for first, last, fault in series.faults:
            self.planted[fault].append(float(size[first : last + 1].max()))
            is_fault[first : last + 1] = True
        self.other.append(size[~is_fault])
        self.alerts.append(int(np.count_nonzero(size >= WARN)))

    @property
    def faults(self) -> np.ndarray:
        return np.asarray([score for scores in self.planted.values() for score in scores])

    @property
    def average_precision(self) -> float:
        """Mean of the precision at every fault, worst order among equal scores."""
        faults, others = np.sort(self.faults)[::-1], np.sort(np.concatenate(self.other))
        above = len(others) - np.searchsorted(others, faults, side="left")
        found = np.arange(1, len(faults) + 1)
        return float(np.mean(found / (found + above)))

    @property
    def alerts_a_year(self) -> float:
        return float(np.mean(self.alerts)) / YEARS

    def precision(self, threshold: float) -> float:
        found = np.count_nonzero(self.faults >= threshold)
        wrong = sum(np.count_nonzero(days >= threshold) for days in self.other)
        return float(found / max(found + wrong, 1))

    def recall(self, threshold: float) -> float:
        return float(np.mean(self.faults >= threshold))


Table = dict[tuple[str, str], Scores]


def play(seeds: Sequence[int]) -> Table:
    """Every company's series through the product and, where they are installed, through the peers."""
    table: Table = defaultdict(Scores)
    for seed in seeds:
        made = company(seed)
        for kind in KINDS:
            series = made.series[kind]
            judged = judge(DAYS, {name: one.values for name, one in series.items()}, CALENDAR, promotions=made.promotions)
            results = {OURS: {name: one.scores for name, one in judged.items()}, **_beside(series)}
            for detector, scores in results.items():
                for name, one in series.items():
                    table[detector, kind].add(one, np.asarray(scores[name]))
        said = ", ".join(f"{kind} {table[OURS, kind].average_precision:.3f}" for kind in KINDS)
        print(f"seed {seed}: average precision so far {said}", flush=True)
    return table


def _beside(series: Mapping[str, Series]) -> dict[str, dict[str, list[float]]]:
    if not PEER.exists():
        return {}
    with tempfile.TemporaryDirectory(prefix="taihu-soak-") as room:
        file = Path(room) / "series.json"
        file.write_text(json.dumps({name: one.values.tolist() for name, one in series.items()}))
        ran = subprocess.run([PEER, PROGRAM, file], stdout=subprocess.PIPE, check=True)
    found: dict[str, dict[str, list[float]]] = json.loads(ran.stdout)
    return found


def problems(table: Table) -> list[str]:
    """What falls short of what was promised."""
    found = []
    for kind in KINDS:
        scores = table[OURS, kind]
        if scores.average_precision < LEAST_PRECISION:
            found.append(f"{kind}: average precision {scores.average_precision:.3f}")
        if scores.alerts_a_year > MOST_ALERTS:
            found.append(f"{kind}: {scores.alerts_a_year:.1f} alerts a series and year")
    return found


def section(table: Table, seeds: Sequence[int], today: dt.date) -> str:
    """The result as a section of the page."""
    count = ", ".join(f"{len(table[OURS, kind].alerts)} {kind}" for kind in KINDS)
    absent = "" if any(detector != OURS for detector, _ in table) else "\nThe peers are not installed: their lines are left out.\n"
    both = [f"at {threshold:g}: precision, recall" for threshold in (WARN, HOLD)]
    head = ["series", "detector", "average precision", "alerts a series and year", "most in one series, a year", *both]
    return f"""## anomalies

{today.isoformat()}, random companies of the seeds {", ".join(map(str, seeds))}: {count} series of
{len(DAYS):,} days, with about {FAULTS_A_YEAR:g} faults planted a series and year. Effects, shifts of festivals, unknown promotions, changes
of level and noise with a memory differ from series to series (`tests/soak/series.py`; it has the same author as the detector, which was
developed on other seeds of it: expect less of real series). The thresholds were fixed before: {WARN:g} is a note, {HOLD:g} a hold.
{absent}
{_lines(head, _detectors(table))}

Found at {WARN:g}, by kind of fault. A day that is booked twice, or of which half is missing, mostly lies within what such days bring;
duplicates and completeness are the matter of other rules.

{_lines(["fault", *KINDS], _by_fault(table))}
"""


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])


def _detectors(table: Table) -> list[list[str]]:
    rows = []
    for kind in KINDS:
        for detector, name in {OURS: OURS, **PEERS}.items():
            if (detector, kind) in table:
                scores = table[detector, kind]
                row = [kind, name, f"{scores.average_precision:.3f}", f"{scores.alerts_a_year:.1f}", f"{max(scores.alerts) / YEARS:.1f}"]
                rows.append([*row, *(f"{scores.precision(at):.2f}, {scores.recall(at):.2f}" for at in (WARN, HOLD))])
    return rows


def _by_fault(table: Table) -> list[list[str]]:
    rows = []
    for fault in sorted({fault for kind in KINDS for fault in table[OURS, kind].planted}):
        found = [np.asarray(table[OURS, kind].planted.get(fault, [])) for kind in KINDS]
        rows.append([fault, *(f"{np.mean(scores >= WARN):.0%} of {len(scores)}" if len(scores) else "" for scores in found)])
    return rows
