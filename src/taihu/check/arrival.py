"""All checks of one arrival: completeness before statistics, a verdict instead of a repair."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from taihu.check.consistency import consistency
from taihu.check.days import missing_day_findings, outside_findings, row_count_findings, stale_findings
from taihu.check.identities import identity_findings
from taihu.check.listed import listed_findings, net_content_findings, territory_findings
from taihu.check.price import price_findings
from taihu.check.resent import resent_findings
from taihu.check.rules import RowRule, duplicate_findings, failed_rows, places_of, row_rules, rule_name
from taihu.check.series import anomaly_findings
from taihu.check.verdict import CheckContext, Finding, Tally, Verdict
from taihu.core.clock import day_column
from taihu.core.types import Note, Refusal, Span
from taihu.manifest.source import Check, SourceFile
from taihu.manifest.words import parse_share

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.engine.interface import Engine

_TECHNICAL = ("_src_row", "_src_id", "_month", "dq_flags", "business_date")
_BY_PARTY = ("rows", "days_covered", "stale", "price_band", "identity", "anomalies", "territory")
_BUDGET_SHARE = 0.2
_BUDGET_ROWS = 5
_MOST_TELLING = (
    "scale_suspected",
    "tax_basis_suspected",
    "stale_stock",
    "price_out_of_band",
    "sign_disagrees",
    "missing_day",
    "anomaly_suspected",
)


def check_arrival(engine: Engine, cleaned: pa.Table, source: SourceFile, *, context: CheckContext) -> Verdict:
    """Apply the rules of a source to the typed rows of one arrival and one party.

    A file without rows is a nil return: only the source may refuse it, no rule applies.

    Raises:
        ManifestError: If a rule does not fit the table.
    """
    tally = Tally()
    context = replace(context, previous=cache(context.previous), owed=cache(context.owed))  # several rules ask for the same history
    if cleaned.num_rows:
        positions = cleaned["_src_row"]
        _row_rules(engine, cleaned, source, positions, tally)
        _period(cleaned, source, context, tally)
        for check in source.checks:
            _whole(cleaned, source, check, positions, context, tally)
        _votes(cleaned, source, context, tally)
    if context.released_rows:
        tally.refusals = [refusal for refusal in tally.refusals if refusal.position not in context.released_rows]
    hold, detail = _hold(tally, cleaned, source, context)
    return Verdict(_distinct(tally.refusals), hold, detail, tally.notes, tally.passed, tally.repairs)


def _row_rules(engine: Engine, rows: pa.Table, source: SourceFile, positions: pa.ChunkedArray, tally: Tally) -> None:
    rules: list[RowRule] = [rule for check in source.checks for rule in row_rules(check)]
    for rule, failed in zip(rules, failed_rows(engine, rows, rules), strict=True):
        assert rule.check is not None
        places = places_of(positions, failed)
        finding = Finding(rule.reason, f"{rule.name}: {len(places)} rows", places, rule.column)
        tally.take(rule.name, [finding] if places else [], rule.check.else_)


def _period(rows: pa.Table, source: SourceFile, context: CheckContext, tally: Tally) -> None:
    if source.outside_period == "hold" and source.business_date and context.known is not None:
        findings: list[Finding] = []
        for own, part in _by_party(rows, context):
            span, valid = context.known, context.valid(own.party)
            if valid is not None:
                span = Span(max(span.start, valid.start), min(span.end, valid.end))
            days = day_column(part[source.business_date], context.zone).to_pylist()
            findings += outside_findings(days, part["_src_row"].to_pylist(), span, source.business_date)
        tally.take("outside_period", findings, "hold")


def _whole(rows: pa.Table, source: SourceFile, check: Check, positions: pa.ChunkedArray, context: CheckContext, tally: Tally) -> None:
    """The rules that look at more than one row; what depends on the sender is judged party by party."""
    findings: list[Finding] = []
    notes: list[Note] = []
    if check.unique:
        findings = duplicate_findings(rows, check.unique, positions, _TECHNICAL)
        findings += resent_findings(rows, context.accepted(), check.unique, _TECHNICAL)
    elif check.rows and not check.rows.min <= rows.num_rows <= check.rows.max:
        findings = [Finding("row_count", f"{rows.num_rows} rows, expected {check.rows.min} to {check.rows.max}")]
    elif check.listed:
        findings, notes = listed_findings(rows, check, source.business_date, context)
    elif check.net_content:
        findings, notes = net_content_findings(rows, check.net_content, context)
    elif check.kinds[0] in _BY_PARTY:
        for own, part in _by_party(rows, context):
            found, remarks = _of_party(part, source, check, own)
            findings += found
            notes += remarks
    else:
        return
    tally.notes += notes
    if findings or not notes:
        tally.take(rule_name(check), findings, check.else_)


def _votes(rows: pa.Table, source: SourceFile, context: CheckContext, tally: Tally) -> None:
    """The dependencies between columns, all of them together and over all parties of the file."""
    judged, repairs = consistency(rows, source, context)
    for check, findings in judged:
        tally.take(rule_name(check), findings, check.else_)
    tally.repairs += repairs
    tally.notes += [repair.note for repair in repairs]


def _by_party(rows: pa.Table, context: CheckContext) -> list[tuple[CheckContext, pa.Table]]:
    """The rows of each party, with the party in the context."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if context.party_column is None or context.party_column not in rows.column_names:
        return [(context, rows)]
    column = rows[context.party_column]
    names = sorted(name for name in pc.unique(column).to_pylist() if name is not None)
    if len(names) <= 1 and not column.null_count:
        return [(replace(context, party=name), rows) for name in names]
    return [(replace(context, party=name), rows.filter(pc.equal(column, pa.scalar(name, column.type)))) for name in names]


def _of_party(rows: pa.Table, source: SourceFile, check: Check, context: CheckContext) -> tuple[list[Finding], list[Note]]:
    if check.price_band:
        return price_findings(rows, check.price_band, source, context)
    if check.territory:
        return territory_findings(rows, check.territory, context)
    if check.identity:
        return identity_findings(rows, check.identity, context)
    day = source.business_date
    if day is None:
        return [], []
    if check.anomalies:
        return anomaly_findings(rows, check.anomalies, day, context)
    if check.stale:
        return stale_findings(rows, check.stale, day, context.previous(context.party), context.zone), []
    days = day_column(rows[day], context.zone).to_pylist()
    if check.days_covered:
        return missing_day_findings(days, context.owed(context.party), day), []
    history = context.previous(context.party)
    before = day_column(history[day], context.zone).to_pylist() if history is not None and history.num_rows else []
    return row_count_findings(days, before), []


def _hold(tally: Tally, rows: pa.Table, source: SourceFile, context: CheckContext) -> tuple[str | None, str]:
    """The one reason to hold the arrival: its rules' first, then too many refused rows."""
    if tally.holds:
        order = {reason: number for number, reason in enumerate(_MOST_TELLING)}
        worst = min(tally.holds, key=lambda finding: order.get(finding.reason, len(order)))
        return worst.reason, worst.detail
    refused = [*context.refusals, *tally.refusals]
    places = {refusal.position for refusal in refused}
    rows_in = context.rows_in or rows.num_rows
    if places and (len(places) >= rows_in or _is_over_budget(source, len(places), rows_in)):
        reason = Counter(refusal.reason for refusal in refused).most_common(1)[0][0]
        allowed = f"the contract allows {source.quarantine_budget}" if source.quarantine_budget else "too many to use the rest"
        detail = f"{len(places)} of {rows_in} rows were refused, {allowed}"
        tally.notes.append(Note(reason, detail=detail))
        return reason, detail
    return None, ""


def _is_over_budget(source: SourceFile, refused: int, rows: int) -> bool:
    if source.quarantine_budget is not None:
        return refused > parse_share(source.quarantine_budget) * rows
    return refused >= _BUDGET_ROWS and refused > _BUDGET_SHARE * rows


def _distinct(refusals: list[Refusal]) -> list[Refusal]:
    return list(dict.fromkeys(refusals))
