"""From landed arrivals to the clean table of a source: newest accepted arrival per party and day wins.

The clean table holds current rows only; every version stays in its sealed object. The table is written first, in one commit,
then one ledger transaction says what became of each arrival. A crash between the two heals itself: the next run takes the
same arrivals in again and writes the same rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taihu.core.ids import derived_id
from taihu.ledger.records import Arrival, ArrivalDecision
from taihu.manifest.tree import Source
from taihu.run.intake import Intake, stop, take_in
from taihu.run.references import References
from taihu.run.resending import replaced_arrivals, with_resend_notes

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.project.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a run did with one source."""

    source: str
    intakes: Sequence[Intake]
    version: int | None
    partitions: Sequence[str]


def load_source(ws: Workspace, source: Source) -> Loaded:
    """Take in all landed arrivals of a source and bring its clean table up to date."""
    waiting = ws.ledger.arrivals(source=source.name, states=("landed",))
    if not waiting:
        return Loaded(source.name, (), None, ())
    with ws.ledger.lease(f"table:{source.table}"):
        references = References(ws, source)
        intakes = _take_in_all(ws, source, sorted(waiting, key=_order), references)
        ws.vault.flush()
        replaced = _replaced_rows(ws, source, intakes, references)
        version, partitions = _write(ws, source, intakes, references)
        stamps = {name: derived_id("stamp", source.table, name, version) for name in partitions} if version is not None else {}
        gone: list[ArrivalDecision] = []
        if source.file.load == "replace":
            intakes = with_resend_notes(intakes, replaced, references.winners, _party(source, references))
            gone = replaced_arrivals(intakes, references.winners)
        decisions = [*(intake.decision for intake in intakes), *gone]
        ws.ledger.arrivals_decided(source.name, decisions, table=source.table, version=version, stamps=stamps)
    return Loaded(source.name, intakes, version, partitions)


def _order(arrival: Arrival) -> tuple[dt.datetime, int]:
    return (arrival.received_at or arrival.landed_at, arrival.sequence)


def _take_in_all(ws: Workspace, source: Source, waiting: Sequence[Arrival], references: References) -> list[Intake]:
    seen = {arrival.sha256: arrival for arrival in ws.ledger.arrivals(source=source.name) if arrival.state != "landed"}
    current = set(references.winners.values())
    intakes = []
    for arrival in waiting:
        twin = seen.get(arrival.sha256)
        if twin is not None and twin.id != arrival.id and not ws.ledger.released(arrival.id):
            intakes.append(_twin(arrival, twin, current))
            continue
        intake = take_in(ws, source, arrival, references, released=bool(ws.ledger.released(arrival.id)))
        if intake.state == "accepted" and intake.rows is not None:
            references.remember([intake.rows])
            current.add(arrival.id)
        seen[arrival.sha256] = arrival
        intakes.append(intake)
        ws.progress.step(source.name)
    return intakes


def _twin(arrival: Arrival, twin: Arrival, current: set[str]) -> Intake:
    """Bytes that came before: quietly put aside if they are what counts now, held if something newer replaced them."""
    intake = Intake(arrival, "superseded", "identical_content", detail=twin.id, kind=twin.kind, scopes=())
    if twin.id in current or twin.state in ("rejected", "held", "landed"):
        return intake
    return stop(intake, "identical_content", twin.id)


def _party(source: Source, references: References) -> str | None:
    """Column of the clean table that holds the party."""
    return references.party_column(source) or (source.file.party.column if source.file.party else None)


def _replaced_rows(ws: Workspace, source: Source, intakes: Sequence[Intake], references: References) -> pa.Table | None:
    """Current rows of the parties and days that were delivered before and are delivered again."""
    import pyarrow as pa

    again = {
        (scope.party, day)
        for intake in intakes
        if intake.state == "accepted" and source.file.load == "replace"
        for scope in intake.scopes
        for day in scope.span.days()
    } & set(references.winners)
    if not again or not ws.tables.exists(source.table):
        return None
    party = _party(source, references)
    ws.view_clean(source.table)
    rows = [{"_party": name, "business_date": day} for name, day in sorted(again)]
    ws.engine.register(
        "load.again", pa.Table.from_pylist(rows, schema=pa.schema([("_party", pa.string()), ("business_date", pa.date32())]))
    )
    same = f'again._party = CAST(row."{party}" AS VARCHAR)' if party else "true"
    found = ws.engine.query(
        f"SELECT row.* FROM {source.table} AS row SEMI JOIN load.again AS again ON {same} AND again.business_date = row.business_date"
    )
    ws.engine.drop("load.again")
    return found


# writing ---------------------------------------------------------------------------------------------------------------


def _write(ws: Workspace, source: Source, intakes: Sequence[Intake], references: References) -> tuple[int | None, list[str]]:
    accepted = [intake for intake in intakes if intake.state == "accepted" and intake.rows is not None]
    nil = [intake for intake in intakes if intake.state == "nil"]
    if not accepted and not nil:
        return None, []
    load = source.file.load
    if load == "snapshot":
        newest = accepted[-1:]
        rows = [intake.rows for intake in newest if intake.rows is not None]
        return (ws.tables.replace(source.table, rows[0]), [""]) if rows else (None, [])
    if load in ("upsert", "append"):
        return _merge(ws, source, accepted)
    return _replace(ws, source, accepted, nil, references)


def _new_rows(accepted: Iterable[Intake]) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables([intake.rows for intake in accepted if intake.rows is not None], promote_options="permissive")


def _replace(
    ws: Workspace, source: Source, accepted: Sequence[Intake], nil: Sequence[Intake], references: References
) -> tuple[int | None, list[str]]:
    """Replace the days of each party that the new arrivals speak for."""
    import pyarrow as pa

    party = _party(source, references)
    winners: dict[tuple[str, dt.date], str] = {}
    for intake in [*accepted, *nil]:
        for scope in intake.scopes:
            for day in scope.span.days():
                winners[(scope.party, day)] = intake.arrival.id
    scope_schema = pa.schema([("_party", pa.string()), ("business_date", pa.date32()), ("_src_id", pa.string())])
    scope_rows = [(name, day, arrival) for (name, day), arrival in sorted(winners.items())]
    scopes = pa.table([list(column) for column in zip(*scope_rows, strict=True)], schema=scope_schema)
    months = sorted({day.strftime("%Y-%m") for _, day in winners})
    ws.engine.register("load.scopes", scopes)
    party_sql = f'CAST(row."{party}" AS VARCHAR)' if party else f"'{source.name}'"
    same = f"scope._party = {party_sql} AND scope.business_date = row.business_date"
    parts = []
    if accepted:
        ws.engine.register("load.fresh", _new_rows(accepted))
        parts.append(
            ws.engine.query(f"SELECT row.* FROM load.fresh AS row SEMI JOIN load.scopes AS scope ON {same} AND scope._src_id = row._src_id")
        )
        ws.engine.drop("load.fresh")
    if ws.tables.exists(source.table):
        ws.view_clean(source.table)
        listed = ", ".join(f"'{month}'" for month in months)
        kept = ws.engine.query(
            f"SELECT row.* EXCLUDE (_month) FROM {source.table} AS row"
            f" ANTI JOIN load.scopes AS scope ON {same} WHERE row._month IN ({listed})"
        )
        parts.insert(0, kept)
    ws.engine.drop("load.scopes")
    if not parts:
        return None, []
    return _write_months(ws, source, pa.concat_tables(parts, promote_options="permissive"), months)


def _merge(ws: Workspace, source: Source, accepted: Sequence[Intake]) -> tuple[int | None, list[str]]:
    """Merge by key (upsert) or by arrival (append); the newest row of a key wins."""
    import pyarrow as pa

    ordered = [
        intake.rows.append_column("_order", pa.array([place] * intake.rows.num_rows, pa.int64()))
        for place, intake in enumerate(accepted)
        if intake.rows is not None
    ]
    fresh = pa.concat_tables(ordered, promote_options="permissive")
    if fresh.num_rows == 0:
        return None, []
    key = ", ".join(f'"{name}"' for name in (source.file.key if source.file.load == "upsert" else ("_src_id", "_src_row")))
    ws.engine.register("load.fresh", fresh)
    newest = ws.engine.query(
        f"SELECT * EXCLUDE (_order) FROM load.fresh QUALIFY ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY _order DESC, _src_row DESC) = 1"
    )
    ws.engine.drop("load.fresh")
    ws.engine.register("load.newest", newest)
    merged = newest
    if ws.tables.exists(source.table):
        ws.view_clean(source.table)
        dated = "EXCLUDE (_month)" if source.file.business_date else ""
        kept = ws.engine.query(f"SELECT * {dated} FROM {source.table} AS row ANTI JOIN load.newest AS fresh USING ({key})")
        touched = ws.engine.query(f"SELECT row.* {dated} FROM {source.table} AS row SEMI JOIN load.newest AS fresh USING ({key})")
        merged = pa.concat_tables([kept, newest], promote_options="permissive")
    else:
        touched = newest.slice(0, 0)
    ws.engine.drop("load.newest")
    if not source.file.business_date:
        return ws.tables.replace(source.table, merged), [""]
    months = sorted({month for part in (newest, touched) for month in _months_of(part).unique().to_pylist()})
    return _write_months(ws, source, merged, months)


def _months_of(rows: pa.Table) -> pa.ChunkedArray:
    """Partition of each row's business date; rows without one share a partition of their own."""
    import pyarrow.compute as pc

    return pc.fill_null(pc.strftime(rows.column("business_date"), format="%Y-%m"), "0000-00")


def _write_months(ws: Workspace, source: Source, rows: pa.Table, months: Sequence[str]) -> tuple[int, list[str]]:
    """Write the given months of the clean table from ``rows`` (which may hold more), in a canonical order."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = rows.append_column("_month", _months_of(rows))
    rows = rows.filter(pc.is_in(rows.column("_month"), value_set=pa.array(list(months), pa.string())))
    rows = rows.sort_by([("_month", "ascending"), ("_src_id", "ascending"), ("_src_row", "ascending")])
    return ws.tables.replace_partitions(source.table, rows, list(months)), list(months)
