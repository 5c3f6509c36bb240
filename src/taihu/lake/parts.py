"""Parquet files of a table: written under a name that tells their content, read back with the table's schema."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taihu.core.boundary import reached
from taihu.core.errors import IntegrityError, UsageError
from taihu.lake import durable

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS_PER_GROUP = 122_880


@dataclass(frozen=True, slots=True)
class Part:
    """One file: its path inside the table, its size, its rows, the digest in its name, and the partition that it is."""

    path: str
    size: int
    rows: int
    digest: str
    value: str
    by: str | None

    def action(self) -> Any:
        """The entry of the Delta log that adds the file."""
        from deltalake.transaction import AddAction

        values = {self.by: self.value} if self.by else {}
        # Its time is not that of the clock: equal content makes an equal entry.
        return AddAction(self.path, self.size, values, 0, True, json.dumps({"numRecords": self.rows}))


def canonical(data: pa.Table) -> pa.Table:
    """The same rows in the few types that tables have, so that every engine reads what was written.

    Raises:
        UsageError: A column has a type that tables do not have, such as an instant without a zone.
    """
    import pyarrow as pa

    fields = [pa.field(field.name, _kept_type(field), nullable=True) for field in data.schema]
    schema = pa.schema(fields)
    return data.replace_schema_metadata(None) if data.schema.equals(schema, check_metadata=True) else data.cast(schema)


def _kept_type(field: pa.Field) -> pa.DataType:
    import pyarrow as pa

    kind = field.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind) or pa.types.is_string(kind):
        return pa.string()
    if pa.types.is_integer(kind):
        return kind if kind in (pa.int8(), pa.int16(), pa.int32()) else pa.int64()
    if pa.types.is_timestamp(kind):
        if kind.tz is None:
            raise UsageError(f"column {field.name} is an instant without a zone", fix="cast it to TIMESTAMPTZ, or to DATE")
        return pa.timestamp("us", "UTC")
    if pa.types.is_date(kind):
        return pa.date32()
    if pa.types.is_boolean(kind) or pa.types.is_decimal128(kind) or pa.types.is_float64(kind) or pa.types.is_float32(kind):
        return kind
    raise UsageError(f"column {field.name} has the type {kind}, which tables do not have", fix="cast it to text, a number or a date")


def merged_schema(old: pa.Schema, new: pa.Schema, table: str) -> pa.Schema:
    """The old columns followed by the new ones.

    Raises:
        UsageError: A column changed its type; that needs the whole table to be replaced.
    """
    import pyarrow as pa

    for field in new:
        if field.name in old.names and old.field(field.name).type != field.type:
            raise UsageError(
                f"column {field.name} of {table} is {old.field(field.name).type} and would become {field.type}",
                fix="replace the whole table, which also changes its types",
            )
    return pa.schema([*old, *(field for field in new if field.name not in old.names)])


def split_by(data: pa.Table, by: str) -> dict[str, pa.Table]:
    """Rows by the text of the partition column, in its order.

    Raises:
        UsageError: A row has no value there.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if by not in data.schema.names:
        raise UsageError(f"the rows have no column {by} to partition by")
    column = data[by]
    if column.null_count:
        raise UsageError(f"{column.null_count} row(s) have no value in {by}", fix="a row needs a business date to be kept by month")
    values = sorted(pc.unique(column).to_pylist())
    if len(values) <= 1:
        return {values[0]: data} if values else {}
    return {value: data.filter(pc.equal(column, pa.scalar(value, column.type))) for value in values}


class KeptParts:
    """Rows of the files that were written or read last.

    A morning asks for the same small files many times, and a file never changes: its name tells its content.

    Args:
        size: Most bytes that are kept; a larger file is read anew each time.
    """

    def __init__(self, size: int = 24_000_000) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._rows: OrderedDict[Path, pa.Table] = OrderedDict()
        self._bytes = 0

    def read(self, path: Path, schema: pa.Schema, values: Mapping[str, str]) -> pa.Table:
        """Rows of one file in the order and types of ``schema``; ``values`` are those that stand in the path.

        Raises:
            IntegrityError: The file is gone or damaged.
        """
        with self._lock:
            rows = self._rows.get(path)
        if rows is None or not path.exists():
            rows = _file_rows(path)
        self.keep(path, rows)
        return _shaped(rows, schema, values)

    def keep(self, path: Path, rows: pa.Table) -> None:
        """Remember the rows of a file, and forget those that were asked for longest ago when there are too many."""
        with self._lock:
            before = self._rows.pop(path, None)
            self._rows[path] = rows
            self._bytes += rows.nbytes - (before.nbytes if before is not None else 0)
            while self._bytes > self._size and len(self._rows) > 1:
                _, oldest = self._rows.popitem(last=False)
                self._bytes -= oldest.nbytes

    def forget(self, path: Path) -> None:
        """The file is no longer there."""
        with self._lock:
            gone = self._rows.pop(path, None)
            self._bytes -= gone.nbytes if gone is not None else 0


def write_part(folder: Path, rows: pa.Table, by: str | None, value: str, version: int, kept: KeptParts) -> Part:
    """Write rows as one Parquet file under a name made of the version that will hold it and a digest of its bytes.

    It is not flushed: a file counts only when a commit names it, and who commits flushes all of them before.
    """
    import pyarrow.parquet as pq

    place = folder / f"{by}={value}" if by else folder
    durable.make_folder(place)
    temporary = durable.temporary_path(place, "rows")
    stored = rows.drop_columns([by]) if by else rows
    pq.write_table(stored, temporary, compression="zstd", row_group_size=_ROWS_PER_GROUP, store_schema=False)
    digest = sha256()
    with temporary.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    size = temporary.stat().st_size
    name = digest.hexdigest()[:32]
    final = place / f"part-{version:05d}-{name}.zstd.parquet"
    reached("part.before_rename")
    temporary.replace(final)
    kept.keep(final, stored)
    return Part(final.relative_to(folder).as_posix(), size, rows.num_rows, name, value, by)


def _file_rows(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path).read()
    except (OSError, pa.ArrowInvalid):
        raise IntegrityError(f"a file of the table cannot be read: {path.name}", fix="taihu doctor shows which files are damaged") from None


def _shaped(rows: pa.Table, schema: pa.Schema, values: Mapping[str, str]) -> pa.Table:
    import pyarrow as pa

    columns = []
    for field in schema:
        if field.name in values:
            columns.append(pa.array([values[field.name]] * rows.num_rows, field.type))
        elif field.name in rows.schema.names:
            columns.append(rows[field.name].cast(field.type))
        else:
            columns.append(pa.nulls(rows.num_rows, field.type))
    return pa.table(columns, schema=schema)
