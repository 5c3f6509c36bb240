"""What the ledger says of sources before a step begins, asked once for all of them.

A question costs the same for one source as for thirty; a morning that asks source by source spends more time asking than judging.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from taihu.ledger.records import Arrival, Expectation, ExpectationState, winners_of

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace

T = TypeVar("T", Arrival, Expectation)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One source.

    Attributes:
        arrivals: In the order of landing.
        expectations: By day and party.
        waived: Party and day that a person has waived.
    """

    arrivals: Sequence[Arrival] = ()
    expectations: Sequence[Expectation] = ()
    waived: frozenset[tuple[str, dt.date]] = frozenset()

    def winners(self) -> dict[tuple[str, dt.date], str]:
        """For each party and day the arrival that speaks for it."""
        return winners_of(self.arrivals)


def recorded(ws: Workspace, sources: Collection[str], *, state: ExpectationState | None = None) -> Mapping[str, Recorded]:
    """What is recorded of these sources.

    Args:
        state: Only expectations in this state.
    """
    one = next(iter(sources)) if len(sources) == 1 else None
    arrivals = _by_source(ws.ledger.arrivals(source=one), sources)
    expectations = _by_source(ws.ledger.expectations(source=one, state=state), sources)
    waived = ws.ledger.waivers(sources)
    return {name: Recorded(arrivals[name], expectations[name], frozenset(waived[name])) for name in sources}


def _by_source(rows: Iterable[T], sources: Collection[str]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {name: [] for name in sources}
    for row in rows:
        if row.source in found:
            found[row.source].append(row)
    return found
