"""Twenty kills of ``./do soak kill`` in the suite; 200 of them are in ``docs/soak.md``."""

from __future__ import annotations

from pathlib import Path

import pytest

from taihu.demo.play import DEFAULT_SEED, MISSED, mornings
from taihu.demo.world import start_world
from tests.soak.kill import FIRST_KILLS, Soak

pytestmark = pytest.mark.slow
KILLS = 20


def test_killed_twenty_times_and_equal_to_an_undisturbed_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    days = [day for day in mornings() if day not in MISSED]
    with start_world(DEFAULT_SEED, tmp_path / "world", inbox=tmp_path / "peace" / "inbox") as world:
        soak = Soak(tmp_path, world, kills=KILLS, seed=20)
        for day in days:
            if soak.tally.kills >= KILLS:
                break
            soak.morning(day, mornings_left=1)
        tally = soak.compare()
    with capsys.disabled():
        print(f"\n{tally.kills} kills over {tally.mornings} mornings: {dict(tally.boundary)} and {dict(tally.instant)}")
    assert tally.differences == []
    assert tally.kills == KILLS
    assert tally.boundary.total() >= KILLS // 2
    assert set(FIRST_KILLS) < set(tally.boundary)
    assert min(tally.tables, tally.rows, tally.arrivals, tally.figures) > 30
