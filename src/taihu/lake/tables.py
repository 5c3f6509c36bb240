"""Delta tables: each write is one commit, and what was committed is on the disk.

The Parquet files are written here and only the commit is left to ``deltalake``: that is several times cheaper for small tables
than its own writer, lets files be flushed before the commit that names them, and puts a digest of the content into a file's name,
so that writing the same rows again finds nothing to do. Copy-on-write, no deletion vectors, zstd.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from taihu.core.boundary import reached
from taihu.core.errors import IntegrityError, NotFound, TransientError, UsageError
from taihu.core.ids import derived_id
from taihu.lake import durable
from taihu.lake.parts import KeptParts, Part, canonical, merged_schema, split_by, write_part
from taihu.lake.state import State, first_state, state_of

if TYPE_CHECKING:
    import pyarrow as pa

# Delta forgets history after 30 days unless it is told otherwise; what may go is decided by `maintain` alone.
_SETTINGS = {
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
    "delta.enableExpiredLogCleanup": "false",
    "delta.checkpointInterval": "50",
}


@dataclass(frozen=True, slots=True)
class Commit:
    """One entry of a table's history."""

    version: int
    operation: str
    metadata: Mapping[str, str]


class Tables:
    """The tables of a lake in a local folder: ``core.sell_out`` lies in ``core/sell_out``.

    Args:
        root: The folder.
        lease: Called with ``table:NAME`` around each write; gives the only writer of that table, or raises ``LeaseTaken``.
    """

    def __init__(self, root: Path | str, *, lease: Callable[[str], AbstractContextManager[object]] | None = None) -> None:
        self._root = Path(root).absolute()
        self._lease = lease or (lambda name: nullcontext())
        self._handles: dict[str, Any] = {}
        self._states: dict[tuple[str, int], State] = {}
        self._newest: dict[str, int] = {}
        self._folders: dict[str, Path] = {}
        self._kept = KeptParts()

    # reading

    def names(self) -> list[str]:
        """All tables, sorted."""
        logs = self._root.glob("*/*/_delta_log")
        return sorted(f"{log.parent.parent.name}.{log.parent.name}" for log in logs if any(log.glob("*.json")))

    def exists(self, table: str) -> bool:
        return self._known_newest(table) is not None or any((self._folder(table) / "_delta_log").glob("*.json"))

    def version(self, table: str) -> int:
        """The newest version; a table starts at 0. Told by the names in its log, so that asking hundreds of tables opens none."""
        known = self._known_newest(table)
        if known is not None:
            return known
        log = self._folder(table) / "_delta_log"
        found = [int(path.stem) for path in log.glob("*.json") if path.stem.isdigit()]
        return max(found) if found else self._state(table).version

    def schema(self, table: str, version: int | None = None) -> pa.Schema:
        return self._state(table, version).schema

    def partition_column(self, table: str) -> str | None:
        return self._state(table).by

    def partitions(self, table: str, version: int | None = None) -> list[str]:
        """Values of the partition column that have rows; ``['']`` for a table that is not partitioned and has some."""
        return sorted(self._state(table, version).parts)

    def stamps(self, table: str, version: int | None = None) -> dict[str, str]:
        """A stamp of the content of each partition (``''`` without partitions): another stamp, other content."""
        state = self._state(table, version)
        return {value: derived_id("part", state.stamp_of(value), length=24) for value in sorted(state.parts)}

    def row_count(self, table: str, version: int | None = None) -> int:
        """Number of rows, from the log alone."""
        return self._state(table, version).rows

    def files(self, table: str, version: int | None = None, *, partitions: Sequence[str] | None = None) -> list[str]:
        """Paths of the Parquet files of a version, of all or of the named partitions."""
        state = self._state(table, version)
        folder = self._folder(table)
        wanted = sorted(state.parts if partitions is None else set(partitions) & set(state.parts))
        return [str(folder / unquote(path)) for value in wanted for path in sorted(state.parts[value])]

    def read(self, table: str, version: int | None = None, *, partitions: Sequence[str] | None = None) -> pa.Table:
        """Rows of a version, of all or of the named partitions."""
        import pyarrow as pa

        state = self._state(table, version)
        folder = self._folder(table)
        wanted = sorted(state.parts if partitions is None else set(partitions) & set(state.parts))
        parts = [
            self._kept.read(folder / unquote(path), state.schema, {state.by: value} if state.by else {})
            for value in wanted
            for path in sorted(state.parts[value])
        ]
        return pa.concat_tables(parts) if parts else state.schema.empty_table()

    def history(self, table: str) -> list[Commit]:
        """All commits, newest first, with the metadata that was given to them."""
        known = {"timestamp", "operation", "operationParameters", "operationMetrics", "engineInfo", "clientVersion", "version"}
        entries = self._handle(table).history()
        return [
            Commit(int(entry["version"]), str(entry.get("operation", "")), {k: str(v) for k, v in entry.items() if k not in known})
            for entry in entries
        ]

    # writing

    def replace(self, table: str, data: pa.Table, *, by: str | None = None, metadata: Mapping[str, str] | None = None) -> int:
        """Make ``data`` the whole content, with its schema; ``by`` names the partition column.

        Returns:
            The version; it is the old one if the content is the same file for file.
        """
        data = canonical(data)
        with self._lease(f"table:{table}"):
            state = self._state(table) if self.exists(table) else None
            if state is not None and state.by != by:
                return self._repartition(table, data, by, metadata)
            parts = self._write(table, data, by, state.version + 1 if state else 0)
            replaced = set(parts) | set(state.parts if state else ())
            return self._commit(table, state, data.schema, by, parts, replaced=replaced, metadata=metadata)

    def replace_partitions(
        self, table: str, data: pa.Table, partitions: Sequence[str], by: str = "_month", *, metadata: Mapping[str, str] | None = None
    ) -> int:
        """Replace the named partitions by the rows of ``data``; a named partition without rows becomes empty.

        Columns that the table does not have yet are added; other partitions have null there.
        """
        data = canonical(data)
        strangers = set(split_by(data, by)) - set(partitions)
        if strangers:
            raise UsageError(f"rows of {sorted(strangers)} were handed to a write of other partitions of {table}")
        with self._lease(f"table:{table}"):
            state = self._state(table) if self.exists(table) else None
            self._require_by(table, state, by)
            schema = merged_schema(state.schema, data.schema, table) if state else data.schema
            parts = self._write(table, data, by, state.version + 1 if state else 0)
            return self._commit(table, state, schema, by, parts, replaced=set(partitions), metadata=metadata)

    def append(self, table: str, data: pa.Table, *, by: str | None = None, metadata: Mapping[str, str] | None = None) -> int:
        """Add rows; a table that is not there yet is made, partitioned by ``by``."""
        data = canonical(data)
        with self._lease(f"table:{table}"):
            state = self._state(table) if self.exists(table) else None
            if state is None:
                return self._commit(table, None, data.schema, by, self._write(table, data, by, 0), metadata=metadata)
            schema = merged_schema(state.schema, data.schema, table)
            if not schema.equals(state.schema):
                return self._append_columns(table, state, schema, data, metadata)
            parts = self._write(table, data, state.by, state.version + 1)
            return self._commit(table, state, schema, state.by, parts, metadata=metadata, keep=True) if parts else state.version

    def merge(self, table: str, data: pa.Table, keys: Sequence[str], *, metadata: Mapping[str, str] | None = None) -> int:
        """Update rows that have the same keys and add the others; only the partitions that hold such rows are rewritten."""
        import pyarrow as pa

        if not self.exists(table):
            return self.replace(table, data, metadata=metadata)
        data = canonical(data)
        state = self._state(table)
        old = self.read(table)
        number = pa.array(range(old.num_rows), pa.int64())
        left = old.select(list(keys)).append_column("_number", number)
        kept = left.join(data.select(list(keys)), list(keys), join_type="left anti")["_number"]
        survivors = old.take(kept.combine_chunks().sort())
        result = pa.concat_tables([survivors, data], promote_options="default")
        if state.by is None:
            return self.replace(table, result, metadata=metadata)
        gone = old.filter(_not_in(number, kept))
        touched = sorted(set(split_by(gone, state.by)) | set(split_by(data, state.by)))
        return self.replace_partitions(table, _only(result, state.by, touched), touched, state.by, metadata=metadata)

    def maintain(self, table: str, keep_versions: Sequence[int] = ()) -> list[str]:
        """Remove files that neither the newest nor a kept version needs, and what a crash left; returns their names."""
        with self._lease(f"table:{table}"):
            folder = self._folder(table)
            removed = [path.name for path in durable.sweep(folder)]
            newest = self.version(table)
            needed = {path for version in {newest, *keep_versions} for path in self.files(table, version)}
            for path in sorted(folder.rglob("*.parquet")):
                if "_delta_log" not in path.parts and str(path) not in needed:
                    path.unlink()
                    removed.append(path.name)
            return removed

    def sweep(self) -> list[str]:
        """Remove unfinished files of a crash; the caller knows that nobody else is at work on any table."""
        return [path.name for path in durable.sweep(self._root)]

    # inside

    def _folder(self, table: str) -> Path:
        if table in self._folders:
            return self._folders[table]
        schema, dot, name = table.partition(".")
        if not dot or not schema or not name or "/" in table or "\\" in table:
            raise UsageError(f"{table!r} is not a table name", fix="tables are named schema.name, such as core.sell_out")
        return self._folders.setdefault(table, self._root / schema / name)

    def _handle(self, table: str) -> Any:
        """The opened table, brought up to its newest version."""
        import deltalake
        from deltalake.exceptions import DeltaError

        try:
            handle = self._handles.get(table)
            if handle is None:
                handle = self._handles[table] = deltalake.DeltaTable(str(self._folder(table)))
            elif handle.version() != self._known_newest(table):
                handle.update_incremental()
            return handle
        except DeltaError as error:
            raise self._translated(table, error) from None

    def _state(self, table: str, version: int | None = None) -> State:
        import deltalake
        from deltalake.exceptions import DeltaError

        if version is None and (newest := self._known_newest(table)) is not None:
            return self._states[table, newest]
        if version is not None and (table, version) in self._states:
            return self._states[table, version]
        if not self.exists(table):
            raise NotFound(f"there is no table {table}", fix="taihu run builds the tables")
        handle = self._handle(table)
        newest = self._newest[table] = int(handle.version())
        wanted = newest if version is None else version
        if (table, wanted) not in self._states:
            if not 0 <= wanted <= newest:
                raise NotFound(f"table {table} has no version {wanted}", fix=f"its newest version is {newest}")
            try:
                opened = handle if wanted == newest else deltalake.DeltaTable(str(self._folder(table)), version=wanted)
                self._states[table, wanted] = state_of(opened, wanted)
            except DeltaError as error:
                raise self._translated(table, error) from None
        return self._states[table, wanted]

    def _known_newest(self, table: str) -> int | None:
        """The version that was newest when last looked, if no commit came after it: one look for the next log entry tells."""
        known = self._newest.get(table)
        if known is None or (table, known) not in self._states:
            return None
        log = self._folder(table) / "_delta_log"
        return known if (log / f"{known:020d}.json").exists() and not (log / f"{known + 1:020d}.json").exists() else None

    def _write(self, table: str, data: pa.Table, by: str | None, version: int) -> dict[str, Part]:
        folder = self._folder(table)
        durable.make_folder(folder)
        groups = split_by(data, by) if by else ({"": data} if data.num_rows else {})
        return {value: write_part(folder, rows, by, value, version, self._kept) for value, rows in groups.items()}

    def _commit(
        self,
        table: str,
        state: State | None,
        schema: pa.Schema,
        by: str | None,
        parts: Mapping[str, Part],
        *,
        metadata: Mapping[str, str] | None,
        replaced: Collection[str] = (),
        keep: bool = False,
    ) -> int:
        """One commit: of the ``replaced`` partitions, those whose content is another one; with ``keep``, files are only added."""
        import deltalake
        from deltalake.transaction import create_table_with_add_actions

        # No retries: deltalake would commit an overwrite again beside what came in between instead of replacing it (measured).
        properties = deltalake.CommitProperties(custom_metadata=commit_text(metadata or {}), max_commit_retries=0)
        columns = [by] if by else []
        try:
            if state is None:
                adds = self._flushed(table, parts)
                delta_schema = deltalake.Schema.from_arrow(schema)
                after = first_state(schema, by, parts)
                reached("table.before_commit")
                create_table_with_add_actions(
                    str(self._folder(table)), delta_schema, adds, "error", columns, configuration=_SETTINGS, commit_properties=properties
                )
            else:
                changed = sorted(parts if keep else (value for value in replaced if not state.holds(value, parts.get(value))))
                self._drop_unneeded(table, [part for value, part in parts.items() if value not in changed])
                if not changed and state.schema.equals(schema):
                    return state.version
                added = {value: parts[value] for value in changed if value in parts}
                adds = self._flushed(table, added)
                # An overwrite that touches no partition at all still takes the new schema over.
                filters = [(by, "in", changed or ["-"])] if by and not keep else None
                after = state.after(schema, added, () if keep else changed)
                handle = self._handle_at(table, state.version)
                reached("table.before_commit")
                handle.create_write_transaction(
                    adds, "append" if keep else "overwrite", schema, columns, filters, commit_properties=properties
                )
        except deltalake.exceptions.DeltaError as error:
            raise self._translated(table, error) from None
        self._sync_log(table, after.version)
        reached("table.committed")
        self._states[table, after.version] = after
        self._newest[table] = after.version
        return after.version

    def _handle_at(self, table: str, version: int) -> Any:
        """The opened table, if it is still at the version that the new content was computed for."""
        handle = self._handle(table)
        if handle.version() != version:
            raise TransientError(f"another writer changed {table} at the same time", fix="it is tried again with the newest version")
        return handle

    def _append_columns(self, table: str, state: State, schema: pa.Schema, data: pa.Table, metadata: Mapping[str, str] | None) -> int:
        """Rows with further columns: Delta takes a wider schema over only where files are replaced, so those partitions are."""
        import pyarrow as pa

        touched = set(split_by(data, state.by)) if state.by else {""}
        old = self.read(table)
        old = _only(old, state.by, sorted(touched)) if state.by else old
        parts = self._write(table, pa.concat_tables([old, data], promote_options="default"), state.by, state.version + 1)
        return self._commit(table, state, schema, state.by, parts, replaced=touched, metadata=metadata)

    def _repartition(self, table: str, data: pa.Table, by: str | None, metadata: Mapping[str, str] | None) -> int:
        """A table that changes its partition column is rewritten by Delta's own writer, in one commit."""
        import deltalake

        properties = deltalake.CommitProperties(custom_metadata=commit_text(metadata or {}), max_commit_retries=0)
        writer = deltalake.WriterProperties(compression="ZSTD")
        reached("table.before_commit")
        deltalake.write_deltalake(
            self._handle(table), data, mode="overwrite", schema_mode="overwrite", partition_by=[by] if by else [],
            writer_properties=writer, commit_properties=properties,
        )  # fmt: skip
        files = [Path(path) for path in self.files(table)]
        durable.sync_all([*files, *{file.parent for file in files}])
        self._sync_log(table, self._state(table).version)
        reached("table.committed")
        return self._state(table).version

    def _require_by(self, table: str, state: State | None, by: str) -> None:
        if state is not None and state.by != by:
            raise UsageError(f"{table} is not partitioned by {by}", fix="replace the whole table once")

    def _sync_log(self, table: str, version: int) -> None:
        log = self._folder(table) / "_delta_log"
        # One after the other: an entry is trusted by its name, which must not be on the disk before what it says.
        durable.sync_file(log / f"{version:020d}.json")
        durable.sync_folder(log)

    def _drop_unneeded(self, table: str, parts: Collection[Part]) -> None:
        """Remove new files of partitions that are what they were; one that cannot be removed now goes with ``maintain``."""
        for part in parts:
            path = self._folder(table) / part.path
            self._kept.forget(path)
            with suppress(OSError):
                path.unlink()

    def _flushed(self, table: str, parts: Mapping[str, Part]) -> list[Any]:
        """The log's entries of new files, once these are on the disk."""
        files = [self._folder(table) / part.path for part in parts.values()]
        durable.sync_all([*files, *{file.parent for file in files}])
        return [part.action() for part in parts.values()]

    def _translated(self, table: str, error: Exception) -> Exception:
        from deltalake.exceptions import CommitFailedError, TableNotFoundError

        self._handles.pop(table, None)
        kind = type(error).__name__
        if isinstance(error, CommitFailedError):
            return TransientError(f"another writer changed {table} at the same time", fix="it is tried again with the newest version")
        if isinstance(error, TableNotFoundError):
            return NotFound(f"there is no table {table}", fix="taihu run builds the tables")
        return IntegrityError(f"the log of {table} cannot be used: {kind}", fix="taihu doctor shows which files are damaged")


def _not_in(numbers: pa.Array, kept: pa.ChunkedArray) -> pa.Array:
    import pyarrow.compute as pc

    return pc.invert(pc.is_in(numbers, value_set=kept.combine_chunks()))


def _only(data: pa.Table, by: str, values: Sequence[str]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    return data.filter(pc.is_in(data[by], value_set=pa.array(list(values), pa.string())))


def commit_text(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Commit metadata as Delta keeps it: texts, sorted."""
    return {key: value if isinstance(value, str) else json.dumps(value, sort_keys=True) for key, value in sorted(metadata.items())}
