"""Named places where a crash matters.

Every fsync, rename and commit that the guarantees hang on calls :func:`reached` just before and just after. It does
nothing unless the kill soak asks for it by ``TAIHU_KILL_AT=name:count``, and then the process dies there as if the power went.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

_wanted, _, _count = os.environ.get("TAIHU_KILL_AT", "").partition(":")
_left = int(_count or 1)
_log = os.environ.get("TAIHU_BOUNDARY_LOG", "")


def reached(name: str) -> None:
    """Mark a boundary such as ``object.renamed``; names are listed in ``docs/soak.md``."""
    if not _wanted and not _log:
        return
    global _left
    if _log:
        with Path(_log).open("a") as log:
            log.write(name + "\n")
    if name == _wanted:
        _left -= 1
        if _left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
