"""Ids, clocks, reasons and errors: small things that everything else leans on."""

from __future__ import annotations

import datetime as dt
import inspect
from decimal import Decimal

import pytest

from taihu.core import errors
from taihu.core.clock import FixedClock, instant_text, parse_instant
from taihu.core.ids import canonical_json, derived_id
from taihu.core.reasons import REASONS
from taihu.core.types import Position, Span


def test_ids_depend_on_content_alone() -> None:
    assert derived_id("arrival", "s", {"b": 1, "a": Decimal("1.50")}) == derived_id("arrival", "s", {"a": Decimal("1.50"), "b": 1})
    assert derived_id("arrival", "s") != derived_id("object", "s")
    assert canonical_json({"d": dt.date(2026, 9, 1), "x": Decimal("1E+2")}) == '{"d":"2026-09-01","x":"100"}'


def test_canonical_json_refuses_what_has_no_form() -> None:
    with pytest.raises(TypeError):
        canonical_json({"x": object()})


def test_fixed_clock_stands_still_and_needs_a_zone() -> None:
    clock = FixedClock(dt.datetime(2026, 9, 15, 8, 30, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    assert instant_text(clock.now()) == "2026-09-15T00:30:00Z"
    assert parse_instant("2026-09-15T08:30:00+08:00") == clock.now()
    with pytest.raises(ValueError):
        clock.move_to(dt.datetime(2026, 9, 15))


def test_every_reason_speaks_both_languages() -> None:
    for code, reason in REASONS.items():
        assert reason.code == code
        for text in (reason.title, reason.fix):
            assert text.zh and text.en and text.zh != text.en


def test_the_docstring_of_errors_draws_the_whole_tree() -> None:
    names = [name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, errors.TaihuError)]
    assert len(names) > 8
    for name in names:
        assert name in (errors.__doc__ or "")


def test_errors_say_what_where_and_fix() -> None:
    error = errors.ManifestError("unknown key 'x'", where="source.yml:3", fix="did you mean 'y'?")
    assert str(error) == "source.yml:3: unknown key 'x'\n  did you mean 'y'?"
    assert error.exit_code == 2


def test_position_text() -> None:
    assert Position(7, sheet="Sheet1").text == "Sheet1!7"
    assert Position(7, member="a.csv").text == "a.csv>7"
    assert Position(7, sheet="S", columns="C-D").text == "S!7/C-D"


def test_span_is_half_open() -> None:
    span = Span(dt.date(2026, 9, 1), dt.date(2026, 9, 3))
    assert [day.day for day in span.days()] == [1, 2]
    assert dt.date(2026, 9, 3) not in span
    assert str(span) == "2026-09-01..2026-09-02"
