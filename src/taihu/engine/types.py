"""Names and types at the border between Arrow and SQL, written once for every engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taihu.core.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa


def quoted(name: str) -> str:
    """A column or table name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def split_name(table: str) -> tuple[str, str]:
    """``core.sell_out`` as schema and name."""
    schema, dot, name = table.partition(".")
    if not dot or not schema or not name:
        raise UsageError(f"{table!r} is not a table name", fix="tables are named schema.name, such as core.sell_out")
    return schema, name


def sql_type(kind: pa.DataType) -> str:
    """The SQL type that holds values of an Arrow type.

    Raises:
        UsageError: For types that tables of the lake do not have.
    """
    import pyarrow as pa

    text = {
        pa.int8(): "TINYINT",
        pa.int16(): "SMALLINT",
        pa.int32(): "INTEGER",
        pa.int64(): "BIGINT",
        pa.uint64(): "UBIGINT",
        pa.float32(): "FLOAT",
        pa.float64(): "DOUBLE",
        pa.bool_(): "BOOLEAN",
        pa.date32(): "DATE",
        pa.null(): "INTEGER",
        pa.binary(): "BLOB",
    }.get(kind)
    if text:
        return text
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "VARCHAR"
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    if pa.types.is_timestamp(kind):
        return "TIMESTAMPTZ" if kind.tz else "TIMESTAMP"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"{sql_type(kind.value_type)}[]"
    raise UsageError(f"columns of type {kind} are not used in tables", fix="cast the column to text, a number, a date or an instant")
