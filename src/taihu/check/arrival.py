"""All checks of one arrival: completeness before statistics, a verdict instead of a repair."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING

from taihu.check.days import day_column, missing_day_findings, outside_findings, row_count_findings, stale_findings
from taihu.check.price import price_findings
from taihu.check.rules import RowRule, duplicate_findings, failed_rows, row_rules, rule_name
from taihu.check.verdict import CheckContext, Finding, Tally, Verdict
from taihu.core.types import Note, Refusal
from taihu.manifest.source import Check, SourceFile

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.engine.interface import Engine

_TECHNICAL = ("_src_row", "_src_id", "_month", "dq_flags")
_BUDGET_SHARE = 0.2
_BUDGET_ROWS = 5
_MOST_TELLING = ("scale_suspected", "tax_basis_suspected", "stale_stock", "price_out_of_band", "sign_disagrees", "missing_day")


def check_arrival(engine: Engine, cleaned: pa.Table, source: SourceFile, *, context: CheckContext) -> Verdict:
    """Apply the rules of a source to the typed rows of one arrival and one party.

    A file without rows is a nil return: only the source may refuse it, no rule applies.

    Raises:
        ManifestError: If a rule does not fit the table.
    """
    tally = Tally()
    if cleaned.num_rows:
        positions = cleaned["_src_row"].to_pylist()
        _row_rules(engine, cleaned, source, positions, tally)
        _period(cleaned, source, positions, context, tally)
        for check in source.checks:
            _whole(cleaned, source, check, positions, context, tally)
    hold, detail = _hold(tally, cleaned, context)
    return Verdict(_distinct(tally.refusals), hold, detail, tally.notes, tally.passed)


def _row_rules(engine: Engine, rows: pa.Table, source: SourceFile, positions: list[str], tally: Tally) -> None:
    rules: list[RowRule] = [rule for check in source.checks for rule in row_rules(check)]
    for rule, failed in zip(rules, failed_rows(engine, rows, rules), strict=True):
        assert rule.check is not None
        places = [positions[row] for row in failed]
        finding = Finding(rule.reason, f"{rule.name}: {len(places)} rows", places, rule.column)
        tally.take(rule.name, [finding] if places else [], rule.check.else_)


def _period(rows: pa.Table, source: SourceFile, positions: list[str], context: CheckContext, tally: Tally) -> None:
    if source.outside_period == "hold" and source.business_date and context.known is not None:
        days = day_column(rows[source.business_date], context.zone).to_pylist()
        tally.take("outside_period", outside_findings(days, positions, context.known, source.business_date), "hold")


def _whole(rows: pa.Table, source: SourceFile, check: Check, positions: list[str], context: CheckContext, tally: Tally) -> None:
    """The rules that look at more than one row."""
    day = source.business_date
    findings: list[Finding] = []
    if check.unique:
        findings = duplicate_findings(rows, check.unique, positions, _TECHNICAL)
    elif check.rows:
        findings = row_count_findings(rows.num_rows, _days(rows, day, context), check.rows, _history_days(day, context))
    elif check.days_covered and day:
        findings = missing_day_findings(_days(rows, day, context), context.owed, day)
    elif check.stale and day:
        findings = stale_findings(rows, check.stale, day, context.previous(context.party), context)
    elif check.price_band:
        findings, notes = price_findings(rows, check.price_band, source, context)
        tally.notes += notes
        if notes:
            return
    else:
        return
    tally.take(rule_name(check), findings, check.else_)


def _days(rows: pa.Table, day: str | None, context: CheckContext) -> list[dt.date | None]:
    days: list[dt.date | None] = day_column(rows[day], context.zone).to_pylist() if day else []
    return days


def _history_days(day: str | None, context: CheckContext) -> list[dt.date | None]:
    history = context.previous(context.party) if day else None
    return _days(history, day, context) if history is not None else []


def _hold(tally: Tally, rows: pa.Table, context: CheckContext) -> tuple[str | None, str]:
    """The one reason to hold the arrival: its rules' first, then too many refused rows."""
    if tally.holds:
        order = {reason: number for number, reason in enumerate(_MOST_TELLING)}
        worst = min(tally.holds, key=lambda finding: order.get(finding.reason, len(order)))
        return worst.reason, worst.detail
    refused = [*context.refusals, *tally.refusals]
    places = {refusal.position for refusal in refused}
    rows_in = context.rows_in or rows.num_rows
    is_over = len(places) >= _BUDGET_ROWS and len(places) > _BUDGET_SHARE * rows_in
    if is_over or (places and len(places) >= rows_in):
        reason = Counter(refusal.reason for refusal in refused).most_common(1)[0][0]
        detail = f"{len(places)} of {rows_in} rows were refused, too many to use the rest"
        tally.notes.append(Note(reason, detail=detail))
        return reason, detail
    return None, ""


def _distinct(refusals: list[Refusal]) -> list[Refusal]:
    return list(dict.fromkeys(refusals))
