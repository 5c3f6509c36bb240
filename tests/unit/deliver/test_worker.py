"""Whoever waits for the renderer lends a hand, and the bytes are the same."""

from __future__ import annotations

import datetime as dt
import os
from concurrent.futures.process import BrokenProcessPool

import pytest

from taihu.core.figures import Notes, ReportFigures
from taihu.core.types import Span, Text
from taihu.deliver.worker import Renderer, render_format


def figures(number: int) -> ReportFigures:
    day = dt.date(2026, 9, 1) + dt.timedelta(days=number)
    return ReportFigures(
        report="daily",
        title=Text("日报", "Daily"),
        publication=f"p{number}",
        version=1,
        span=Span(day, day + dt.timedelta(days=1)),
        issued_at=dt.datetime(2026, 9, 2, tzinfo=dt.UTC),
        time_zone="Asia/Shanghai",
        currency="CNY",
        complete=True,
        reviewed=True,
        finding=Text("好", "good"),
        audience=None,
        blocks=[Notes(("a note",))],
    )


def test_every_job_gives_the_bytes_that_rendering_here_gives() -> None:
    renderer = Renderer()
    try:
        jobs = [renderer.submit(render_format, figures(number), "xlsx", "en", f"r{number}", "all") for number in range(12)]
        made = [renderer.result(job) for job in jobs]
        assert made == [render_format(figures(number), "xlsx", "en", f"r{number}", "all") for number in range(12)]
        # The child begins slowly, so the one who waits must have taken some;
        assert renderer.lent > 0
    finally:
        renderer.close()


def test_what_goes_wrong_is_told_to_whoever_asks_for_that_job() -> None:
    renderer = Renderer()
    try:
        jobs = [renderer.submit(int, text) for text in ("1", "x", "3", "y")]
        assert renderer.result(jobs[0]) == 1
        for bad in (jobs[3], jobs[1]):
            with pytest.raises(ValueError, match="invalid literal"):
                renderer.result(bad)
        assert renderer.result(jobs[2]) == 3
    finally:
        renderer.close()


def test_a_child_that_dies_leaves_the_rest_to_those_who_wait() -> None:
    renderer = Renderer()
    try:
        jobs = [renderer.submit(os._exit, 3), *(renderer.submit(int, str(number)) for number in range(4))]
        assert [renderer.result(job) for job in jobs[1:]] == [0, 1, 2, 3]
        with pytest.raises(BrokenProcessPool):
            renderer.result(jobs[0])
    finally:
        renderer.close()


def test_what_only_the_child_does_is_done_there_as_long_as_there_is_one() -> None:
    renderer = Renderer()
    try:
        jobs = [renderer.submit(os.getpid, only_there=number % 2 == 0) for number in range(6)]
        done_by = [renderer.result(job) for job in jobs]
        assert os.getpid() not in done_by[::2]
        assert len(set(done_by[::2])) == 1
        renderer.close()
        # Nobody waits for ever when the child ends before it has begun, and another child takes the place of one that was closed.
        renderer.submit(os._exit, 3)
        late = [renderer.submit(os.getpid, only_there=True) for _ in range(3)]
        assert [renderer.result(job) for job in late] == [os.getpid()] * 3
        renderer.close()
        again = renderer.submit(os.getpid, only_there=True)
        assert renderer.result(again) != os.getpid()
    finally:
        renderer.close()
