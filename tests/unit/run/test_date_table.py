import datetime as dt

import pyarrow as pa
from tests.unit.run.conftest import Shop, shop

from taihu.china.calendar import Calendar, packaged_notices
from taihu.core.types import Span
from taihu.manifest.project import Fiscal, Weeks
from taihu.run.date_table import CALENDAR, calendar_rows
from taihu.run.operations import export

__all__ = ["shop"]
SPAN = Span(dt.date(2025, 1, 1), dt.date(2028, 1, 1))


def table(weeks: Weeks) -> dict[dt.date, dict[str, object]]:
    rows = list(calendar_rows(Calendar(packaged_notices()), weeks, SPAN))
    assert pa.Table.from_pylist(rows, schema=CALENDAR).num_rows == 1095
    assert set(rows[0]) == set(CALENDAR.names)
    return {row["date"]: row for row in rows}


def test_a_day_knows_everything_that_it_is_compared_by() -> None:
    row = table(Weeks())[dt.date(2026, 2, 14)]
    assert (row["is_workday"], row["is_makeup"], row["holiday_name"], row["status"]) == (True, True, "春节", "announced")
    assert (row["lunar_year"], row["lunar_month"], row["lunar_day"], row["lunar_name"]) == (2025, 12, 27, "腊月廿七")
    assert row["spring_festival_offset"] == -3 and row["is_leap_month"] is False and row["shopping_festival"] == ""
    assert (row["iso_year"], row["iso_week"], row["fiscal_period"], row["fiscal_quarter"]) == (2026, 7, 2, 1)
    peak = table(Weeks())[dt.date(2026, 11, 11)]
    assert (peak["shopping_festival"], peak["festival_phase"]) == ("double_11", "peak")


def test_workdays_are_counted_through_each_month() -> None:
    days = table(Weeks())
    assert [days[dt.date(2026, 10, day)]["workday_of_month"] for day in (1, 7, 8, 10, 11, 12, 31)] == [0, 0, 1, 3, 3, 4, 18]
    assert days[dt.date(2026, 10, 1)]["workdays_in_month"] == 18
    ends = [row for day, row in days.items() if (day + dt.timedelta(days=1)).day == 1]
    assert len(ends) == 36 and all(row["workday_of_month"] == row["workdays_in_month"] for row in ends)


def test_an_unannounced_year_says_so_on_every_day() -> None:
    days = table(Weeks())
    assert {days[day]["status"] for day in days if day.year == 2027} == {"provisional"}
    assert {days[day]["status"] for day in days if day.year < 2027} == {"announced"}


def test_weeks_are_cut_as_the_project_says() -> None:
    weeks = Weeks(first_day="saturday", fiscal=Fiscal(pattern="4-5-4", last_day="saturday", month=1, ends="nearest"))
    row = table(weeks)[dt.date(2026, 2, 1)]
    assert row["retail_week_start"] == dt.date(2026, 1, 31)
    assert (row["fiscal_year"], row["fiscal_period"], row["fiscal_week"]) == (2027, 1, 1)
    assert (row["iso_year"], row["iso_week"], row["week_start"]) == (2026, 5, dt.date(2026, 1, 26)), "ISO weeks stay what they are"


def test_the_table_of_a_project_follows_its_file(shop: Shop) -> None:
    file = shop.root / "taihu.yml"
    with shop.open() as ws:
        assert "ops.calendar" in export(ws) and "ops.calendar" not in export(ws)
        before = ws.tables.read("ops.calendar")
    file.write_text(file.read_text(encoding="utf-8") + "weeks: {first_day: saturday}\n", encoding="utf-8")
    with shop.open() as ws:
        assert export(ws) == ["ops.calendar"]
        after = ws.tables.read("ops.calendar")
    assert before["week_start"] == after["week_start"] and before["retail_week_start"] != after["retail_week_start"]
