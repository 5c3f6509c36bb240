"""Which records are one thing: what people decided, then keys, then scores; what lies between goes to a person.

A pair at or above ``SURE`` is taken, below ``DOUBTFUL`` it is forgotten, between them it is a question. A pair that scores high and
contradicts itself (another industry, another branch) is a question, too. Decisions are replayed first on every run, so a new list
or another model never undoes what a person said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from taihu.match.clusters import Clusters
from taihu.match.scoring import ID, Model, score

if TYPE_CHECKING:
    import pyarrow as pa

SURE = 0.9
DOUBTFUL = 0.2
MIDDLE, CONFLICT = "middle", "conflict"
PERSON, EXACT, SCORE = "person", "exact_key", "score"


@dataclass(frozen=True, slots=True)
class Record:
    """What one source says about one of its keys.

    Attributes:
        attributes: Text by attribute (``name``, ``uscc``, ...); an absent value is left out or empty.
        trust: How far the source is believed; 1 is most.
        is_member: It stands in the list of members, so its key is a golden id.
    """

    source: str
    key: str
    attributes: Mapping[str, str]
    trust: int = 5
    is_member: bool = False

    @property
    def id(self) -> str:
        return f"{self.source}/{self.key}"


@dataclass(frozen=True, slots=True)
class Kind:
    """How the records of a domain are compared.

    Attributes:
        attributes: Names that sources may declare.
        comparable: Records to the columns of the model.
        keys: Columns; records that agree in all columns of one entry are one thing without a score.
        exclusive: Columns of which a group holds at most one value.
        strict: The same, and nothing sets them aside.
    """

    name: str
    attributes: Sequence[str]
    comparable: Callable[[Sequence[Record]], pa.Table]
    model: Model
    keys: Sequence[Sequence[str]]
    exclusive: Sequence[str]
    strict: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """A person's word on two records."""

    left: str
    right: str
    same: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A pair for a person; of two groups only the strongest pair is asked.

    Attributes:
        why: ``middle`` of the scores, or ``conflict``: a high score and an attribute that speaks against it.
    """

    left: str
    right: str
    probability: float
    why: str


@dataclass(slots=True)
class Resolved:
    """Groups of record ids, how each record came into its group, and what is left to ask, the surest first."""

    groups: list[list[str]] = field(default_factory=list)
    decided_by: dict[str, str] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)


def resolve(records: Sequence[Record], kind: Kind, verdicts: Iterable[Verdict] = ()) -> Resolved:
    """Group records into things.

    Args:
        records: Of all sources of a domain; ids are unique.
        verdicts: The standing decisions, one for a pair.
    """
    table = kind.comparable(records)
    columns = {name: table[name].to_pylist() for name in {*kind.exclusive, *kind.strict, *(name for key in kind.keys for name in key)}}
    ids = [record.id for record in records]
    said = list(verdicts)
    made = Clusters(
        ids,
        exclusive=[dict(zip(ids, columns[name], strict=True)) for name in kind.exclusive],
        strict=[dict(zip(ids, columns[name], strict=True)) for name in kind.strict],
        apart=[(each.left, each.right) for each in said if not each.same],
    )
    result = Resolved()
    for left, right in ((each.left, each.right) for each in said if each.same):
        if left in made and right in made:
            _join(made, result, left, right, PERSON)
    members = {record.key: record.id for record in records if record.is_member}
    for record in records:
        if record.key in members and record.id != members[record.key]:
            _join(made, result, members[record.key], record.id, EXACT)
    for key in kind.keys:
        for left, right in _equal(ids, [columns[name] for name in key]):
            _join(made, result, left, right, key[0])
    questions = _take_scores(made, result, score(table, kind.model, least=DOUBTFUL))
    result.questions = _to_ask(made, questions)
    result.groups = list(made.groups().values())
    return result


def _join(made: Clusters, result: Resolved, left: str, right: str, how: str) -> bool:
    if not made.join(left, right, ask=how == SCORE):
        return False
    for record in (left, right):
        result.decided_by.setdefault(record, how)
    return True


def _equal(ids: Sequence[str], columns: Sequence[Sequence[str | None]]) -> Iterable[tuple[str, str]]:
    """Each record with the first one that has the same key."""
    first: dict[tuple[str | None, ...], str] = {}
    for record, key in zip(ids, zip(*columns, strict=True), strict=True):
        if all(key):
            if key in first:
                yield first[key], record
            else:
                first[key] = record


def _take_scores(made: Clusters, result: Resolved, pairs: pa.Table) -> list[Question]:
    """Join what is sure, the strongest first; gives back what is not."""
    left_out = []
    for left, right, probability in zip(*(pairs[name].to_pylist() for name in ("left", "right", "probability")), strict=True):
        if probability < SURE:
            left_out.append(Question(left, right, probability, MIDDLE))
        elif not _join(made, result, left, right, SCORE):
            left_out.append(Question(left, right, probability, CONFLICT))
    return left_out


def _to_ask(made: Clusters, questions: Iterable[Question]) -> list[Question]:
    seen: set[tuple[str, str]] = set()
    asked = []
    for each in questions:
        groups = made.find(each.left), made.find(each.right)
        pair = (min(groups), max(groups))
        if pair not in seen and made.may_join(each.left, each.right):
            seen.add(pair)
            asked.append(each)
    return asked


def attribute(records: Sequence[Record], name: str) -> list[str]:
    """One attribute of all records, empty where it is absent."""
    return [record.attributes.get(name, "") for record in records]


def text_table(ids: Sequence[str], columns: Mapping[str, Sequence[str | None]]) -> pa.Table:
    """Columns of text beside the ids; an empty value is null."""
    import pyarrow as pa

    return pa.table(
        {ID: pa.array(ids, pa.string())}
        | {name: pa.array([value or None for value in values], pa.string()) for name, values in columns.items()}
    )
