"""``taihu init DIR``: a small project that works at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from taihu.cli import console
from taihu.cli.options import AsOf, clock_of
from taihu.core.clock import SHANGHAI


def init(folder: Annotated[Path, typer.Argument(help="New folder of the project.")], as_of: AsOf = None) -> None:
    """Write a small working project: one folder source with a sample, one model, one report."""
    from taihu.project.starter import write_starter

    written = write_starter(folder, clock_of(as_of).now().astimezone(SHANGHAI).date())
    for path in written:
        console.say(f"  + {path.relative_to(folder)}")
    console.say(console.t(f"完成。下一步：cd {folder} && taihu run", f"done. Next: cd {folder} && taihu run"))
