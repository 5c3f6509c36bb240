"""Loads everything once, then forks a child for each run that is asked for on stdin, and kills it when told to."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from taihu.collect.registry import connector
from taihu.core import boundary
from taihu.core.clock import FixedClock
from taihu.project.workspace import open_workspace
from taihu.run.collecting import collect_all
from tests.soak.collect import NOW


def _work(project: Path) -> list[str]:
    """What a run does up to the end of collecting; gives the problems of its sources."""
    with open_workspace(project, FixedClock(NOW)) as ws, ws.ledger.lease("run") as after_crash:
        if after_crash:
            ws.objects.sweep_orphans()
        collected = collect_all(ws, list(ws.tree.sources.values()))
        # Maintenance: objects that were fetched before a kill and fetched again lie under the same name, so none is left over.
        return [f"{name}: {each.problem}" for name, each in collected.items() if each.problem]


def _child(project: Path, order: dict[str, Any], say: int) -> None:
    boundary._wanted, boundary._left = order["kill_at"], order["count"]
    try:
        os.write(say, json.dumps(_work(project)).encode())
    except BaseException as error:
        os.write(say, json.dumps([f"{type(error).__name__}: {error}"]).encode())
        os._exit(1)
    os._exit(0)


def _run(project: Path, order: dict[str, Any]) -> dict[str, Any]:
    heard, say = os.pipe()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(heard)
        _child(project, order, say)
    os.close(say)
    if order["after"] is not None:
        time.sleep(order["after"])
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    with os.fdopen(heard, "rb") as pipe:
        said = pipe.read()
    code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    return {"code": code, "seconds": time.monotonic() - started, "problems": json.loads(said) if said else []}


def main() -> None:
    project = Path(sys.argv[1])
    # What a run needs is loaded here, so that a child begins at once.
    import imap_tools  # noqa: F401
    import paramiko  # noqa: F401
    import selectolax.parser  # noqa: F401
    import sqlalchemy.dialects.sqlite  # noqa: F401

    for via in ("mailbox", "sftp", "portal"):
        connector(via)
    for line in sys.stdin:
        print(json.dumps(_run(project, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
