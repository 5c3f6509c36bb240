"""Days that are far from what they should be are found; what the calendar explains is not one of them."""

import datetime as dt
from typing import Any

import numpy as np
import pytest

from taihu.check.anomalies import HOLD, WARN, ecod, judge
from taihu.check.regression import describe_days
from taihu.china.calendar import Calendar, packaged_notices
from taihu.china.lunar import new_year_offset

CALENDAR = Calendar(packaged_notices())
FIRST = dt.date(2024, 1, 1)
DAYS = [FIRST + dt.timedelta(days=number) for number in range(820)]
WORKS = np.asarray([CALENDAR.is_workday(day) for day in DAYS])
OFFSETS = np.asarray([new_year_offset(day) or 0 for day in DAYS])
PLACE = {day: number for number, day in enumerate(DAYS)}


def sales(seed: int, level: float = 9.0, noise: float = 0.08) -> Any:
    """Weekends almost closed, make-up workdays open, nothing at the Spring Festival, twice as much at 双11."""
    log = level + np.where(WORKS, 0.0, -1.5) - 3.0 * np.exp(-np.square((OFFSETS - 2) / 4))
    for year in (2024, 2025):
        for day in (10, 11):
            log[PLACE[dt.date(year, 11, day)]] += 0.7
    return np.exp(log + np.random.default_rng(seed).normal(0, noise, len(DAYS)))


def far(values: Any, **known: Any) -> dict[dt.date, float]:
    """Days beyond the warning, with their scores."""
    judged = judge(DAYS, {"s": values}, CALENDAR, **known)["s"]
    assert judged.method == "calendar"
    return {DAYS[number]: float(judged.scores[number]) for number in np.flatnonzero(np.abs(judged.scores) >= WARN)}


@pytest.mark.parametrize("seed", range(3))
def test_what_the_calendar_explains_is_no_anomaly(seed: int) -> None:
    assert far(sales(seed)) == {}


@pytest.mark.parametrize(("factor", "side"), [(12, 1), (10, 1), (1 / 24, -1), (0, -1), (0.3, -1)])
def test_a_wrong_day_is_found_where_it_is_and_nothing_beside_it(factor: float, side: int) -> None:
    for day in (dt.date(2025, 9, 16), dt.date(2025, 10, 1), dt.date(2025, 10, 11), dt.date(2026, 3, 20)):
        values = sales(3)
        values[PLACE[day]] *= factor
        found = far(values)
        assert list(found) == [day] and found[day] * side >= HOLD


def test_the_working_calendar_is_what_tells_a_make_up_workday_from_a_sunday() -> None:
    """The same series is full of anomalies for a calendar that knows of no notices."""
    ignorant = judge(DAYS, {"s": sales(1)}, Calendar([]))["s"]
    assert np.count_nonzero(np.abs(ignorant.scores) >= WARN) > 10
    assert far(sales(1)) == {}


def test_a_promotion_that_is_known_is_expected() -> None:
    values = sales(2)
    days = [dt.date(2025, 8, 4) + dt.timedelta(days=n) for n in range(5)] + [dt.date(2025, 4, 14) + dt.timedelta(days=n) for n in range(4)]
    values[[PLACE[day] for day in days]] *= 3
    assert len(far(values)) >= 2
    assert far(values, promotions={"summer": days}) == {}


def test_a_lasting_change_is_told_once_and_not_every_day() -> None:
    values = sales(4)
    values[PLACE[dt.date(2025, 7, 1)] :] *= 4
    found = far(values)
    assert dt.date(2025, 7, 1) in found and len(found) <= 12
    assert max(found) < dt.date(2025, 7, 20)


def test_what_happens_to_everybody_is_nobodys_error() -> None:
    series = {f"s{n}": sales(n) for n in range(8)}
    for values in series.values():
        values[PLACE[dt.date(2025, 8, 20)]] *= 0.2
    series["s3"][PLACE[dt.date(2025, 9, 2)]] *= 12
    judged = judge(DAYS, series, CALENDAR)
    found = {(name, DAYS[n]) for name, one in judged.items() for n in np.flatnonzero(np.abs(one.scores) >= WARN)}
    assert found == {("s3", dt.date(2025, 9, 2))}
    alone = judge(DAYS, {"s0": series["s0"]}, CALENDAR)["s0"]
    assert abs(alone.scores[PLACE[dt.date(2025, 8, 20)]]) >= HOLD, "without the others it looks like one"


def test_a_series_that_begins_later_is_judged_from_its_beginning() -> None:
    values = sales(6)
    values[:400] = 0
    values[700] *= 12
    judged = judge(DAYS, {"s": values}, CALENDAR)["s"]
    assert not judged.scores[:400].any() and np.flatnonzero(np.abs(judged.scores) >= WARN).tolist() == [700]


def test_sparse_series_are_counted() -> None:
    rng = np.random.default_rng(8)
    values = np.where((rng.random(len(DAYS)) < 0.2) & WORKS, np.exp(rng.normal(6, 0.3, len(DAYS))), 0.0)
    calm = judge(DAYS, {"s": values}, CALENDAR)["s"]
    assert calm.method == "counts" and not np.any(np.abs(calm.scores) >= WARN)
    place = int(np.flatnonzero(values)[70])
    values[place] *= 24
    values[place + 30 : place + 330] = 0
    judged = judge(DAYS, {"s": values}, CALENDAR)["s"]
    found = np.flatnonzero(np.abs(judged.scores) >= WARN)
    assert found[0] == place and judged.scores[place] >= HOLD
    assert len(found) == 2 and place + 60 < found[1] < place + 300, "a silence is told once, when it is too long"
    assert -HOLD < judged.scores[found[1]] <= -WARN


def test_short_series_fall_back_to_what_is_rare() -> None:
    values = sales(9)[500:600]
    values[82] *= 12
    judged = judge(DAYS[500:600], {"s": values}, CALENDAR)["s"]
    assert judged.method == "rarity" and np.flatnonzero(np.abs(judged.scores) >= WARN).tolist() == [82]
    spring = judge(DAYS[300:400], {"s": sales(9)[300:400]}, CALENDAR)["s"]
    assert spring.method == "rarity" and not np.any(np.abs(spring.scores) >= WARN), "it has never seen a Spring Festival before"


def test_too_little_is_not_judged() -> None:
    for values in (np.zeros(820), np.eye(820)[5], np.concatenate([np.zeros(800), np.ones(20)])):
        judged = judge(DAYS, {"s": values}, CALENDAR)["s"]
        assert judged.method == "none" and not judged.scores.any()


def test_rarity_is_that_of_the_published_definition() -> None:
    """Of one feature without skew, the rarest points are both ends; the score is minus the logarithm of the smaller tail."""
    points = np.arange(1.0, 102.0)[:, None]
    scores = ecod(points)
    assert scores[0] == pytest.approx(np.log(101)) and scores[-1] == pytest.approx(np.log(101))
    assert scores[50] == pytest.approx(-np.log(51 / 101)) and np.argmin(scores) == 50


def test_every_day_is_described_by_columns_that_are_not_empty() -> None:
    design = describe_days(DAYS, CALENDAR, {"none": []})
    assert design.matrix.shape[0] == len(DAYS) == len(design.classes) and np.all(design.matrix.any(axis=0))
    assert set(design.classes.tolist()) == {0, 1, 2, 3}
