"""From the sender's text to a typed table by the source's contract: refuse, don't guess.

Each row either leaves with a value in the declared type for every column, or is refused with a reason code, its position and the
column; a row that only sums others up is left out with a note. Texts are never part of a refusal or a note.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from taihu.clean.columns import ColumnTyping, Findings
from taihu.clean.corrections import apply_corrections
from taihu.clean.headers import bind_headers
from taihu.clean.missing import Lookup, filled
from taihu.clean.parts import with_parts
from taihu.clean.personal import Tokenizer, tokens
from taihu.clean.scan import WORTH_A_SCAN, scan
from taihu.clean.values import arrow_type
from taihu.core.types import Note, Refusal
from taihu.manifest.corrections import Correction
from taihu.manifest.source import SourceFile

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.engine.interface import Engine

FLAGS = "dq_flags"
POSITION = "_src_row"
_TOTAL_WORD = r"^\s*(本[页日月周期]|当[日页月]|分|总)?(小计|合计|总计|累计|共计)\s*[:：]?\s*$"
_TOTAL_BEGINNING = r"^\s*(本[页日月周期]|当[日页月]|分|总)?(小计|合计|总计|累计|共计|共\s*\d+\s*[笔条行])"
_MOST_NOTES = 50
_PER_COLUMN = frozenset({"rounded", "derived", "unknown_member"})


def _no_reference(_: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A typed table and what happened on the way.

    Attributes:
        table: The source's columns, added ones, ``dq_flags`` (reason codes joined by commas) and ``_src_row``.
        refusals: Refused values; their rows are not in ``table``.
        notes: Values that were repaired as agreed, rows that were left out because they only repeat others.
        headers: Column to the sender's header that was used.
        rows_in: Rows that came in.
    """

    table: pa.Table
    refusals: Sequence[Refusal]
    notes: Sequence[Note]
    headers: Mapping[str, str]
    rows_in: int


def clean_table(
    engine: Engine,
    rows: pa.Table,
    source: SourceFile,
    *,
    tokenizer: Tokenizer,
    corrections: Sequence[Correction] = (),
    zone: str = "Asia/Shanghai",
    added: Mapping[str, str | None] | None = None,
    reference: Lookup = _no_reference,
) -> Cleaned:
    """Type one table of a file.

    Args:
        engine: Runs the scan of large tables.
        rows: Text columns named by the sender's headers (databases: typed columns) and ``_src_row``.
        tokenizer: Gives the token of a personal value, by kind and canonical form.
        corrections: The source's recorded corrections.
        zone: Zone of instants that name none, unless the source declares its own.
        added: Columns with one value for all rows, such as the party's key.
        reference: The rows and the validity of a reference source, by its name, for values that are taken from it.

    Raises:
        ContentRefused: ``unknown_layout`` if the headers do not provide the columns.
        ManifestError: If a correction does not fit the source, or a rule for missing values cannot be evaluated.
    """
    import pyarrow as pa

    zone = source.zone or zone
    bound = bind_headers(rows.column_names, source)
    texts = _as_text(rows)
    total_rows = _total_rows(texts, _TOTAL_WORD)
    canonical = scan(engine, texts, bound, source.columns, source.missing, zone) if texts.num_rows >= WORTH_A_SCAN else None
    typing = ColumnTyping(source, zone, texts.num_rows)
    arrays: dict[str, Any] = {}
    for name in source.columns:
        values = texts[bound[name]] if name in bound else None
        arrays[name] = typing.typed(name, values, canonical[name] if canonical is not None and values is not None else None)
    findings = typing.findings
    constants = {name: value for name, value in (added or {}).items() if name not in arrays}
    table = pa.table({**arrays, **{name: pa.array([value] * texts.num_rows, pa.string()) for name, value in constants.items()}})
    table = table.append_column(POSITION, texts[POSITION])
    corrected: list[Note] = []
    if corrections and table.num_rows:
        table, corrected = apply_corrections(table, corrections, source, zone, findings.flags)
    table = filled(engine, table, source, zone, findings, reference, total_rows)
    table = with_parts(table, source, zone, findings, total_rows)
    total_rows |= _total_rows(texts, _TOTAL_BEGINNING, among=findings.refused)
    table = _flagged(_tokenized(table, source, tokenizer), findings)
    left_out = total_rows | set(findings.refused)
    if left_out:
        table = table.take(pa.array([row for row in range(texts.num_rows) if row not in left_out], pa.int64()))
    schema = clean_schema(source, constants)
    refusals, notes = _told(findings, total_rows, texts[POSITION].to_pylist())
    return Cleaned(table.select(schema.names).cast(schema), refusals, [*notes, *corrected], bound, texts.num_rows)


def clean_schema(source: SourceFile, added: Iterable[str] = ()) -> pa.Schema:
    """The schema of :attr:`Cleaned.table`."""
    import pyarrow as pa

    columns = [(name, pa.string() if column.personal else arrow_type(column)) for name, column in source.columns.items()]
    extra = [(name, pa.string()) for name in added if name not in source.columns]
    return pa.schema([*columns, *extra, (FLAGS, pa.string()), (POSITION, pa.string())])


def _as_text(rows: pa.Table) -> pa.Table:
    """The table with all columns as text; typed columns of databases in their shortest exact form."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for index, column_field in enumerate(rows.schema):
        if not pa.types.is_string(column_field.type):
            rows = rows.set_column(index, pa.field(column_field.name, pa.string()), pc.cast(rows.column(index), pa.string()))
    return rows


def _total_rows(texts: pa.Table, pattern: str, among: Iterable[int] | None = None) -> set[int]:
    """Numbers of the rows in which some cell is the label of a total."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = list(range(texts.num_rows)) if among is None else sorted(among)
    columns = [texts[name] for name in texts.column_names if name != POSITION]
    if not wanted or not columns:
        return set()
    asked = columns if among is None else [column.take(wanted) for column in columns]
    # One look at all columns behind one another: most files are small, and each call costs more than the rows.
    cells = pa.chunked_array([chunk for column in asked for chunk in column.chunks], pa.string())
    hits = pc.indices_nonzero(pc.match_substring_regex(cells, pattern)).to_pylist()
    return {wanted[hit % len(wanted)] for hit in hits}


def _tokenized(table: pa.Table, source: SourceFile, tokenizer: Tokenizer) -> pa.Table:
    """The table with tokens in place of personal values."""
    import pyarrow as pa

    for name, column in source.columns.items():
        if column.personal:
            replaced = pa.array(tokens(table[name].to_pylist(), column.personal, tokenizer), pa.string())
            table = table.set_column(table.schema.get_field_index(name), pa.field(name, pa.string()), replaced)
    return table


def _flagged(table: pa.Table, findings: Findings) -> pa.Table:
    import pyarrow as pa

    flags = [",".join(dict.fromkeys(findings.flags.get(row, ()))) for row in range(table.num_rows)]
    return table.append_column(FLAGS, pa.array(flags, pa.string()))


def _told(findings: Findings, total_rows: set[int], positions: Sequence[str]) -> tuple[list[Refusal], list[Note]]:
    """Refusals and notes by position; a row of totals is a note, whatever else is wrong with it."""
    refusals = [
        Refusal(reason, positions[row], column)
        for row in sorted(findings.refused)
        if row not in total_rows
        for reason, column in findings.refused[row]
    ]
    notes = [Note("total_row", positions[row]) for row in sorted(total_rows)]
    return refusals, notes + _notes(findings, total_rows | set(findings.refused), positions)


def _notes(findings: Findings, left_out: set[int], positions: Sequence[str]) -> list[Note]:
    """One note per noticed value; beyond fifty of a kind in a column (one for roundings) the last counts the rest."""
    notes: list[Note] = []
    for (reason, column), rows in findings.noticed.items():
        kept = [row for row in rows if row not in left_out]
        most = 1 if reason in _PER_COLUMN else _MOST_NOTES
        notes += [Note(reason, positions[row], column) for row in kept[:most]]
        if len(kept) > most:
            notes[-1] = replace(notes[-1], detail=f"and {len(kept) - most} more from here on")
    return notes
