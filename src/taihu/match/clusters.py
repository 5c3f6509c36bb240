"""From scored pairs to groups of records, without chains that join two companies through a third line.

Plain connected components are the main leak of precision: A like B and B like C makes one of A and C. Here pairs are taken from the
strongest on, and two groups are joined only while the whole stays possible: at most one value of each exclusive attribute (credit code,
branch), and nothing in it that a person set apart. What a person decided comes before any score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Values = Mapping[str, str | None]


class Clusters:
    """Groups of records that grow under constraints.

    Args:
        records: Ids of all records.
        exclusive: For each attribute the value of each record; a group holds at most one value of it. Records without one fit anywhere.
        strict: The same for attributes that not even a key or a person can set aside.
        apart: Pairs that are never in one group.
    """

    def __init__(
        self,
        records: Iterable[str],
        *,
        exclusive: Sequence[Values] = (),
        strict: Sequence[Values] = (),
        apart: Iterable[tuple[str, str]] = (),
    ) -> None:
        self._parent = {record: record for record in records}
        self._exclusive = [self._held(values) for values in exclusive]
        self._strict = [self._held(values) for values in strict]
        self._apart: dict[str, set[str]] = {}
        for left, right in apart:
            if left in self and right in self:
                self._apart.setdefault(left, set()).add(right)
                self._apart.setdefault(right, set()).add(left)

    def _held(self, values: Values) -> dict[str, set[str]]:
        return {record: {value} for record in self._parent if (value := values.get(record))}

    def __contains__(self, record: str) -> bool:
        return record in self._parent

    def find(self, record: str) -> str:
        """The record that stands for the group."""
        root = record
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[record] != root:
            self._parent[record], record = root, self._parent[record]
        return root

    def join(self, left: str, right: str, *, ask: bool = True) -> bool:
        """Put two groups together unless that is impossible.

        Args:
            ask: False for what a key or a person says: exclusive attributes do not speak against it, strict ones and pairs set apart do.

        Returns:
            Whether both are in one group now.
        """
        first, second = self.find(left), self.find(right)
        if first == second:
            return True
        if not self._may_meet(first, second) or (ask and not _fit(self._exclusive, first, second)):
            return False
        keep, gone = sorted((first, second))
        self._parent[gone] = keep
        for values in (*self._exclusive, *self._strict):
            if gone in values:
                values.setdefault(keep, set()).update(values.pop(gone))
        for other in self._apart.pop(gone, ()):
            self._apart[other].discard(gone)
            self._apart[other].add(keep)
            self._apart.setdefault(keep, set()).add(other)
        return True

    def may_join(self, left: str, right: str) -> bool:
        """Whether a person could still put them together."""
        first, second = self.find(left), self.find(right)
        return first != second and self._may_meet(first, second)

    def groups(self) -> dict[str, list[str]]:
        """All groups by the record that stands for them, records sorted."""
        found: dict[str, list[str]] = {}
        for record in sorted(self._parent):
            found.setdefault(self.find(record), []).append(record)
        return found

    def _may_meet(self, first: str, second: str) -> bool:
        return second not in self._apart.get(first, ()) and _fit(self._strict, first, second)


def _fit(attributes: Sequence[Mapping[str, set[str]]], first: str, second: str) -> bool:
    """Whether no attribute would have more values than before: where two are in a group already, what has one of them still fits."""
    nothing: set[str] = set()
    held = ((values.get(first, nothing), values.get(second, nothing)) for values in attributes)
    return all(one <= other or other <= one for one, other in held)
