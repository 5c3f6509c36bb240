"""Whoever waits for the renderer lends a hand, and the bytes are the same."""

from __future__ import annotations

import datetime as dt

from taihu.core.figures import Notes, ReportFigures
from taihu.core.types import Span, Text
from taihu.deliver.worker import Renderer, render_formats


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
        jobs = [renderer.submit(figures(number), ("xlsx",), "en", f"r{number}", "all") for number in range(12)]
        made = [renderer.result(job) for job in jobs]
        assert made == [render_formats(figures(number), ("xlsx",), "en", f"r{number}", "all") for number in range(12)]
        # The child begins slowly, so the one who waits must have taken some;
        assert renderer.lent > 0
    finally:
        renderer.close()
