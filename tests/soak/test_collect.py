"""Twenty kills of ``./do soak collect`` in the suite; a thousand of them are in ``docs/soak.md``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.soak.collect import Outside, Runner, Tally, play

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")]


def test_killed_twenty_times_nothing_is_lost_and_nothing_comes_twice(tmp_path: Path) -> None:
    tally = play(tmp_path, kills=20, items=240, seed=3)
    assert tally.problems == []
    assert tally.kills == 20
    assert tally.boundary.total() == 10
    assert tally.rounds >= 1 and tally.renumbered >= 1
    assert tally.landed >= 240


def test_a_lost_a_second_and_a_damaged_item_are_seen(tmp_path: Path) -> None:
    outside, project = Outside(tmp_path, items=9), tmp_path / "project"
    with outside.running():
        outside.write_project(project)
        runner = Runner(project)
        assert runner.run()["problems"] == []
        runner.close()
    assert list(outside.differences(project, Tally())) == []
    outside.expected["files"]["0" * 64] += 1
    outside.expected["mails"].pop(next(iter(outside.expected["mails"])))
    found = list(outside.differences(project, Tally()))
    assert found == ["mails: 0 lost, 1 too many", "files: 1 lost, 0 too many"]
    (project / "lake" / "objects" / ".part-1-x").write_bytes(b"x")
    assert "1 unfinished files" in list(outside.differences(project, Tally()))
