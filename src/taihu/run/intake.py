"""One arrival from sealed bytes to typed rows with a verdict.

Everything is decided from the bytes, the source's contract and what was accepted before; nothing is written here, so an
arrival can be taken in again at any time (after a crash, a release, a new layout) with the same result.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from email.utils import parseaddr
from typing import TYPE_CHECKING

from taihu.check import CheckContext, check_arrival, repaired
from taihu.clean import clean_schema, clean_table
from taihu.core.clock import day_column
from taihu.core.errors import AccessRefused, ContentRefused, TaihuError
from taihu.core.types import FileRead, Note, Refusal, Scope, Span, StatedBeside, StatedTotal, TableRead
from taihu.formats.patterns import match_pattern
from taihu.ledger.records import Arrival, ArrivalDecision, ArrivalState
from taihu.manifest.tree import Source
from taihu.read import read_file, with_stated
from taihu.read.outside import labelled_in
from taihu.run.passwords import MISSING
from taihu.run.postconditions import asked_span, broken_promise
from taihu.run.unusable_cells import unusable_cells

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.project.workspace import Workspace
    from taihu.run.references import References

# Bytes that cannot be used at all; everything else that stops a file is a hold that a person may release.
REJECTING = frozenset(
    {"empty_file", "login_page", "wrong_kind", "damaged_file", "wrong_password", "too_large", "unsafe_name", "unsafe_member"}
    | {"unsupported_archive", "no_table", "too_few_rows", "wrong_period"}
    | {"reader_failed", "reader_crashed", "took_too_long", "too_much_memory"}
)


# What a cell or a label may hold without a pattern: two days, one, or a month.
_PERIODS = ("{yyyy}-{mm}-{dd}*{yyyy}-{mm}-{dd}", "{yyyy}-{mm}-{dd}", "{yyyy}-{mm}")


@dataclass(frozen=True, slots=True)
class Intake:
    """What one arrival turned out to be.

    ``rows`` are typed rows ready for the clean table (with ``_src_id``, ``_src_row``, ``business_date`` where the source has
    one, ``_party``); None unless accepted.
    """

    arrival: Arrival
    state: ArrivalState
    reason: str = ""
    detail: str = ""
    kind: str = ""
    layout: str = ""
    rows: pa.Table | None = None
    scopes: Sequence[Scope] = ()
    refusals: Sequence[Refusal] = ()
    notes: Sequence[Note] = ()
    totals: Sequence[StatedTotal] = ()
    header_cells: dict[str, str] = field(default_factory=dict)

    @property
    def decision(self) -> ArrivalDecision:
        return ArrivalDecision(
            self.arrival.id,
            self.state,
            reason=self.reason,
            detail=self.detail,
            kind=self.kind,
            rows=self.rows.num_rows if self.rows is not None else 0,
            layout=self.layout,
            scopes=tuple(self.scopes),
            header_cells=self.header_cells,
            totals=tuple(self.totals),
            notes=tuple(self.notes),
            refusals=tuple(self.refusals),
        )


def stop(intake: Intake, reason: str, detail: str = "") -> Intake:
    """The intake refused for ``reason``: rejected when the bytes are unusable, else held for a person."""
    return replace(intake, state="rejected" if reason in REJECTING else "held", reason=reason, detail=detail, rows=None)


def take_in(
    ws: Workspace,
    source: Source,
    arrival: Arrival,
    references: References,
    *,
    released: Collection[str] = frozenset(),
    released_rows: Collection[str] = frozenset(),
    read: Callable[[Source, Arrival], FileRead] | None = None,
) -> Intake:
    """Read, type and check one arrival.

    Args:
        read: Reads the arrival's file, where that has begun already.
        released: Reasons that a person has released it from: they hold neither the file nor its rows any more.
        released_rows: Places whose rows a person has let in: no rule refuses them.
    """
    party = envelope_party(source, arrival, references)
    start = Intake(arrival, "landed", scopes=references.presumed_scopes(source, arrival, party))
    try:
        file = read(source, arrival) if read else read_arrival(ws, source, arrival)
        return _take_in(ws, source, start, file, party, references, released, released_rows)
    except ContentRefused as error:
        return stop(start, error.reason, error.what)
    except (AccessRefused, OSError):
        raise
    except TaihuError as error:
        return stop(start, "reader_failed", error.what)
    except Exception as error:  # the ledger row names the class; the text could quote a cell
        return stop(start, "reader_failed", type(error).__name__)


def read_arrival(ws: Workspace, source: Source, arrival: Arrival, passwords: Sequence[str] | None = None) -> FileRead:
    """The arrival's object read by the source's layouts; databases pass their typed rows through, in the Parquet that we wrote."""
    from taihu.collect import connector

    content = ws.objects.get(arrival.sha256)
    if source.file.read.kinds == ("typed",) and connector(source.file.collect.via).gives_rows:
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = pq.read_table(io.BytesIO(content)).replace_schema_metadata(None)
        positions = pa.array([str(n) for n in range(1, rows.num_rows + 1)], pa.string())
        cells = {name: name for name in rows.column_names}
        return FileRead("parquet", None, [TableRead("", rows.append_column("_src_row", positions), None, cells)])
    if passwords is None:
        passwords = ws.passwords(source, arrival.received_at)
    file = read_file(content, arrival.name, read=source.file.read, layouts=source.layouts, passwords=passwords)
    stated = arrival.meta.get("stated")
    return with_stated(file, StatedBeside.parse(stated)) if stated else file


def _take_in(
    ws: Workspace,
    source: Source,
    start: Intake,
    file: FileRead,
    party: str | None,
    references: References,
    released: Collection[str],
    released_rows: Collection[str],
) -> Intake:
    tables = list(file.tables)
    intake = replace(
        start,
        kind=file.kind,
        layout=",".join(sorted({table.layout for table in tables if table.layout})),
        totals=[total for table in tables for total in table.totals],
        notes=[note for table in tables for note in table.notes],
        header_cells={name: cell for table in tables for name, cell in table.header_cells.items()},
    )
    if file.held and not (file.held in released and tables):
        # With passwords that come by mail, one that does not fit may only be one that has not come yet.
        waits = file.held == "wrong_password" and source.file.read.password_from is not None
        return stop(intake, MISSING if waits else file.held, "" if waits else file.held_detail)
    unusable = unusable_cells(source, tables)
    if unusable and unusable[0] not in released:
        return stop(intake, *unusable)
    if source.file.party is not None and source.file.party.found_in != "column" and party is None:
        party = _file_party(source, file, references)
        if party is None:
            return stop(intake, "unknown_party")
    rows, refusals, notes = _clean(ws, source, start.arrival, tables, party, references)
    intake = replace(intake, rows=rows, refusals=refusals, notes=[*intake.notes, *notes])
    another = _named_otherwise(source, start.arrival, rows, party)
    if another and "party_disagrees" not in released:
        return stop(intake, "party_disagrees", another)
    added = new_columns(source, tables)
    intake = replace(intake, notes=[*intake.notes, *added])
    if added and "columns_added" not in released and any(source.layouts[table.layout].new_columns == "hold" for table in tables):
        return stop(intake, "columns_added", added[0].detail)
    broken = broken_promise(source, start.arrival, file, rows, len(refusals))
    if broken and broken[0] not in released:
        return replace(stop(intake, *broken), scopes=_asked_scopes(start, party))
    if rows.num_rows == 0 and not refusals:
        return _nil(source, intake, party, references)
    intake = replace(intake, scopes=_scopes(source, intake, file, party, references))
    if source.file.load == "replace":
        intake = _placed(source, intake, _party_column(source, references) if party is None else None, party or source.name)
    intake = _checked(ws, source, intake, party, references, released, released_rows)
    return intake if intake.state in ("held", "rejected") else replace(intake, state="accepted")


def _asked_scopes(start: Intake, party: str | None) -> Sequence[Scope]:
    """What a file that is not what was asked for would have spoken for."""
    asked = asked_span(start.arrival)
    return [Scope(party, asked)] if asked and party else start.scopes


def _clean(
    ws: Workspace, source: Source, arrival: Arrival, tables: Iterable[TableRead], party: str | None, references: References
) -> tuple[pa.Table, list[Refusal], list[Note]]:
    """Typed rows of all tables of a file, with the columns that every clean row carries."""
    import pyarrow as pa

    parts: list[pa.Table] = []
    refusals: list[Refusal] = []
    notes: list[Note] = []
    key = references.party_column(source)
    for table in tables:
        cleaned = clean_table(
            ws.engine,
            table.rows,
            source.file,
            tokenizer=ws.vault.token,
            corrections=source.corrections,
            zone=ws.tree.file.time_zone,
            added={key: party} if key else None,
            reference=lambda name: (ws.clean_rows(f"clean.{name}"), ws.tree.sources[name].file.valid),
        )
        parts.append(cleaned.table)
        refusals += cleaned.refusals
        notes += cleaned.notes
    if not parts:
        return clean_schema(source.file, [key] if key else []).empty_table(), refusals, notes
    rows = with_business_date(source, pa.concat_tables(parts), ws.tree.file.time_zone)
    return rows.append_column("_src_id", pa.array([arrival.id] * rows.num_rows, pa.string())), refusals, notes


def with_business_date(source: Source, rows: pa.Table, time_zone: str) -> pa.Table:
    """Add ``business_date``: the contract's column as a date in the project's zone."""
    import pyarrow as pa

    name = source.file.business_date
    if name is None or name == "business_date":
        return rows
    return rows.append_column("business_date", day_column(rows.column(name), time_zone).cast(pa.date32()))


def _nil(source: Source, intake: Intake, party: str | None, references: References) -> Intake:
    """A file without rows: a nil return where the contract knows one, else nothing that could be used."""
    if source.file.nil_return != "allowed" or source.file.period.if_empty != "expected":
        return stop(intake, "no_table")
    owed = references.oldest_owed(source, intake.arrival, party)
    scopes = [Scope(party or source.name, span, is_nil=True) for span in owed]
    return replace(intake, state="nil", reason="nil_return", scopes=scopes, rows=None)


def envelope_party(source: Source, arrival: Arrival, references: References) -> str | None:
    """The party as far as the envelope (sender, subject, file name) tells it."""
    rule = source.file.party
    if rule is None:
        return source.name
    if rule.found_in == "sender":
        address = parseaddr(arrival.meta.get("sender", ""))[1] or arrival.meta.get("sender", "")
        return references.party_by(source, address)
    if rule.found_in in ("file name", "subject") and rule.pattern:
        text = arrival.name if rule.found_in == "file name" else arrival.meta.get("subject", "")
        found = match_pattern(rule.pattern, text)
        return references.party_by(source, found.party) if found and found.party else None
    return None


def _file_party(source: Source, file: FileRead, references: References) -> str | None:
    rule = source.file.party
    if rule is not None and rule.found_in == "cell" and rule.cell:
        return references.party_by(source, file.cells.get(rule.cell, ""))
    if rule is not None and rule.found_in == "sheet" and file.tables:
        return references.party_by(source, file.tables[0].name)
    if rule is not None and rule.found_in == "label" and rule.label:
        return references.party_by(source, labelled_in(file.cells, rule.label) or "")
    return None


def _named_otherwise(source: Source, arrival: Arrival, rows: pa.Table, party: str | None) -> str:
    """What disagrees where the file's name (``confirm:``) speaks of another party than its sender or its rows; else empty."""
    pattern = source.file.party.confirm if source.file.party is not None else None
    found = match_pattern(pattern, arrival.name) if pattern else None
    if found is None or not found.party:
        return ""
    others = [name for name in _parties(source, rows, party) if name != found.party]
    return f"the file's name says {found.party}, not {', '.join(others[:5])}" if others else ""


def new_columns(source: Source, tables: Iterable[TableRead]) -> list[Note]:
    """A note for each table with columns that its layout does not list, where the layout does not ignore them."""
    notes = []
    for table in tables:
        layout = source.layouts.get(table.layout)
        if layout is None or layout.new_columns == "ignore":
            continue
        known = {*layout.header, *layout.outside, *layout.noted}
        added = [name for name in table.header_cells if name not in known]
        if added:
            notes.append(Note("columns_added", column=table.header_cells[added[0]], detail=", ".join(added[:10])))
    return notes


def _scopes(source: Source, intake: Intake, file: FileRead, party: str | None, references: References) -> list[Scope]:
    """Party and days of every row; a table without business dates speaks for the day it was received."""
    rows = intake.rows
    assert rows is not None
    rule = source.file.period
    if rule.found_in in ("file name", "subject", "sheet", "cell", "label") and (rule.pattern or rule.cell or rule.label):
        spans = _stated_spans(source, intake, file)
        if spans:
            return [Scope(name, span) for name in _parties(source, rows, party) for span in spans]
    if "business_date" not in rows.column_names or rule.found_in == "received":
        received = (intake.arrival.received_at or intake.arrival.landed_at).astimezone(references.zone).date()
        return [Scope(name, Span(received, received + dt.timedelta(days=1))) for name in _parties(source, rows, party)]
    column = _party_column(source, references)
    parties = rows.column(column).to_pylist() if column and party is None else [party or source.name] * rows.num_rows
    days: dict[str, set[dt.date]] = {}
    for name, day in zip(parties, rows.column("business_date").to_pylist(), strict=True):
        if name is not None and day is not None:
            days.setdefault(name, set()).add(day)
    if source.file.expect is not None and source.file.expect.for_ == "the month to date":
        days = {name: _months_to_date(told) for name, told in days.items()}
    return [Scope(name, span) for name in sorted(days) for span in runs_of(days[name])]


def _months_to_date(days: set[dt.date]) -> set[dt.date]:
    """A cumulative file speaks for every day from the first of its month to its last one: a day without rows has none any more."""
    return {day for last in days for day in Span(last.replace(day=1), last + dt.timedelta(days=1)).days()}


def _party_column(source: Source, references: References) -> str | None:
    rule = source.file.party
    return rule.column if rule is not None and rule.found_in == "column" else references.party_column(source)


def _parties(source: Source, rows: pa.Table, party: str | None) -> list[str]:
    rule = source.file.party
    if rule is not None and rule.found_in == "column" and rule.column:
        return sorted({str(value) for value in rows.column(rule.column).to_pylist() if value is not None})
    return [party or source.name]


def _stated_spans(source: Source, intake: Intake, file: FileRead) -> list[Span]:
    """The days that a name, a cell or a label states; with sheets those of every sheet that was read."""
    rule = source.file.period
    texts = {
        "file name": [intake.arrival.name],
        "subject": [intake.arrival.meta.get("subject", "")],
        "sheet": list(dict.fromkeys(table.name for table in file.tables if table.rows.num_rows)),
        "cell": [file.cells.get(rule.cell or "", "")],
        "label": [labelled_in(file.cells, rule.label or "") or ""],
    }[rule.found_in]
    patterns = [rule.pattern] if rule.pattern else _PERIODS
    found = [next((match for pattern in patterns if (match := match_pattern(pattern, text)) and match.span), None) for text in texts]
    return [each.span for each in found if each and each.span]


def runs_of(days: Iterable[dt.date]) -> list[Span]:
    """Spans of consecutive days, in order."""
    spans: list[Span] = []
    for day in sorted(days):
        if spans and spans[-1].end == day:
            spans[-1] = Span(spans[-1].start, day + dt.timedelta(days=1))
        else:
            spans.append(Span(day, day + dt.timedelta(days=1)))
    return spans


def _placed(source: Source, intake: Intake, column: str | None, party: str) -> Intake:
    """Refuse the rows that lie outside what the arrival speaks for: replacing days by party, they would belong nowhere."""
    rows = intake.rows
    assert rows is not None
    covered = {(scope.party, day) for scope in intake.scopes for day in scope.span.days()}
    days = rows.column("business_date").to_pylist()
    parties = rows.column(column).to_pylist() if column else [party] * rows.num_rows
    positions = rows.column("_src_row").to_pylist()
    refusals, kept = [], []
    for number, (name, day, position) in enumerate(zip(parties, days, positions, strict=True)):
        if (name, day) in covered:
            kept.append(number)
        elif name is None or day is None:
            refusals.append(Refusal("value_missing", position, str(source.file.business_date if day is None else column)))
        else:
            refusals.append(Refusal("outside_period", position, str(source.file.business_date)))
    if not refusals:
        return intake
    return replace(intake, rows=rows.take(kept), refusals=[*intake.refusals, *refusals])


def _checked(
    ws: Workspace,
    source: Source,
    intake: Intake,
    party: str | None,
    references: References,
    released: Collection[str],
    released_rows: Collection[str],
) -> Intake:
    """Apply the source's rules: rows are refused, the file passes, or it is held."""
    rows = intake.rows
    assert rows is not None
    context = CheckContext(
        party=party or "",
        party_column=_party_column(source, references) if party is None else None,
        spans=[scope.span for scope in intake.scopes],
        reference=ws.clean_rows,
        previous=lambda name: references.previous_rows(source, name or (party or source.name), intake),
        has_gap=lambda name: references.has_gap(name or (party or source.name), intake),
        owed=lambda name: references.owed_with(name or (party or source.name), intake),
        known=references.known_span(intake),
        valid=references.valid_span,
        accepted=lambda: references.appended_rows(intake),
        calendar=ws.calendar,
        zone=ws.tree.file.time_zone,
        rows_in=rows.num_rows + len({refusal.position for refusal in intake.refusals}),
        refusals=intake.refusals,
        released_rows=released_rows,
    )
    verdict = check_arrival(ws.engine, rows, source.file, context=context)
    intake = replace(intake, notes=[*intake.notes, *verdict.notes])
    if verdict.hold and verdict.hold not in released:
        return stop(replace(intake, refusals=[*intake.refusals, *verdict.refusals]), verdict.hold, verdict.hold_detail)
    if source.file.load == "replace" and "version_shrunk" not in released:
        shrunk = references.shrunk(intake, _party_column(source, references))
        if shrunk:
            return stop(intake, "version_shrunk", shrunk)
    rows = repaired(rows, verdict.repairs)
    intake = replace(intake, rows=rows)
    refusals = [refusal for refusal in verdict.refusals if refusal.reason not in released]
    refused = {refusal.position for refusal in refusals}
    if refused:
        import pyarrow as pa
        import pyarrow.compute as pc

        keep = pc.invert(pc.is_in(rows.column("_src_row"), value_set=pa.array(sorted(refused), pa.string())))
        intake = replace(intake, rows=rows.filter(keep), refusals=[*intake.refusals, *refusals])
    return intake
