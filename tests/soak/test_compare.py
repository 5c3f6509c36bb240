"""The soak's comparison sees what it is there to see: a lost row, a row twice, a lost arrival, another figure, a child left alive."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from taihu.core.clock import FixedClock
from taihu.core.types import Item
from taihu.project.starter import write_starter
from taihu.project.workspace import Workspace, open_workspace
from taihu.run.execution import run
from tests.soak.kill import differences, figures_in, survivors

NOW = dt.datetime(2026, 11, 10, 0, 30, tzinfo=dt.UTC)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Workspace, Workspace]]:
    """A starter project after its first run, and its copy."""
    peace, war = tmp_path / "peace", tmp_path / "war"
    write_starter(peace, NOW.date())
    for path in (peace / "inbox").rglob("*.csv"):
        os.utime(path, (0, 0))
    with open_workspace(peace, FixedClock(NOW)) as ws:
        run(ws)
    shutil.copytree(peace, war)
    with open_workspace(peace, FixedClock(NOW)) as first, open_workspace(war, FixedClock(NOW)) as second:
        yield first, second


def test_copies_are_equal(pair: tuple[Workspace, Workspace]) -> None:
    assert differences(*pair) == []


def test_a_lost_row_and_a_row_twice(pair: tuple[Workspace, Workspace]) -> None:
    peace, war = pair
    rows = war.tables.read("clean.sales")
    war.tables.replace("clean.sales", rows.slice(1), by="_month")
    assert any(line.startswith("clean.sales: 1 rows lost") for line in differences(peace, war))
    war.tables.append("clean.sales", rows)
    assert any("twice" in line for line in differences(peace, war))


def test_a_lost_or_second_arrival_and_missing_bytes(pair: tuple[Workspace, Workspace]) -> None:
    peace, war = pair
    obj = war.objects.put(b"more")
    war.ledger.arrival_landed("sales", Item("key", "more.csv"), obj)
    assert any(line.startswith("arrivals: 0 rows lost, 1 rows gained") for line in differences(peace, war))
    assert any(line.startswith("arrivals: 1 rows lost, 0 rows gained") for line in differences(war, peace))
    war.objects.remove(obj.sha256)
    assert any("without their bytes" in line for line in differences(peace, war))


def test_a_file_that_was_handed_over_half(pair: tuple[Workspace, Workspace]) -> None:
    peace, war = pair
    path = next(war.output.rglob("*.xlsx"))
    path.write_bytes(path.read_bytes()[:-9])
    assert any(path.name in line for line in differences(peace, war))
    assert figures_in(b'{"id": "f-1", "value": "2"}') == figures_in(b'{"id": "f-2", "value": "2"}') != figures_in(b'{"value": "3"}')


def test_unfinished_files(pair: tuple[Workspace, Workspace]) -> None:
    peace, war = pair
    (war.root / "lake" / "tables" / ".part-1-x").write_bytes(b"x")
    assert any("unfinished" in line for line in differences(peace, war))


def test_a_child_that_outlives_its_run_is_found_and_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    assert survivors([child.pid], patience=0.3) == [child.pid]
    assert child.wait(timeout=10) == -9
    assert survivors([child.pid], patience=0.3) == []
