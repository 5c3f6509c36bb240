"""What does not come, and what a person can do about it: sources that are away, items that cannot be had, logins refused.

Everything here stands in the ledger already; this puts it beside each other for ``taihu status`` and ``taihu retry``, and takes
a person's word that the cause is gone: the next run then tries again, through the same code as always.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from taihu.core.errors import NotFound
from taihu.ledger.records import Letter, RefusedLogin

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Trouble:
    """A source of which not everything comes.

    Attributes:
        state: ``resting`` until ``retry_at``; ``half_open`` when the next run tries it once; ``away`` when its last contact
            failed and the next run tries as usual; ``refused`` when its account was; ``items`` when only items are missing.
        failures: Runs in a row in which it was away.
        error: What the last of them said.
        letters: Items that could not be fetched; the dead ones are not tried any more.
    """

    source: str
    state: Literal["resting", "half_open", "away", "refused", "items"]
    failures: int = 0
    error: str = ""
    retry_at: dt.datetime | None = None
    letters: tuple[Letter, ...] = ()

    @property
    def dead(self) -> int:
        return sum(letter.is_dead for letter in self.letters)


def troubles(ws: Workspace, source: str | None = None) -> list[Trouble]:
    """Every source of which not everything comes, by name."""
    refused = {refusal.account: refusal for refusal in ws.ledger.refused_logins()}
    letters: dict[str, list[Letter]] = {}
    for letter in ws.ledger.letters(source):
        letters.setdefault(letter.source, []).append(letter)
    found = []
    for name, entry in ws.tree.sources.items():
        if source not in (None, name):
            continue
        breaker = ws.ledger.breaker(name)
        mine = tuple(letters.get(name, ()))
        refusal = refused.get(entry.file.collect.account or "")
        if breaker.is_open and breaker.retry_at is not None:
            state: Literal["resting", "half_open"] = "resting" if ws.clock.now() < breaker.retry_at else "half_open"
            found.append(Trouble(name, state, breaker.failures, breaker.last_error, breaker.retry_at, mine))
        elif refusal is not None:
            found.append(Trouble(name, "refused", 1, refusal.what, None, mine))
        elif breaker.failures:
            found.append(Trouble(name, "away", breaker.failures, breaker.last_error, None, mine))
        elif mine:
            found.append(Trouble(name, "items", 0, mine[-1].detail, None, mine))
    return found


def refused_logins(ws: Workspace) -> list[RefusedLogin]:
    """Refused logins of accounts that the project still has."""
    return [refusal for refusal in ws.ledger.refused_logins() if refusal.account in ws.tree.file.accounts]


def revive(ws: Workspace, names: Sequence[str] = (), *, accounts: Iterable[str] = (), everything: bool = False, who: str) -> list[str]:
    """Let the next run try again what had been given up or left alone; on record.

    Args:
        names: Sources, or ids of single items (the beginning of one is enough).
        accounts: Accounts whose refused login may be tried once more.
        everything: All of it.

    Returns:
        The sources that are concerned.

    Raises:
        NotFound: A name is neither a source nor an item.
    """
    items: dict[str, set[str] | None] = {}
    logins = set(accounts)
    for trouble in troubles(ws) if everything else ():
        items[trouble.source] = None
    if everything:
        logins |= {refusal.account for refusal in ws.ledger.refused_logins()}
    for name in names:
        if name in ws.tree.sources:
            items[name] = None
            continue
        letter = letter_named(ws, name)
        chosen = items.setdefault(letter.source, set())
        if chosen is not None:
            chosen.add(letter.id)
    for account in logins:
        if account not in ws.tree.file.accounts and not everything:
            raise NotFound(f"there is no account {account!r}", fix=f"accounts: {', '.join(ws.tree.file.accounts)}")
        ws.ledger.login_tried_again(account)
        for name, entry in ws.tree.sources.items():
            if entry.file.collect.account == account:
                items.setdefault(name, None)
    for source, chosen in items.items():
        ws.ledger.letters_revived(source, chosen)
        ws.ledger.breaker_closed(source)
        ws.ledger.audited("retry", source, who=who, detail=", ".join(sorted(chosen)) if chosen else "all")
    return sorted(items)


def letter_named(ws: Workspace, name: str) -> Letter:
    """The item whose id begins like this."""
    found = [letter for letter in ws.ledger.letters() if letter.id.startswith(name)]
    if len(found) != 1:
        raise NotFound(f"{name!r} is neither a source nor one item that could not be fetched", fix="taihu retry lists them")
    return found[0]
