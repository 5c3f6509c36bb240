"""Questions of the matching: what waits for a person, and the person's answers with their reasons.

An answer is on record at once and holds from then on; the maps follow with the next run. Taking it back is an answer, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taihu.core.errors import NotFound, UsageError
from taihu.manifest.matching import described_kinds

if TYPE_CHECKING:
    from taihu.ledger.records import Decision
    from taihu.project.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Side:
    """One key of a pair, and what its source says of it."""

    source: str
    key: str
    says: Mapping[str, str]

    @property
    def id(self) -> str:
        return f"{self.source}/{self.key}"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two keys that may be one thing.

    Attributes:
        probability: What the comparison says; None for a decided pair.
        why: ``middle`` of the scores, or ``conflict``: a high score and something that speaks against it.
        decision: What a person said of it.
    """

    id: str
    domain: str
    left: Side
    right: Side
    probability: float | None
    why: str
    decision: Decision | None = None


def open_pairs(ws: Workspace, domain: str | None = None) -> list[Pair]:
    """Pairs that wait for a person, by domain, the surest first.

    Raises:
        UsageError: The project has no such domain, or it is not described.
    """
    found = []
    for name in _domains(ws, domain):
        decided = ws.ledger.verdicts(name)
        rows = ws.clean_rows(f"match.{name}_review").to_pylist()
        pairs = (
            Pair(
                row["id"],
                name,
                Side(row["left_source"], row["left_key"], json.loads(row["left_says"])),
                Side(row["right_source"], row["right_key"], json.loads(row["right_says"])),
                row["probability"],
                row["why"],
            )
            for row in rows
        )
        found += [pair for pair in pairs if _key(pair) not in decided]
    return found


def decided_pairs(ws: Workspace, domain: str | None = None) -> list[Pair]:
    """Pairs that people decided, the newest first."""
    from taihu.match.golden import question_id

    found = []
    for name in _domains(ws, domain):
        for (left, right), decision in ws.ledger.verdicts(name).items():
            sides = [Side(*each.partition("/")[::2], says={}) for each in (left, right)]
            pair = Pair(question_id(name, left, right), name, sides[0], sides[1], None, "", decision)
            found.append((decision.decided_at, pair))
    return [pair for _, pair in sorted(found, key=lambda each: each[0], reverse=True)]


def find_pair(ws: Workspace, id_or_prefix: str, *, decided: bool) -> Pair:
    """One pair by its id or the first characters of it.

    Raises:
        NotFound: There is none, or there are several.
    """
    pairs = decided_pairs(ws) if decided else open_pairs(ws) + decided_pairs(ws)
    found = [pair for pair in pairs if pair.id.startswith(id_or_prefix)]
    if len(found) != 1:
        raise NotFound(f"{len(found)} pairs have the id {id_or_prefix}", fix="see taihu review --json")
    return found[0]


def decide(ws: Workspace, pair: Pair, same: bool | None, *, who: str, why: str) -> str:
    """Record that both keys are one thing, that they are not, or (None) that the answer is taken back; gives the decision's id.

    Raises:
        AccessRefused: ``roles.yml`` names who may, and ``who`` is not among them.
        UsageError: No reason is given.
    """
    from taihu.guard.roles import require

    if not why.strip():
        raise UsageError("a pair is decided for a reason", fix="add --because REASON")
    require(ws.tree.roles, who, "match")
    return ws.ledger.matched(pair.domain, pair.left.id, pair.right.id, same, who=who, why=why)


def _key(pair: Pair) -> tuple[str, str]:
    left, right = sorted((pair.left.id, pair.right.id))
    return left, right


def _domains(ws: Workspace, domain: str | None) -> list[str]:
    known = sorted(described_kinds(ws.tree))
    if domain is None:
        return known
    if domain not in known:
        raise UsageError(
            f"no source describes the keys of {domain}", where="sources", fix="say what its columns are with describes: <domain>.name"
        )
    return [domain]
