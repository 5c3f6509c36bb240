"""The report as PDF."""

from __future__ import annotations

from taihu.core.figures import ReportFigures
from taihu.core.types import Lang
from taihu.deliver.elements import plain
from taihu.deliver.page import page_of
from taihu.render.fonts import spelled_out
from taihu.render.typeset import packaged, typeset


def render(figures: ReportFigures, lang: Lang) -> bytes:
    """Set the report; the same figures give the same bytes."""
    page = spelled_out(plain(page_of(figures, lang)))
    return typeset(
        {"main.typ": packaged("taihu.deliver", "report.typ")},
        data=page,
        issued_at=figures.issued_at,
        accessible=True,
        where=f"{figures.report} {figures.span} {lang}.pdf",
    )[0]
