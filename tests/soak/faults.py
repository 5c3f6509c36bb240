"""The fault matrix: every connector of the contract suite under every fault.

The cells are a test of the contract suite (``test_the_same_bytes_come_under_a_fault``), so a new connector is in the matrix by its test
class alone. The suite plays a sample; here all cells are played in a process of their own, and what they found becomes a table.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.faults.cells import FAULTS, LOG, Cell

ROOT = Path(__file__).resolve().parents[2]
_SIGNS = {"same": "✓", "not applicable": "–", "different": "**✗**"}


def play_all(only: str = "") -> tuple[list[Cell], list[str]]:
    """Every cell, and for each test class that could not be played why."""
    with tempfile.TemporaryDirectory(prefix="taihu-faults-") as room:
        log = Path(room) / "cells.jsonl"
        environment = {**os.environ, "TAIHU_FAULTS": "all", LOG: str(log)}
        chosen = f"under_a_fault and ({only})" if only else "under_a_fault"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n",
            "0",
            "-p",
            "no:cacheprovider",
            "-rs",
            "tests/contract/connector",
            "-k",
            chosen,
        ]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
        cells = [Cell(**json.loads(line)) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stdout[-3000:] + done.stderr[-3000:])
    absent = sorted({found[1] for line in done.stdout.splitlines() if (found := re.match(r"SKIPPED \[\d+\] (.*)", line))})
    return cells, [line for line in absent if " under " not in line]


def problems(cells: Sequence[Cell]) -> list[str]:
    """Cells that are not as they must be, and connectors of which a cell is missing."""
    found = [f"{cell.connector} under {cell.fault}: {cell.note or cell.verdict}" for cell in cells if cell.verdict == "different"]
    for name in sorted({cell.connector for cell in cells}):
        missing = set(FAULTS) - {cell.fault for cell in cells if cell.connector == name}
        found += [f"{name} under {fault}: not played" for fault in sorted(missing)]
    return found


def section(cells: Sequence[Cell], absent: Sequence[str], today: dt.date) -> str:
    """The matrix as a section of the page."""
    names = list(dict.fromkeys(cell.connector for cell in cells))
    by_place = {(cell.connector, cell.fault): cell for cell in cells}
    head = f"| connector | {' | '.join(fault.replace('_', ' ') for fault in FAULTS)} |"
    rows = []
    for name in names:
        signs = [_SIGNS[by_place[name, fault].verdict] if (name, fault) in by_place else "?" for fault in FAULTS]
        rows.append(f"| {name} | {' | '.join(signs)} |")
    played = [cell for cell in cells if cell.verdict != "not applicable"]
    same = [cell for cell in played if cell.verdict == "same"]
    reasons: dict[str, list[str]] = {}
    for cell in cells:
        if cell.verdict == "not applicable":
            reasons.setdefault(f"{cell.fault.replace('_', ' ')}: {cell.note}", []).append(cell.connector)
    refused, runs = (max((getattr(cell, name) for cell in cells), default=0) for name in ("refused", "runs"))
    lines = [
        "## faults",
        "",
        f"{today.isoformat()}: **{len(same)} of {len(played)} cells** end with the same bytes as a run without a fault, nothing twice; "
        f"{len(cells) - len(played)} cells are not applicable. At most {refused} refused logins a cell, at most {runs} runs until "
        "everything was there and the next one found nothing new.",
        "",
        "Each fault strikes in the listing and in the midst of a file, twice at most; `disk full` is a small tmpfs under the lake.",
        "",
        head,
        "|---" * (len(FAULTS) + 1) + "|",
        *rows,
        "",
        "Not applicable, and why:",
        "",
        *(f"- {reason} ({', '.join(dict.fromkeys(who))})" for reason, who in sorted(reasons.items())),
    ]
    if found := problems(cells):
        lines += ["", "Not as they must be:", "", *(f"- {line}" for line in found)]
    if absent:
        lines += ["", "Not played here:", "", *(f"- {line}" for line in absent)]
    return "\n".join([*lines, ""])
