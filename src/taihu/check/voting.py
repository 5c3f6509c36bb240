"""Which cell is wrong where rows contradict a declared dependency, and what the other rows say it should be.

A contract says which columns follow from which (one supplier number, one name). It cannot say which of two rows is right. Here the
rows vote: every cell is judged beside the other rows of its groups, all dependencies together, so that a wrong key is told from
wrong dependents. A vote weighs more when it comes from several files, and a value that looks like a misspelling of the majority
needs fewer of them. The result names cells, gives the evidence and proposes a value; it changes nothing.

The model is the noisy channel: a value is its group's with the share of the votes there, and a cell shows another one by a typing
mistake or a mixed-up row at a small rate (Shannon 1948; Kernighan, Church and Gale 1990 for spelling; for dependencies
Bohannon et al. 2005, who ask for the cheapest change). The constants were fixed on generated tables.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taihu.check.spelling import closeness

if TYPE_CHECKING:
    import pyarrow as pa

Value = Any
Key = tuple[Value, ...]

_MOST_CHANGES = 4
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class Dependency:
    """``columns`` follow from ``by``: rows that agree in all of ``by`` should agree in each of ``columns``."""

    by: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """How votes become a decision.

    Attributes:
        error_rate: Share of cells that show another value than the true one.
        doubt: Weight, in votes, of the chance that a declared dependency has an exception here.
        least: Logarithm of the odds from which a cell counts as wrong.
    """

    error_rate: float = 0.03
    doubt: float = 0.01
    least: float = 0.0


@dataclass(frozen=True, slots=True)
class Dissent:
    """A cell that the other rows contradict.

    Attributes:
        row: Number of the row.
        column: The column.
        proposed: The value that the votes say, never applied here.
        by: The dependency with most votes for it.
        votes: Rows of that group with the proposed value, and ``files`` they come from.
        against: Other rows of that group with the cell's own value.
        closeness: How alike both spellings are, 0 to 1.
        odds: Logarithm of the odds that the cell is wrong.
    """

    row: int
    column: str
    proposed: Value
    by: tuple[str, ...]
    votes: int
    files: int
    against: int
    closeness: float
    odds: float

    @property
    def evidence(self) -> str:
        """One phrase for people, without values."""
        spelling = ", spelled almost alike" if self.closeness > 0 else ""
        others = f"{self.votes} row{'s' if self.votes > 1 else ''} of the same {' and '.join(self.by)} in {self.files} file"
        return f"{others}{'s' if self.files > 1 else ''} agree on another value, {self.against} on this one{spelling}"


def dissents(
    rows: pa.Table, dependencies: Sequence[Dependency], *, files: str = "_src_id", weights: Weights | None = None
) -> list[Dissent]:
    """The cells that the votes of the other rows contradict.

    Args:
        rows: Rows with all the columns of the dependencies; a null neither votes nor is judged.
        files: Column that tells the file of each row; where it is absent all rows are of one file.
        weights: For tuning only.

    Returns:
        At most one dissent a cell, in row order.
    """
    if not _disagree(rows, dependencies):
        return []
    ballots = _Ballots(rows, dependencies, files, weights or Weights())
    found = [dissent for number in sorted(ballots.suspects()) for dissent in ballots.judged(number)]
    return _without_ties(found, ballots)


def _disagree(rows: pa.Table, dependencies: Iterable[Dependency]) -> bool:
    """Whether any group has two values: the one question of a clean file, answered on the Arrow columns."""
    for dependency in dependencies:
        counted = rows.group_by(list(dependency.by), use_threads=False).aggregate([(name, "count_distinct") for name in dependency.columns])
        if any(_largest(counted[f"{name}_count_distinct"]) > 1 for name in dependency.columns):
            return True
    return False


def _largest(column: pa.ChunkedArray) -> int:
    import pyarrow.compute as pc

    return pc.max(column).as_py() or 0


@dataclass(slots=True)
class _Group:
    """Votes of one group for one column: rows by value, rows by value and file, and what they weigh."""

    rows: Counter[Value] = field(default_factory=Counter)
    by_file: Counter[tuple[Value, Value]] = field(default_factory=Counter)
    weights: dict[Value, float] = field(default_factory=lambda: defaultdict(float))
    total: float = 0.0

    def weigh(self) -> None:
        """Sum the votes: a file that repeats itself counts with the root of its rows."""
        for (value, _), rows in self.by_file.items():
            self.weights[value] += math.sqrt(rows)
        self.total = sum(self.weights.values())

    def own(self, value: Value, file: Value) -> float:
        """What one row of a file adds to the weight of its value."""
        rows = self.by_file.get((value, file), 0)
        return math.sqrt(rows) - math.sqrt(rows - 1) if rows else 0.0

    def files(self, value: Value) -> int:
        """Number of files that say this value."""
        return sum(said == value for said, _ in self.by_file)


class _Ballots:
    """All votes of a table, counted once."""

    def __init__(self, rows: pa.Table, dependencies: Sequence[Dependency], files: str, weights: Weights) -> None:
        names = sorted({name for dependency in dependencies for name in (*dependency.by, *dependency.columns)})
        self.dependencies = dependencies
        self.weights = weights
        self.values: dict[str, list[Value]] = {name: rows[name].to_pylist() for name in names}
        self.size: int = rows.num_rows
        self.files = rows[files].to_pylist() if files in rows.column_names else [None] * rows.num_rows
        self.share = {name: Counter(value for value in values if value is not None) for name, values in self.values.items()}
        self.deciding: dict[str, list[int]] = defaultdict(list)
        self.groups: list[dict[tuple[Key, str], _Group]] = []
        for number, dependency in enumerate(dependencies):
            self.groups.append(self._counted(dependency))
            for name in dependency.columns:
                self.deciding[name].append(number)
        self.trust = [{name: self._trust(number, name) for name in one.columns} for number, one in enumerate(dependencies)]

    def _counted(self, dependency: Dependency) -> dict[tuple[Key, str], _Group]:
        groups: dict[tuple[Key, str], _Group] = defaultdict(_Group)
        for name in dependency.columns:
            of_by = [self.values[key] for key in dependency.by]
            for file, value, key in zip(self.files, self.values[name], zip(*of_by, strict=True), strict=True):
                if value is not None and None not in key:
                    group = groups[key, name]
                    group.rows[value] += 1
                    group.by_file[value, file] += 1
        for group in groups.values():
            group.weigh()
        return groups

    def _trust(self, number: int, name: str) -> float:
        """How far a declared dependency holds: second values that several rows share are exceptions, single ones are mistakes."""
        total = exceptions = 0
        for (_, column), group in self.groups[number].items():
            if column == name and len(group.rows) > 0:
                ranked = group.rows.most_common()
                total += sum(group.rows.values())
                exceptions += sum(rows for _, rows in ranked[1:] if rows > 1)
        return 1 - min(exceptions / total, 0.9) if total else 1.0

    def suspects(self) -> set[int]:
        """Rows with a value that is not the most frequent one of a group; where the most frequent ones tie, with any of them."""
        found: set[int] = set()
        for number, dependency in enumerate(self.dependencies):
            leading = {}
            for (key, name), group in self.groups[number].items():
                if len(group.rows) > 1:
                    (first, most), (_, second) = group.rows.most_common(2)
                    leading[key, name] = first if most > second else None
            torn_names = {name for _, name in leading}
            keys = list(zip(*(self.values[key] for key in dependency.by), strict=True))
            for name in torn_names:
                values = self.values[name]
                for row, key in enumerate(keys):
                    if (key, name) in leading and values[row] is not None and values[row] != leading[key, name]:
                        found.add(row)
        return found

    # one row ------------------------------------------------------------------------------------------------------------

    def judged(self, row: int) -> list[Dissent]:
        """The cells of a row that are most probably wrong: the best change first, then what is left beside it."""
        now = {name: values[row] for name, values in self.values.items()}
        changed: dict[str, Dissent] = {}
        while len(changed) < _MOST_CHANGES:
            best: Dissent | None = None
            for name in self.deciding:
                if name in changed or now[name] is None:
                    continue
                for candidate in self._candidates(row, name, now):
                    odds = self._odds(row, name, candidate, now)
                    if odds > self.weights.least and (best is None or odds > best.odds):
                        best = self._dissent(row, name, candidate, now, odds)
            if best is None:
                break
            changed[best.column] = best
            now[best.column] = best.proposed
        return [changed[name] for name in sorted(changed)]

    def _candidates(self, row: int, name: str, now: Mapping[str, Value]) -> set[Value]:
        """Values with at least as many votes as the row's own in one of its groups; for most cells there are none."""
        found: set[Value] = set()
        shown, own = now[name], self.values[name][row]
        for number in self.deciding[name]:
            group = self._group(number, name, now)
            if group is None or len(group.rows) == (shown in group.rows):
                continue
            mine = group.weights.get(shown, 0.0)
            if shown == own and mine:
                mine -= group.own(own, self.files[row])
            found |= {value for value, _ in group.rows.most_common(3) if group.weights[value] >= mine}
        return found - {shown}

    def _group(self, number: int, name: str, now: Mapping[str, Value]) -> _Group | None:
        return self.groups[number].get((tuple(now[key] for key in self.dependencies[number].by), name))

    def _odds(self, row: int, name: str, candidate: Value, now: Mapping[str, Value]) -> float:
        """How much better the whole row fits with the candidate, less how rarely such a mistake happens."""
        changed = {**now, name: candidate}
        touched = {name} | {
            column for number, one in enumerate(self.dependencies) if name in one.by for column in one.columns if now[column] is not None
        }
        gain = sum(self._fit(row, column, changed) - self._fit(row, column, now) for column in touched)
        return gain + self._mistake(name, now[name], candidate)

    def _mistake(self, name: str, shown: Value, true: Value) -> float:
        rate = self.weights.error_rate
        slipped = 0.5 * closeness(str(shown), str(true))
        mixed_up = 0.5 * self._usual(name, shown)
        return math.log(rate * max(slipped, mixed_up) / (1 - rate))

    def _usual(self, name: str, value: Value) -> float:
        return max(self.share[name][value], 0.5) / self.size

    def _fit(self, row: int, name: str, now: Mapping[str, Value]) -> float:
        """Mean logarithm, over the dependencies that have votes, of the chance of the row's value."""
        value, own = now[name], self.values[name][row]
        usual = max(self.share[name][value] - (value == own), 0.5) / self.size
        logs = []
        for number in self.deciding[name]:
            group = self._group(number, name, now)
            if group is None:
                continue
            is_own = all(now[key] == self.values[key][row] for key in self.dependencies[number].by)
            mine = group.own(own, self.files[row]) if is_own else 0.0
            total = group.total - mine
            if total < _NOTHING:
                continue
            votes = max(group.weights.get(value, 0.0) - (mine if value == own else 0.0), 0.0)
            held = self.trust[number][name] * total / (total + self.weights.doubt)
            logs.append(math.log(held * votes / total + (1 - held) * usual))
        return math.fsum(logs) / len(logs) if logs else math.log(usual)

    def _dissent(self, row: int, name: str, candidate: Value, now: Mapping[str, Value], odds: float) -> Dissent:
        numbers = [number for number in self.deciding[name] if (group := self._group(number, name, now)) and candidate in group.rows]
        number = max(numbers, key=lambda each: self._group(each, name, now).rows[candidate])  # type: ignore[union-attr]
        group = self._group(number, name, now)
        assert group is not None
        own = now[name]
        return Dissent(
            row,
            name,
            candidate,
            self.dependencies[number].by,
            group.rows[candidate],
            group.files(candidate),
            max(group.rows[own] - 1, 0),
            closeness(str(own), str(candidate)),
            odds,
        )


def _without_ties(found: Sequence[Dissent], ballots: _Ballots) -> list[Dissent]:
    """Where two rows accuse each other with like odds, nobody can say which one is right: neither is named."""

    def place(dissent: Dissent, shown: Value, said: Value) -> tuple[Any, ...]:
        return (dissent.column, dissent.by, tuple(ballots.values[key][dissent.row] for key in dissent.by), shown, said)

    accused: dict[tuple[Any, ...], float] = {}
    for dissent in found:
        here = place(dissent, ballots.values[dissent.column][dissent.row], dissent.proposed)
        accused[here] = max(accused.get(here, -math.inf), dissent.odds)
    return [
        dissent
        for dissent in found
        if accused.get(place(dissent, dissent.proposed, ballots.values[dissent.column][dissent.row]), -math.inf) < dissent.odds - 1
    ]
