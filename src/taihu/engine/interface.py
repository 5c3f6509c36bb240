"""What every engine offers: the same model text must give the same rows on each of them.

Rooms above ask for this protocol, so a second engine is one more module here and one more subclass of
``tests/contract/engine``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


class Engine(Protocol):
    """Runs SQL over named tables (``schema.name``) that are given to it as files or as Arrow data."""

    def view_files(self, table: str, files: Sequence[str], schema: pa.Schema) -> None:
        """Offer the rows of Parquet files as ``table``; columns that a file lacks are null."""
        ...

    def register(self, table: str, data: pa.Table) -> None:
        """Offer Arrow data as ``table``."""
        ...

    def view(self, table: str, sql: str) -> None:
        """Offer the result of a query as ``table``, computed when it is read."""
        ...

    def drop(self, table: str) -> None:
        """Forget ``table``; nothing happens if it is not known."""
        ...

    def query(self, sql: str, params: Sequence[Any] = ()) -> pa.Table:
        """The result of a query as Arrow data."""
        ...

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The result of a query as Python values."""
        ...

    def execute(self, sql: str, params: Sequence[Any] = ()) -> None:
        """Run a statement whose result is not wanted."""
        ...

    def content_stamp(self, sql_or_table: str) -> str:
        """A stamp of names, types and rows that does not depend on the order of the rows."""
        ...

    def fresh(self) -> Engine:
        """An engine without tables that shares this one's memory and threads; its caller closes it first."""
        ...

    def close(self) -> None:
        """Give back memory and temporary files."""
        ...
