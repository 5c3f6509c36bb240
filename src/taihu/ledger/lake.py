"""Verbs of tables in the lake: which content each partition was built from, so the next run rebuilds what changed and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from taihu.ledger.store import Store, chunks

if TYPE_CHECKING:
    from sqlalchemy import Connection


class StampVerbs(Store):
    """Partition stamps, versions and definitions of tables."""

    def partition_stamps(self, table: str) -> dict[str, str]:
        """Partition to stamp; an unpartitioned table has the one partition ``""``."""
        partition = self._t.partition
        with self._read() as connection:
            rows = connection.execute(partition.select().where(partition.c.table == table).order_by(partition.c.partition)).all()
        return {row.partition: row.stamp for row in rows}

    def stamps_set(
        self, table: str, stamps: Mapping[str, str], *, version: int | None, definition: str = "", removed: Iterable[str] = ()
    ) -> None:
        """A table was written: its partitions' stamps, its version, its definition's fingerprint, in one transaction.

        It is an asynchronous one: what a power cut takes back is found out again by computing the same rows.

        Args:
            table: ``schema.name``.
            stamps: Partitions that were written.
            version: The table's version after it; None keeps what is known.
            definition: Fingerprint of the SQL; empty keeps what is known.
            removed: Partitions that no longer exist.
        """
        with self._write(asynchronous=True) as connection:
            self._stamp(connection, table, stamps, version=version, definition=definition or None, removed=removed)

    def definition(self, table: str) -> str | None:
        """Fingerprint of the definition that the table was built with."""
        found = self._table_row(table)
        return found[1] or None if found else None

    def table_version(self, table: str) -> int | None:
        """Version of the table that the stamps belong to."""
        found = self._table_row(table)
        return found[0] if found else None

    def stamped_tables(self) -> dict[str, int | None]:
        """All tables that have stamps, with their version."""
        table = self._t.lake_table
        with self._read() as connection:
            return {row.name: row.version for row in connection.execute(table.select().order_by(table.c.name))}

    def _table_row(self, name: str) -> tuple[int | None, str] | None:
        table = self._t.lake_table
        with self._read() as connection:
            row = connection.execute(table.select().where(table.c.name == name)).first()
        return (row.version, row.definition) if row else None

    def _stamp(
        self,
        connection: Connection,
        table: str,
        stamps: Mapping[str, str],
        *,
        version: int | None,
        definition: str | None,
        removed: Iterable[str],
    ) -> None:
        partition, lake_table = self._t.partition, self._t.lake_table
        for part in chunks(list(removed)):
            connection.execute(partition.delete().where(partition.c.table == table, partition.c.partition.in_(list(part))))
        self._put(
            connection,
            partition,
            [{"table": table, "partition": name, "stamp": stamp, "version": version} for name, stamp in stamps.items()],
        )
        known = connection.execute(lake_table.select().where(lake_table.c.name == table)).first()
        row = {
            "name": table,
            "version": version if version is not None or known is None else known.version,
            "definition": definition if definition is not None or known is None else known.definition,
            "changed_at": self._now_text(),
        }
        self._put(connection, lake_table, [{**row, "definition": row["definition"] or ""}])
