"""Recipes: what can be written, and what is said of what cannot, with its line."""

from __future__ import annotations

import datetime as dt

import pytest

from taihu.collect.portal_periods import divided, whole_periods
from taihu.core.errors import ManifestError
from taihu.core.types import Span
from taihu.manifest.portal import PeriodValue, PortalFile
from taihu.manifest.strict import parse

RECIPE = """\
login:
  - goto: /login
  - fill: {"#user": account.user, "#password": account.password}
logged_in_if: .user-menu
steps:
  - goto: /reports
  - fetch: /export
    with: {from: period.start, to: {period: last, as: "{dd}/{mm}/{yyyy}"}}
hosts: [portal.example]
terms: {allowed_by: agreement, until: 2027-12-31}
"""
FETCH = RECIPE[RECIPE.index("  - fetch") : RECIPE.index("hosts")]


def recipe(old: str = "", new: str = "") -> PortalFile:
    assert old in RECIPE
    return parse(PortalFile, RECIPE.replace(old, new) if old else RECIPE, "portal.yml")


def test_a_recipe() -> None:
    read = recipe()
    assert (read.engine, read.asks_period) == ("plain", True)
    assert [step.label for step in read.steps] == ["goto /reports", "fetch /export"]
    assert recipe("{from: period.start,", "{page: 7, from: period.start,").steps[1].with_["page"] == "7"
    assert not recipe('    with: {from: period.start, to: {period: last, as: "{dd}/{mm}/{yyyy}"}}\n', "").asks_period


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("  - goto: /reports", "  - goto: /reports\n    click: a", 6, "exactly one of"),
        ("  - goto: /reports", "  - clik: a", 6, "did you mean 'click'"),
        ("  - goto: /reports", "  - goto: /reports\n    paginate: {next: a}", 6, "paginate: belongs to download or table"),
        ("  - goto: /reports", "  - click: a", 5, "begins with goto"),
        ("period.start", "period.begin", 8, "'period.begin' is not a value"),
        ("account.user", "account.name", 3, "'account.name' is not a value"),
        ("{dd}/{mm}/{yyyy}", "%d/%m/%Y", 8, "a date is written like"),
        ("{dd}/{mm}/{yyyy}", "{dd}/{MM}/{yyyy}", 8, "unknown part {MM}"),
        ("period: last", "period: middle", 8, "unknown value 'middle'"),
        ("  - goto: /login", "  - goto: /login\n  - download: a", 1, "belong to steps:"),
        (FETCH, "  - click: a\n", 5, "collects nothing"),
        ("hosts: [portal.example]", "hosts: []", 9, "at least 1"),
        ("logged_in_if: .user-menu\n", "", 1, "'logged_in_if' is missing"),
        ("terms: {allowed_by: agreement, until: 2027-12-31}\n", "", 1, "'terms' is missing"),
        ("/export\n", "/export\n    expect: {period: {from: rows, cell: B2}}\n", 8, "name a cell"),
    ],
)
def test_what_cannot_be_written_is_said_with_its_line(old: str, new: str, line: int, said: str) -> None:
    with pytest.raises(ManifestError) as caught:
        recipe(old, new)
    assert said in caught.value.what
    assert caught.value.where.startswith("portal.yml:")
    assert abs(int(caught.value.where.partition(":")[2]) - line) <= 1


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ({"period": "start"}, "2026-03-05"),
        ({"period": "last", "as": "{d}.{m}.{yy}"}, "8.3.26"),
        ({"period": "end", "as": "{dd}/{mm}/{yyyy} 00:00"}, "09/03/2026 00:00"),
        ({"period": "start", "as": "{yyyy}年{m}月"}, "2026年3月"),
    ],
)
def test_dates_are_written_as_the_portal_wants_them(given: dict[str, str], written: str) -> None:
    assert PeriodValue.model_validate(given).of(dt.date(2026, 3, 5), dt.date(2026, 3, 9)) == written


def test_periods_that_are_asked_for() -> None:
    today = dt.date(2026, 3, 4)  # a Wednesday
    assert [str(span) for span in whole_periods("day", 2, today)] == ["2026-03-02", "2026-03-03"]
    assert [str(span) for span in whole_periods("week", 1, today)] == ["2026-02-23..2026-03-01"]
    months = [
        "2025-12-01..2025-12-31",
        "2026-01-01..2026-01-31",
        "2026-02-01..2026-02-28",
    ]
    assert [str(span) for span in whole_periods("month", 3, today)] == months
    span = Span(dt.date(2026, 2, 27), dt.date(2026, 3, 3))
    assert [str(each) for each in divided("month", span)] == ["2026-02-27..2026-02-28", "2026-03-01..2026-03-02"]
    assert [str(each) for each in divided("week", span)] == ["2026-02-27..2026-03-01", "2026-03-02"]
    assert len(divided("day", span)) == 4
