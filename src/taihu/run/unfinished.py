"""Files that are there but not finished: nobody shall wonder why what the sender says to have sent has not come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace

STEP = "unfinished"
_MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class Unfinished:
    """How many files of a source were not finished at its last contact, and the first few names."""

    source: str
    count: int
    names: tuple[str, ...]

    @property
    def text(self) -> str:
        """The names, and that there are more."""
        return ", ".join(self.names) + (", ..." if self.count > len(self.names) else "")


def noted(ws: Workspace) -> Mapping[str, str]:
    """What :func:`note` recorded last, by source."""
    return {name: outcome.detail for name, outcome in ws.ledger.newest_outcomes(STEP).items()}


def note(ws: Workspace, source: str, names: Sequence[str], before: str) -> None:
    """Record what is not finished, when that has changed since the last contact.

    Args:
        before: What was recorded last.
    """
    shown = sorted(names)[:_MOST_NAMES]
    detail = "\n".join([str(len(names)), *shown]) if names else ""
    if detail != before:
        reason = "incomplete_drop" if names else ""
        ws.ledger.outcome(STEP, source, status="waiting" if names else "done", reason=reason, detail=detail)


def unfinished(ws: Workspace, source: str | None = None) -> list[Unfinished]:
    """What was not finished at the last contact with each source (or one)."""
    found = []
    before = noted(ws)
    for name in ws.tree.sources if source is None else [source]:
        if before.get(name):
            count, *names = before[name].split("\n")
            found.append(Unfinished(name, int(count), tuple(names)))
    return found
