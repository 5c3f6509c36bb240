"""Files that a person hands in: landed like any other, once, with the name of who did it on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from taihu.core.errors import UsageError

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Uploaded:
    """One file: its arrival, and whether it is new (the same bytes under the same name are taken once)."""

    name: str
    arrival_id: str
    is_new: bool


def upload(
    ws: Workspace, source: str, paths: Sequence[Path], *, who: str, why: str = "", sender: str = "", subject: str = ""
) -> list[Uploaded]:
    """Land files for a source; the next run reads them. All of them are looked at before any is landed.

    Args:
        why: Why it is handed in; on record beside the name.
        sender: From whom it is, for sources that know their parties by the sender.
        subject: For sources that look for party or days there.

    Raises:
        NotFound: There is no such file.
        ContentRefused: A file is too large.
        UsageError: There is no such source, or it knows its parties by something that is not given.
    """
    from taihu.collect.upload import handed_in

    entry = ws.tree.source(source)
    _require(entry.file.party.found_in if entry.file.party else "", {"sender": sender, "subject": subject}, source)
    files = [handed_in(path, ws.clock, who=who, sender=sender, subject=subject) for path in paths]
    done = []
    with ws.ledger.lease("run"):
        for file in files:
            is_new = file.item.key not in ws.ledger.known_items(source)
            sealed = ws.objects.put(file.content, file.item.name)
            arrival = ws.ledger.arrival_landed(source, file.item, sealed)
            if is_new:
                ws.ledger.decided("upload", f"{source}/{arrival}", who=who, why=why or file.item.name)
            done.append(Uploaded(file.item.name, arrival, is_new))
    return done


def _require(found_in: str, given: dict[str, str], source: str) -> None:
    """A file that could only be held as of an unknown party is refused while the person is still there."""
    if found_in in given and not given[found_in]:
        raise UsageError(
            f"{source} knows its parties by the {found_in}",
            where=f"sources/{source}/source.yml",
            fix=f"add --{found_in} as it was in the mail",
        )
