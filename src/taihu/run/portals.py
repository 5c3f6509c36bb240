"""Portals one at a time: the connector of a source with a project's accounts, secrets and ledger, for a person at the keyboard."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from taihu.collect.portal import PortalConnector, Rehearsed
from taihu.collect.portal_engine import PortalEngine
from taihu.core.errors import NotFound, TransientError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from taihu.project.workspace import Workspace

PATIENCE = 15 * 60.0


@contextmanager
def portal_of(ws: Workspace, name: str) -> Iterator[PortalConnector]:
    """The portal of a source; whatever it opens is closed at the end.

    Raises:
        UsageError: There is no such source, or it is no portal.
    """
    from taihu.collect import Connections

    portals = [each for each, source in ws.tree.sources.items() if source.file.collect.via == "portal"]
    if name not in portals:
        known = ", ".join(portals) or "none"
        raise UsageError(f"there is no portal source {name!r}", fix=f"portal sources: {known}")
    source = ws.tree.sources[name]
    accounts = ws.tree.file.accounts
    with Connections(accounts, ws.secret, clock=ws.clock, root=ws.root, sessions=ws.ledger, traces=ws.ledger) as connections:
        connector: Any = connections.open(source)
        yield getattr(connector, "inner", connector)


def is_paused(ws: Workspace, name: str) -> bool:
    """Whether a source waited for a person or a permission when it was last asked."""
    last = ws.ledger.attempts(name, limit=1)
    return bool(last) and last[0].kind == "paused"


def rehearsed(ws: Workspace, name: str) -> Iterator[Rehearsed]:
    """Walk a portal's recipe up to its downloads, landing nothing; one result a step, the last is the one that failed."""
    with ws.ledger.lease("run"), portal_of(ws, name) as portal:
        yield from portal.rehearse()


def log_in(ws: Workspace, name: str, person: Callable[[PortalEngine, str, str], None], *, headed: bool = True) -> None:
    """Let a person log in to a portal; the next run goes on with the session.

    Args:
        person: Called with the open browser, what to do, and the selector that shows that it is done.
        headed: Open a window.
    """
    with portal_of(ws, name) as portal:
        portal.log_in_by_hand(person, headed=headed)
        ws.ledger.login_tried_again(portal.around.account_name)


def until_done(engine: PortalEngine, what: str, until: str) -> None:
    """Wait for a person in front of the window.

    Raises:
        TransientError: A quarter of an hour has passed.
    """
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        engine.settle((until,), 2.0)
        if engine.has(until):
            return
    raise TransientError(f"nobody has done it: {what}", where=engine.place, fix="run it again when somebody has the time")


def newest_trace(ws: Workspace, name: str, number: int = 1) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What happened on the walk that failed last (or so many before it), and the files that are kept of it.

    Raises:
        NotFound: There is none.
    """
    from taihu.collect.portal_trace import trace_files

    traces = ws.ledger.traces(name)
    if not 1 <= number <= len(traces):
        raise NotFound(f"there are {len(traces)} traces of {name!r}", fix="a trace is kept when a step of a portal fails")
    files = dict(trace_files(traces[number - 1].content))
    return json.loads(files["trace.json"]), files


def write_trace(ws: Workspace, name: str, files: dict[str, bytes], folder: Path, *, who: str) -> list[Path]:
    """Write a trace's files for a person to look at; that is recorded, for a page may show personal data."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for file, content in files.items():
        (folder / file).write_bytes(content)
        written.append(folder / file)
    ws.ledger.audited("trace.write", name, who=who, detail=", ".join(files))
    return written
