"""Options that many commands share."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taihu.core.clock import Clock, FixedClock, SystemClock, parse_instant
from taihu.core.errors import UsageError
from taihu.core.progress import Progress, Quiet

if TYPE_CHECKING:
    from taihu.guard.secrets import Secret
    from taihu.project.workspace import Workspace

Project = Annotated[Path, typer.Option("--project", "-p", help="Folder of the project.", envvar="TAIHU_PROJECT")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="Act as if it were this instant (2026-10-12T08:30:00+08:00).", envvar="TAIHU_AS_OF")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
HERE = Path()
KEYS_VARIABLE = "TAIHU_KEYS_PASSPHRASE"


def clock_of(as_of: str | None) -> Clock:
    """The machine's clock, or the instant that the user asked for."""
    if as_of is None:
        return SystemClock()
    try:
        return FixedClock(parse_instant(as_of))
    except ValueError:
        raise UsageError(f"--as-of {as_of!r} is not an instant with a zone", fix="write it as 2026-10-12T08:30:00+08:00") from None


def open_project(project: Path, as_of: str | None = None, progress: Progress | None = None) -> AbstractContextManager[Workspace]:
    """The project in a folder, ready to work with; errors name what is missing."""
    from taihu.project.workspace import open_workspace

    return open_workspace(project, clock_of(as_of), progress=progress or Quiet(), passphrase=_passphrase())


def _passphrase() -> Secret | None:
    """The passphrase of the keyring, for keyrings that have one."""
    value = os.environ.get(KEYS_VARIABLE)
    if not value:
        return None
    from taihu.guard.secrets import Secret

    return Secret(value, f"env:{KEYS_VARIABLE}")
