"""Rows that are gone from a database, and rows that its watermark never showed: found by comparing the set of all keys.

A delete leaves nothing behind that a watermark could see. So from time to time the keys of all rows come as an arrival of their own.
Rows of the clean table whose key is not among them are removed, in one commit like any other change, so that the models follow; which
ones stands in notes at that arrival. A key set that would take too much away is held for a person: an empty answer of a broken view
must not empty a table. Keys that were never collected are asked for by the next poll, once.
"""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taihu.clean import clean_table
from taihu.core.types import KEY_SET, Note
from taihu.ledger.records import Arrival, ArrivalDecision
from taihu.manifest.tree import Source
from taihu.run.intake import Intake, stop
from taihu.run.standing import order_of

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.project.workspace import Workspace

SHRUNK = "keys_shrunk"
DELETED = "deleted_at_source"
MISSED = "row_missed"
MOST_GONE_PERCENT = 20
FEW_ROWS = 10
MOST_NOTES = 1000
_ALL = "*"
_PIECE = 500_000
_KEYS = "load.keys"
_LATER = "load.later"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a key set led to.

    Attributes:
        kept: Rows of the touched partitions that stay; None if no row goes.
        months: The touched partitions; empty for a table without business dates.
        keys_in: Keys of the set.
        gone: Rows that go.
        again: Keys that the next poll asks for, as the database writes them; None asks for nothing.
    """

    intakes: Sequence[Intake] = ()
    overtaken: Sequence[ArrivalDecision] = ()
    kept: pa.Table | None = None
    months: Sequence[str] = ()
    keys_in: int = 0
    gone: int = 0
    again: Sequence[Sequence[str]] | None = None


@dataclass(slots=True)
class Keys:
    """The newest of the key sets that landed: its keys typed as the table's, and as the database writes them.

    Attributes:
        older: The sets that landed with it.
    """

    newest: Arrival
    older: Sequence[Arrival]
    typed: pa.Table
    raw: list[pa.Table] = field(default_factory=list)

    def texts(self, places: Sequence[int]) -> list[tuple[str, ...]]:
        """The keys at these places, as the database writes them."""
        import pyarrow as pa

        rows = pa.concat_tables(self.raw).take(pa.array(places, pa.int64()))
        return list(zip(*(rows.column(name).to_pylist() for name in rows.column_names), strict=True))


def is_key_set(arrival: Arrival) -> bool:
    """Whether an arrival is the set of all keys and not rows."""
    return arrival.meta.get("kind") == KEY_SET


def read_keys(ws: Workspace, source: Source, landed: Sequence[Arrival]) -> Keys | None:
    """The newest key set among what landed; None if there is none."""
    key_sets = sorted((arrival for arrival in landed if is_key_set(arrival)), key=order_of)
    if not key_sets:
        return None
    typed, raw = _typed(ws, source, key_sets[-1])
    return Keys(key_sets[-1], key_sets[:-1], typed, raw)


def reconcile(ws: Workspace, source: Source, keys: Keys | None) -> Reconciled:
    """Compare the newest key set with the clean table as it is now; nothing is written."""
    if keys is None:
        return Reconciled()
    newest = keys.newest
    waiting = [each for each in ws.ledger.arrivals(source=source.name, states=("held",)) if is_key_set(each)]
    overtaken = [
        ArrivalDecision(each.id, "superseded", reason="replaced", detail=newest.id)
        for each in [*keys.older, *waiting]
        if each.id != newest.id
    ]
    intake = Intake(newest, "accepted", kind="parquet")
    if not ws.tables.exists(source.table):
        return Reconciled([intake], overtaken, keys_in=keys.typed.num_rows)
    _offer(ws, source, keys)
    try:
        total, gone = _counts(ws, source)
        is_shrunk = total > 0 and (keys.typed.num_rows == 0 or (gone * 100 > total * MOST_GONE_PERCENT and gone >= FEW_ROWS))
        if is_shrunk and SHRUNK not in ws.ledger.released(newest.id):
            held = stop(intake, SHRUNK, f"{gone} of {total} rows are not among {keys.typed.num_rows} keys")
            return Reconciled([held], overtaken, keys_in=keys.typed.num_rows)
        notes, kept, months = _removal(ws, source, gone)
        again, missed = _missed(ws, source, keys)
        intake = Intake(newest, "accepted", kind="parquet", detail=f"{gone} rows deleted, {len(missed)} missed", notes=[*notes, *missed])
        return Reconciled([intake], overtaken, kept, months, keys.typed.num_rows, gone, again)
    finally:
        ws.engine.drop(_KEYS)
        ws.engine.drop(_LATER)


def ask_again(ws: Workspace, source: Source, keys: Sequence[Sequence[str]]) -> None:
    """Let the next poll ask for the rows of these keys."""
    from taihu.collect import connector

    asked = connector(source.file.collect.via).asked_again(ws.ledger.cursor(source.name), keys)
    if asked is not None:
        ws.ledger.cursor_moved(source.name, asked)


def _typed(ws: Workspace, source: Source, arrival: Arrival) -> tuple[pa.Table, list[pa.Table]]:
    """The set, typed like the table's own keys, piece by piece, and the pieces as they came."""
    import pyarrow as pa

    names = list(source.file.key)
    contract = source.file.model_copy(
        update={"columns": {name: source.file.columns[name] for name in names}, "business_date": None, "checks": (), "party": None}
    )
    pieces, raw, first = [], [], 0
    for rows in _pieces(ws.objects.get(arrival.sha256)):
        positions = pa.array([str(n) for n in range(first, first + rows.num_rows)], pa.string())
        cleaned = clean_table(
            ws.engine,
            rows.append_column("_src_row", positions),
            contract,
            tokenizer=ws.vault.token,
            zone=ws.tree.file.time_zone,
        )
        pieces.append(cleaned.table.select([*names, "_src_row"]))
        raw.append(rows)
        first += rows.num_rows
    typed = pa.concat_tables(pieces)
    place = typed.column("_src_row").cast(pa.int64())
    return typed.drop_columns(["_src_row"]).append_column("_place", place), raw


def _pieces(content: bytes) -> Iterator[pa.Table]:
    """The rows of a Parquet file, half a million at a time, and at least one table."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(io.BytesIO(content))
    is_empty = True
    for batch in file.iter_batches(_PIECE):
        is_empty = False
        yield pa.Table.from_batches([batch]).replace_schema_metadata(None)
    if is_empty:
        yield file.schema_arrow.empty_table()


def _offer(ws: Workspace, source: Source, keys: Keys) -> None:
    """Let the engine see the table, the keys, and the arrivals that came after them: their rows need not be among the keys."""
    import pyarrow as pa

    later = [each.id for each in ws.ledger.arrivals(source=source.name) if order_of(each) > order_of(keys.newest)]
    ws.view_clean(source.table)
    ws.engine.register(_KEYS, keys.typed)
    ws.engine.register(_LATER, pa.table({"_src_id": pa.array(later, pa.string())}))


def _gone_sql(source: Source) -> str:
    using = ", ".join(f'"{name}"' for name in source.file.key)
    return (
        f"FROM {source.table} AS row ANTI JOIN {_KEYS} AS present USING ({using}) WHERE row._src_id NOT IN (SELECT _src_id FROM {_LATER})"
    )


def _counts(ws: Workspace, source: Source) -> tuple[int, int]:
    """Rows that the key set speaks about, and those of them that are not among it."""
    total = ws.engine.query(f"SELECT COUNT(*) AS n FROM {source.table} AS row WHERE row._src_id NOT IN (SELECT _src_id FROM {_LATER})")
    gone = ws.engine.query(f"SELECT COUNT(*) AS n {_gone_sql(source)}")
    return total.column(0)[0].as_py(), gone.column(0)[0].as_py()


def _removal(ws: Workspace, source: Source, gone: int) -> tuple[list[Note], pa.Table | None, list[str]]:
    """A note for each row that goes, and what stays of the partitions that it goes from."""
    if not gone:
        return [], None, []
    names = ", ".join(f'row."{name}"' for name in source.file.key)
    is_dated = bool(source.file.business_date)
    month = ", row._month" if is_dated else ""
    rows = ws.engine.query(f"SELECT {names}, row._src_id, row._src_row{month} {_gone_sql(source)} ORDER BY {names}").to_pylist()
    notes = [
        Note(DELETED, detail=f"{', '.join(f'{name}={row[name]}' for name in source.file.key)} ({row['_src_id'][:8]} {row['_src_row']})")
        for row in rows[:MOST_NOTES]
    ]
    if len(rows) > MOST_NOTES:
        notes.append(Note(DELETED, detail=f"and {len(rows) - MOST_NOTES} more"))
    months = sorted({row["_month"] for row in rows}) if is_dated else []
    within = f" WHERE row._month IN ({', '.join(repr(name) for name in months)})" if is_dated else ""
    using = ", ".join(f'"{name}"' for name in source.file.key)
    exclude = " EXCLUDE (_month)" if is_dated else ""
    kept = ws.engine.query(
        f"SELECT row.*{exclude} FROM {source.table} AS row ANTI JOIN (SELECT {names} {_gone_sql(source)}) AS gone USING ({using}){within}"
    )
    return notes, kept, months


def _missed(ws: Workspace, source: Source, keys: Keys) -> tuple[Sequence[Sequence[str]] | None, list[Note]]:
    """Keys that are in no row: those to ask for, and notes of them.

    What was refused or is held has come; what was asked for once and did not make a row is not asked for again.
    """
    using = ", ".join(f'"{name}"' for name in source.file.key)
    found = ws.engine.query(f"SELECT present._place FROM {_KEYS} AS present ANTI JOIN {source.table} AS row USING ({using}) ORDER BY 1")
    if found.num_rows == 0:
        return None, []
    texts = keys.texts(found.column(0).to_pylist())
    come = _come_but_not_loaded(ws, source)
    before = {note.detail for note in ws.ledger.notes(source=source.name) if note.reason == MISSED and note.arrival_id != keys.newest.id}
    wanted = [key for key in texts if key not in come and None not in key and _shown(key) not in before]
    if not wanted:
        return None, []
    if len(wanted) > MOST_NOTES:
        return (None, []) if _ALL in before else (wanted, [Note(MISSED, detail=_ALL)])
    return wanted, [Note(MISSED, detail=_shown(key)) for key in wanted]


def _shown(key: Sequence[str]) -> str:
    return " / ".join(key)


def _come_but_not_loaded(ws: Workspace, source: Source) -> Collection[tuple[str, ...]]:
    """Keys, as the database writes them, of rows that are in quarantine or in arrivals that are held or not yet read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    refused: dict[str, list[int]] = {}
    for row in ws.ledger.quarantined(source=source.name):
        refused.setdefault(row.arrival_id, []).append(int(row.position) - 1)
    waiting = {each.id for each in ws.ledger.arrivals(source=source.name, states=("held", "rejected", "landed")) if not is_key_set(each)}
    columns = [(source.file.columns[name].from_ or (name,))[0] for name in source.file.key]
    found: set[tuple[str, ...]] = set()
    for arrival in ws.ledger.arrivals(ids=sorted({*refused, *waiting})):
        rows: Any = pq.read_table(io.BytesIO(ws.objects.get(arrival.sha256)), columns=columns)
        if arrival.id not in waiting:
            rows = rows.take(pa.array(sorted(set(refused[arrival.id])), pa.int64()))
        found.update(zip(*(rows.column(name).to_pylist() for name in columns), strict=True))
    return found
