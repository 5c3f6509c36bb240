"""From landed arrivals to the clean table of a source: newest accepted arrival per party and day wins.

The clean table holds current rows only; every version stays in its sealed object. The table is written first, in one commit,
then one ledger transaction says what became of each arrival. A crash between the two heals itself: the next run takes the
same arrivals in again and writes the same rows.

To judge is mostly work of the processor and to settle mostly waiting for the disk, so the two are apart: a run settles one source
while it judges the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taihu.core.ids import derived_id
from taihu.ledger.records import Arrival, ArrivalDecision
from taihu.manifest.tree import Source
from taihu.run.ahead import ReadAhead
from taihu.run.intake import Intake, take_in
from taihu.run.invoices import Invoices
from taihu.run.postconditions import promises_period, try_again
from taihu.run.reconciling import Keys, Reconciled, ask_again, is_key_set, read_keys, reconcile
from taihu.run.recorded import Recorded, recorded
from taihu.run.references import References
from taihu.run.resending import replaced_arrivals, with_resend_notes
from taihu.run.standing import Claims, Standing, order_of

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


@dataclass(frozen=True, slots=True)
class Judged:
    """What the landed arrivals of one source are, before its table knows; its lease is held until :func:`settle` is through.

    Attributes:
        keys: The keys of a database, where some landed.
        replaced: Current rows of what is delivered again.
    """

    source: Source
    keys: Keys | None
    intakes: Sequence[Intake]
    references: References
    standing: Standing
    claims: Claims
    replaced: pa.Table | None
    lease: ExitStack


def load_source(ws: Workspace, source: Source) -> Loaded:
    """Take in all landed arrivals of a source and bring its clean table up to date."""
    judged = judge(ws, source, recorded(ws, [source.name])[source.name])
    return settle(ws, judged) if judged is not None else Loaded(source.name, (), None, ())


def judge(ws: Workspace, source: Source, known: Recorded, ahead: ReadAhead | None = None) -> Judged | None:
    """Read and judge all landed arrivals of a source; None if there are none.

    Args:
        known: What is recorded of it.
        ahead: Reads the files of several sources in order, each while the one before it is judged.
    """
    landed = [arrival for arrival in known.arrivals if arrival.state == "landed"]
    if not landed:
        try_again(ws, source)
        return None
    waiting = [arrival for arrival in landed if not is_key_set(arrival)]
    with ExitStack() as lease:
        lease.enter_context(ws.ledger.lease(f"table:{source.table}"))
        _undo_uncommitted(ws, source)
        references = References(ws, source, known)
        standing = Standing(source, known, references.winners)
        intakes = _take_in_all(ws, source, sorted(waiting, key=order_of), references, standing, ahead)
        keys = read_keys(ws, source, landed)
        ws.vault.flush()
        claims = standing.claims(intakes)
        replaced = _replaced_rows(ws, source, claims, references)
        return Judged(source, keys, intakes, references, standing, claims, replaced, lease.pop_all())


def settle(ws: Workspace, judged: Judged) -> Loaded:
    """Write the table of a source, then tell the ledger what became of each arrival."""
    source, references, standing, claims = judged.source, judged.references, judged.standing, judged.claims
    with judged.lease:
        version, partitions = _write(ws, source, judged.intakes, claims, standing, references)
        reconciled = reconcile(ws, source, judged.keys)
        version, partitions = _without_gone(ws, source, reconciled, version, partitions)
        stamps = {name: derived_id("stamp", source.table, name, version) for name in partitions} if version is not None else {}
        intakes, gone = judged.intakes, list[ArrivalDecision]()
        if source.file.load == "replace":
            intakes = with_resend_notes(intakes, judged.replaced, references.winners, _party(source, references))
            gone = replaced_arrivals(intakes, references.winners, claims)
        intakes = [*intakes, *reconciled.intakes]
        decisions = [intake.decision for intake in intakes]
        with ws.ledger.together():
            ws.ledger.arrivals_decided(source.name, decisions, table=source.table, version=version, stamps=stamps)
            ws.ledger.arrivals_decided(source.name, [*gone, *reconciled.overtaken])
            ws.ledger.holds_overtaken(standing.overtaken(intakes, claims))
            if reconciled.intakes:
                _compared(ws, source, reconciled)
    try_again(ws, source)
    if version is not None:
        ws.forget(source.table)
    return Loaded(source.name, intakes, version, partitions)


def _undo_uncommitted(ws: Workspace, source: Source) -> None:
    """Take back what a crash left between the table's commit and the ledger's.

    The arrivals are taken in again anyway, and they must be judged beside the rows that they were judged beside before.
    """
    table = source.table
    committed = ws.ledger.table_version(table)
    if not ws.tables.exists(table) or ws.tables.version(table) == committed:
        return
    before = ws.tables.schema(table).empty_table() if committed is None else ws.tables.read(table, committed)
    version = ws.tables.replace(table, before, by=ws.tables.partition_column(table))
    ws.ledger.stamps_set(table, {}, version=version)
    ws.forget(table)


def in_order(sources: Sequence[Source], known: Mapping[str, Recorded]) -> list[tuple[Source, Arrival]]:
    """The arrivals that loading these sources one after the other will read, in that order."""
    found = []
    for source in sources:
        waiting = [arrival for arrival in known[source.name].arrivals if arrival.state == "landed" and not is_key_set(arrival)]
        found += [(source, arrival) for arrival in sorted(waiting, key=order_of)]
    return found


def _take_in_all(
    ws: Workspace, source: Source, waiting: Sequence[Arrival], references: References, standing: Standing, ahead: ReadAhead | None
) -> list[Intake]:
    released = ws.ledger.released_arrivals(source.name)
    rows = ws.ledger.released_rows()
    invoices = Invoices.of(ws, source)
    intakes = []
    for arrival in waiting:
        reasons = ws.ledger.released(arrival.id) if arrival.id in released else frozenset()
        intake = None if reasons or arrival.id in rows or promises_period(source, arrival) else standing.twin_of(arrival, references)
        if intake is None:
            let_in = rows.get(arrival.id, frozenset())
            read = ahead.read if ahead else None
            intake = take_in(ws, source, arrival, references, released=reasons, released_rows=let_in, read=read)
        if invoices is not None:
            intake = invoices.judged(intake, reasons)
        if intake.state in ("accepted", "nil"):
            references.remember(intake)
        standing.took(intake)
        intakes.append(intake)
        ws.progress.step(source.name)
    return intakes


def _without_gone(
    ws: Workspace, source: Source, reconciled: Reconciled, version: int | None, partitions: Sequence[str]
) -> tuple[int | None, list[str]]:
    """Remove the rows that are gone from the database; gives version and changed partitions with those of the write before."""
    if reconciled.kept is None:
        return version, list(partitions)
    if not source.file.business_date:
        return ws.tables.replace(source.table, reconciled.kept), [""]
    version, months = _write_months(ws, source, reconciled.kept, reconciled.months)
    return version, sorted({*partitions, *months})


def _compared(ws: Workspace, source: Source, reconciled: Reconciled) -> None:
    """Tell how comparing the keys ended, and let the next poll ask for what was missed."""
    intake = reconciled.intakes[0]
    counts = {"rows_in": reconciled.keys_in, "rows_out": reconciled.gone}
    ws.ledger.outcome("reconcile", source.name, status=intake.state, reason=intake.reason, detail=intake.detail, **counts)
    if reconciled.again:
        ask_again(ws, source, reconciled.again)


def _party(source: Source, references: References) -> str | None:
    """Column of the clean table that holds the party."""
    return references.party_column(source) or (source.file.party.column if source.file.party else None)


def _replaced_rows(ws: Workspace, source: Source, claims: Claims, references: References) -> pa.Table | None:
    """Current rows of the parties and days that were delivered before and are delivered again."""
    again = set(claims) & set(references.winners) if source.file.load == "replace" else set()
    if not again or not ws.tables.exists(source.table):
        return None
    rows = ws.tables.read(source.table, partitions=sorted({day.strftime("%Y-%m") for _, day in again}))
    return rows.filter(_are_of(_places(rows, source, references), [[name, day.isoformat()] for name, day in again]))


# writing ---------------------------------------------------------------------------------------------------------------


def _write(
    ws: Workspace, source: Source, intakes: Sequence[Intake], claims: Claims, standing: Standing, references: References
) -> tuple[int | None, list[str]]:
    accepted = [intake for intake in intakes if intake.state == "accepted" and intake.rows is not None]
    load = source.file.load
    if load == "snapshot":
        newest = max(accepted, key=lambda intake: order_of(intake.arrival), default=None)
        if newest is None or newest.rows is None or standing.is_overtaken(newest.arrival):
            return None, []
        return ws.tables.replace(source.table, newest.rows), [""]
    if load in ("upsert", "append"):
        return _merge(ws, source, accepted, standing) if accepted else (None, [])
    return _replace(ws, source, accepted, claims, references) if claims else (None, [])


def _new_rows(accepted: Iterable[Intake]) -> pa.Table:
    import pyarrow as pa

    return pa.concat_tables([intake.rows for intake in accepted if intake.rows is not None], promote_options="permissive")


def _replace(
    ws: Workspace, source: Source, accepted: Sequence[Intake], winners: Claims, references: References
) -> tuple[int | None, list[str]]:
    """Replace the days of each party that the new arrivals speak for."""
    import pyarrow as pa
    import pyarrow.compute as pc

    months = sorted({day.strftime("%Y-%m") for _, day in winners})
    parts = []
    if ws.tables.exists(source.table):
        rows = ws.tables.read(source.table, partitions=months).drop_columns(["_month"])
        replaced = _are_of(_places(rows, source, references), [[name, day.isoformat()] for name, day in winners])
        parts.append(rows.filter(pc.invert(replaced)))
    if accepted:
        rows = _new_rows(accepted)
        spoken = [[name, day.isoformat(), arrival] for (name, day), arrival in winners.items()]
        parts.append(rows.filter(_are_of([*_places(rows, source, references), rows.column("_src_id")], spoken)))
    if not parts:
        return None, []
    return _write_months(ws, source, pa.concat_tables(parts, promote_options="permissive"), months)


def _places(rows: pa.Table, source: Source, references: References) -> list[Any]:
    """Party and day of each row, as text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    party = _party(source, references)
    name = pc.cast(rows.column(party), pa.string()) if party else pa.scalar(source.name)
    return [name, pc.cast(rows.column("business_date"), pa.string())]


def _are_of(columns: Sequence[Any], wanted: Iterable[Sequence[str]]) -> pa.ChunkedArray:
    """For each row whether its texts in ``columns`` are one of ``wanted``; a row that lacks one of them is not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(
        pc.binary_join_element_wise(*columns, "\x1f"), value_set=pa.array(["\x1f".join(texts) for texts in wanted], pa.string())
    )


def _merge(ws: Workspace, source: Source, accepted: Sequence[Intake], standing: Standing) -> tuple[int | None, list[str]]:
    """Merge by key (upsert) or by arrival (append); of a key, the row that was received last wins."""
    import pyarrow as pa

    fresh = _new_rows(accepted)
    if fresh.num_rows == 0:
        return None, []
    key = ", ".join(f'"{name}"' for name in (source.file.key if source.file.load == "upsert" else ("_src_id", "_src_row")))
    ws.engine.register("load.fresh", fresh)
    if ws.tables.exists(source.table):
        ws.view_clean(source.table)
        dated = "EXCLUDE (_month)" if source.file.business_date else ""
        kept = ws.engine.query(f"SELECT * {dated} FROM {source.table} AS row ANTI JOIN load.fresh AS fresh USING ({key})")
        touched = ws.engine.query(f"SELECT row.* {dated} FROM {source.table} AS row SEMI JOIN load.fresh AS fresh USING ({key})")
    else:
        kept = touched = fresh.slice(0, 0)
    ws.engine.register("load.fresh", pa.concat_tables([touched, fresh], promote_options="permissive"))
    ws.engine.register("load.place", pa.table({"_src_id": standing.ordered, "_place": list(range(len(standing.ordered)))}))
    newest = ws.engine.query(
        "SELECT row.* FROM load.fresh AS row JOIN load.place AS place USING (_src_id)"
        f" QUALIFY ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY place._place DESC, row._src_row DESC) = 1"
    )
    ws.engine.drop("load.fresh")
    ws.engine.drop("load.place")
    merged = pa.concat_tables([kept, newest], promote_options="permissive")
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
