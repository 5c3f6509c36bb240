"""What a further sender of the simulated company is: what happened at it, what it sends of that and when, and what is true."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from taihu.demo.drafts import Draft, Style
from taihu.demo.facts import Facts

Cells = Mapping[tuple[str, ...], Mapping[str, Decimal]]


@dataclass(frozen=True, slots=True)
class Personal:
    """Values that must stand nowhere but in sealed objects and the vault; names of persons have at least three characters."""

    phones: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    unread_names: frozenset[str] = frozenset()
    mail_addresses: frozenset[str] = frozenset()


NOBODY = Personal()


class Sender(Protocol):
    """One kind of sender.

    Attributes:
        source: The source of the project that receives its files.
        channel: How they come: "mail", "sftp/<folder>", "inbox/<folder>" or "portal".
        styles: Its ways of writing by name; each is a layout of the source.
        grains: Table (``clean.<source>``, or a mart) to the columns by which its figures are compared; the first one is a day.
    """

    source: str
    channel: str
    styles: Mapping[str, Style]
    grains: Mapping[str, tuple[str, ...]]

    def simulate(self, facts: Facts, seed: int) -> None:
        """Add what happened at this sender to ``facts.more[source]`` (and money to ``facts.payments``)."""
        ...

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        """What it sends on a morning."""
        ...

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        """For each table of ``grains``: grain values as text to column to the exact figure."""
        ...

    def personal(self, facts: Facts) -> Personal:
        """Personal values in its files."""
        ...
