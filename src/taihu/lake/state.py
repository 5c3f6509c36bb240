"""What one version of a table consists of, read from the Delta log or carried forward over a commit of our own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taihu.lake.parts import Part, canonical

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class State:
    """One version: its schema, its partition column, and the files of each partition with their number of rows."""

    version: int
    schema: pa.Schema
    by: str | None
    parts: Mapping[str, Mapping[str, int]]

    @property
    def rows(self) -> int:
        return sum(count for files in self.parts.values() for count in files.values())

    def stamp_of(self, value: str) -> list[str]:
        """Digests of the files of a partition: the same content, the same digests."""
        return [digest_of(path) for path in sorted(self.parts.get(value, ()))]

    def holds(self, value: str, part: Part | None) -> bool:
        """True if the partition consists of exactly this part."""
        return self.stamp_of(value) == ([] if part is None else [part.digest])

    def after(self, schema: pa.Schema, added: Mapping[str, Part], removed: Collection[str]) -> State:
        """The next version, without the partitions ``removed`` and with the parts ``added``."""
        parts = {value: dict(files) for value, files in self.parts.items() if value not in removed}
        for value, part in added.items():
            parts[value] = {**parts.get(value, {}), part.path: part.rows}
        return State(self.version + 1, schema, self.by, parts)


def first_state(schema: pa.Schema, by: str | None, parts: Mapping[str, Part]) -> State:
    """Version 0."""
    return State(0, schema, by, {value: {part.path: part.rows} for value, part in parts.items()})


def state_of(opened: Any, version: int) -> State:
    """The state of an opened table."""
    import pyarrow as pa

    columns = opened.metadata().partition_columns
    by = columns[0] if columns else None
    parts: dict[str, dict[str, int]] = {}
    for action in pa.table(opened.get_add_actions(flatten=True)).to_pylist():
        value = str(action[f"partition.{by}"]) if by else ""
        parts.setdefault(value, {})[action["path"]] = int(action.get("num_records") or 0)
    schema = canonical(pa.schema(opened.schema().to_arrow()).empty_table()).schema
    return State(version, schema, by, parts)


def digest_of(path: str) -> str:
    """The digest in a file's name."""
    return path.rpartition("-")[2].partition(".")[0]
