import datetime as dt
import json
from pathlib import Path

import pytest

from taihu.china.calendar import Calendar, CalendarRow, Notice, notice_json, notices_from_json, packaged_notices, statutory_notice
from taihu.core.types import Span

REAL = Path(__file__).parents[4] / "shared/real-data/holiday-cn-2018-2022"
WORKDAYS = {2018: 250, 2019: 250, 2020: 249, 2021: 250, 2022: 249}


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return Calendar(packaged_notices())


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
    assert not calendar.is_workday(dt.date(2027, 10, 1)) and calendar.name(dt.date(2027, 10, 1)) == "国庆节"
    assert not calendar.is_workday(dt.date(2027, 2, 8)), "the third day of the Spring Festival"
    assert not any(calendar.is_makeup_workday(day) for day in Span(dt.date(2027, 1, 1), dt.date(2028, 1, 1)).days())
    for year in (1990, 2017, 2045, 2081, 2150):
        assert calendar.is_workday(dt.date(year, 3, 1)) == (dt.date(year, 3, 1).weekday() < 5)
        assert not calendar.is_workday(dt.date(year, 10, 1)) and calendar.status(dt.date(year, 3, 1)) == "provisional"
    assert calendar.announced_years == tuple(range(2018, 2027))


def test_every_packaged_year_names_the_notices_it_comes_from(calendar: Calendar) -> None:
    for year in calendar.announced_years:
        papers = calendar.notice(year).papers
        assert papers and all(paper.startswith("国办发明电〔") for paper in papers)
    assert len(calendar.notice(2019).papers) == len(calendar.notice(2020).papers) == 2, "both were changed by a second notice"
    assert calendar.notice(2027).papers == ()


def test_statutory_days_of_unannounced_years_agree_with_an_independent_table() -> None:
    """The law fixes them: lunar dates, the day of Qingming, and a weekday for every holiday that falls on a weekend."""
    import holidays

    for year in range(2027, 2081):
        other = holidays.country_holidays("CN", years=year)
        ours = {row.day for row in statutory_notice(year).rows}
        assert ours == {day for day in other if day.year == year}, year


def test_a_notice_replaces_the_whole_year(calendar: Calendar) -> None:
    notice = Notice(2027, (CalendarRow(dt.date(2027, 2, 6), "春节", False),))
    imported = Calendar([*packaged_notices(), notice])
    assert imported.status(dt.date(2027, 2, 9)) == "announced"
    assert not imported.is_workday(dt.date(2027, 2, 6))
    assert imported.is_workday(dt.date(2027, 2, 9)), "a day the notice does not mention follows its weekday"
    again = Calendar([*packaged_notices(), Notice(2026, (CalendarRow(dt.date(2026, 10, 1), "国庆节", False),))])
    assert not calendar.is_workday(dt.date(2026, 10, 2)) and again.is_workday(dt.date(2026, 10, 2))
    assert len({calendar.version, imported.version, again.version}) == 3
    assert Calendar(packaged_notices()).version == calendar.version


def test_a_notice_speaks_of_the_december_before(calendar: Calendar) -> None:
    assert calendar.is_makeup_workday(dt.date(2018, 12, 29)) and calendar.name(dt.date(2018, 12, 29)) == "元旦"


def test_the_public_form_survives_a_round_trip() -> None:
    for notice in packaged_notices():
        assert notices_from_json(notice_json(notice)) == [notice]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "object"),
        ("{", "Expecting"),
        ('{"year": 2026, "days": []}', "no days of 2026"),
        ('{"year": 2026, "days": [{"date": "2026-01-01", "name": "x"}]}', "isOffDay"),
        ('{"year": 2026, "days": [{"date": "2026-01-01", "name": "x", "isOffDay": "no"}]}', "neither true nor false"),
        ('{"year": 2026, "days": [{"date": "2025-06-01", "name": "x", "isOffDay": true}]}', "not a day of 2026"),
        ('{"year": 2026, "days": [{"date": "2026-13-01", "name": "x", "isOffDay": true}]}', "month"),
        (
            '{"year": 2026, "days": [{"date": "2026-01-01", "name": "x", "isOffDay": true}, '
            '{"date": "2026-01-01", "name": "x", "isOffDay": false}]}',
            "told twice",
        ),
    ],
)
def test_a_file_of_another_form_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        notices_from_json(text)


def test_every_day_agrees_with_an_independent_table(calendar: Calendar) -> None:
    import holidays

    for year in calendar.announced_years:
        other = holidays.country_holidays("CN", years=year)
        for day in Span(dt.date(year, 1, 1), dt.date(year + 1, 1, 1)).days():
            assert calendar.is_workday(day) == other.is_working_day(day), day


def test_every_day_of_the_public_files(calendar: Calendar) -> None:
    if not REAL.exists():
        pytest.skip(f"the public calendar files are not at {REAL}")
    files = sorted(REAL.glob("20*.json"))
    notices = [notice for path in files for notice in notices_from_json(path.read_text(encoding="utf-8"))]
    assert [notice.year for notice in notices] == [2018, 2019, 2020, 2021, 2022]
    real = {row.day: row for notice in notices for row in notice.rows}
    assert len(real) > 150
    public = Calendar(notices)
    for day in Span(dt.date(2018, 1, 1), dt.date(2022, 12, 31)).days():  # 2022-12-31 is in the notice of 2023
        expected = real[day].is_workday if day in real else day.weekday() < 5
        assert calendar.is_workday(day) == public.is_workday(day) == expected, day
        assert calendar.name(day) == public.name(day) == (real[day].name if day in real else ""), day
    for year, count in WORKDAYS.items():
        assert len(calendar.workdays(Span(dt.date(year, 1, 1), dt.date(year + 1, 1, 1)))) == count
    assert json.loads(files[0].read_text(encoding="utf-8"))["papers"] == list(notices[0].papers)
