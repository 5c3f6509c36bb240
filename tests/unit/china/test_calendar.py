import datetime as dt
import json
from pathlib import Path

import pytest

from taihu.china.calendar import Calendar, CalendarRow, packaged_rows, rows_from_json
from taihu.core.types import Span

REAL = Path(__file__).parents[4] / "shared/real-data/holiday-cn-2018-2022"


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return Calendar(packaged_rows())


def test_national_day_2026_with_its_makeup_workdays(calendar: Calendar) -> None:
    assert [calendar.is_workday(dt.date(2026, 10, day)) for day in range(1, 13)] == [False] * 7 + [True, True, True, False, True]
    assert calendar.is_workday(dt.date(2026, 9, 20)) and calendar.is_makeup_workday(dt.date(2026, 9, 20))
    assert not calendar.is_makeup_workday(dt.date(2026, 9, 21))
    assert calendar.name(dt.date(2026, 10, 5)) == "国庆节"
    assert calendar.next_workday(dt.date(2026, 9, 30)) == dt.date(2026, 10, 8)
    assert calendar.previous_workday(dt.date(2026, 10, 8)) == dt.date(2026, 9, 30)
    assert calendar.workdays(Span(dt.date(2026, 9, 24), dt.date(2026, 9, 29))) == [dt.date(2026, 9, 24), dt.date(2026, 9, 28)]


def test_an_unannounced_year_is_provisional_and_no_crash(calendar: Calendar) -> None:
    assert calendar.status(dt.date(2026, 12, 31)) == "announced"
    assert calendar.status(dt.date(2027, 1, 4)) == "provisional"
    assert not calendar.is_workday(dt.date(2027, 10, 1))
    assert calendar.is_workday(dt.date(2045, 3, 1)) and calendar.status(dt.date(2045, 3, 1)) == "provisional"
    assert calendar.announced_years == tuple(range(2018, 2027))


def test_a_notice_replaces_the_provisional_year() -> None:
    provisional = CalendarRow(dt.date(2027, 2, 9), "春节", False, 2027, "provisional")
    notice = CalendarRow(dt.date(2027, 2, 6), "春节", False, 2027, "announced")
    calendar = Calendar([provisional, notice])
    assert calendar.is_workday(dt.date(2027, 2, 9)), "a day the notice does not mention follows its weekday"
    assert calendar.status(dt.date(2027, 2, 9)) == "announced"


def test_from_table_takes_plain_mappings() -> None:
    calendar = Calendar.from_table([{"day": "2026-10-10", "name": "国庆节", "is_workday": True, "status": "announced"}])
    assert calendar.is_workday(dt.date(2026, 10, 10)) and not calendar.is_workday(dt.date(2026, 10, 11))


def test_a_file_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError):
        rows_from_json("[]")
    with pytest.raises(ValueError, match="isOffDay"):
        rows_from_json('{"year": 2026, "days": [{"date": "2026-01-01", "name": "x"}]}')


def test_every_day_agrees_with_an_independent_table(calendar: Calendar) -> None:
    import holidays

    for year in calendar.announced_years:
        other = holidays.country_holidays("CN", years=year)
        first = dt.date(year, 1, 1)
        for day in Span(first, dt.date(year + 1, 1, 1)).days():
            assert calendar.is_workday(day) == other.is_working_day(day), day


def test_every_day_of_the_public_files(calendar: Calendar) -> None:
    if not REAL.exists():
        pytest.skip(f"the public calendar files are not at {REAL}")
    files = sorted(REAL.glob("20*.json"))
    rows = [row for path in files for row in rows_from_json(path.read_text(encoding="utf-8"))]
    assert len(files) == 5 and len(rows) > 150
    real = {row.day: row for row in rows}
    covered = Span(dt.date(2018, 1, 1), dt.date(2022, 12, 31))  # 2022-12-31 is in the next year's notice
    for day in covered.days():
        expected = real[day].is_workday if day in real else day.weekday() < 5
        assert calendar.is_workday(day) == expected, day
        if day in real:
            assert calendar.name(day) == real[day].name
    assert json.loads(files[0].read_text(encoding="utf-8"))["year"] == 2018
