"""``taihu quarantine``: rows that were refused, by code and place; let in, put aside, read again or sent back, always on record."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taihu.cli import console
from taihu.cli.options import HERE, Json, Project, open_project
from taihu.core.reasons import REASONS

if TYPE_CHECKING:
    from taihu.ledger.quarantining import RowDecision
    from taihu.run.quarantine import RefusedRow

quarantine_app = typer.Typer(help="Refused rows: list, show, let in, put aside, read again, send back.", no_args_is_help=True)

Source = Annotated[str | None, typer.Option("--source", "-s", help="Only this source.")]
Who = Annotated[str | None, typer.Option("--who", help="Who decides; the login name if absent.")]
Because = Annotated[str, typer.Option("--because", help="Why; stays on record.")]
File = Annotated[str, typer.Argument(help="Id of the file (arrival), or its first characters.")]
Places = Annotated[list[str] | None, typer.Argument(help="Places of the rows as listed (Sheet1!7); none: all of the file.")]


@quarantine_app.command("list")
def list_(
    project: Project = HERE,
    source: Source = None,
    decided: Annotated[bool, typer.Option("--all", help="Also rows that somebody has decided on.")] = False,
    json: Json = False,
) -> None:
    """Refused rows that nobody has decided on: reason, file, position and column."""
    from taihu.run.quarantine import refused_rows

    with open_project(project) as ws:
        rows = refused_rows(ws, source=source, decided=decided)
    _show(rows, json=json)


@quarantine_app.command()
def show(file: File, project: Project = HERE, json: Json = False) -> None:
    """The refused rows of one file with their text, read from the sealed object; personal values are masked."""
    from taihu.run.quarantine import opened, refused_rows

    with open_project(project) as ws:
        rows = opened(ws, refused_rows(ws, arrival=file, decided=True))
    _show(rows, json=json)


@quarantine_app.command()
def release(file: File, places: Places = None, because: Because = "", who: Who = None, project: Project = HERE) -> None:
    """Let rows in that a rule refused: the next run loads them."""
    _decide("release", file, places, because, who, project)


@quarantine_app.command()
def reject(file: File, places: Places = None, because: Because = "", who: Who = None, project: Project = HERE) -> None:
    """Put rows aside for good: they stay out and are not asked about again."""
    _decide("reject", file, places, because, who, project)


@quarantine_app.command()
def undo(file: File, places: Places = None, because: Because = "", who: Who = None, project: Project = HERE) -> None:
    """Take a decision on rows back."""
    _decide("undo", file, places, because, who, project)


@quarantine_app.command()
def rerun(
    file: Annotated[str | None, typer.Argument(help="Id of the file (arrival); none: all with refused rows.")] = None,
    source: Source = None,
    because: Annotated[str, typer.Option("--because", help="What was fixed; stays on record.")] = "",
    who: Who = None,
    project: Project = HERE,
) -> None:
    """After a fix (correction, contract, layout): the next run reads the files with refused rows again."""
    from taihu.run.quarantine import rerun as again

    with open_project(project) as ws:
        count = len(again(ws, who=who or getpass.getuser(), why=because, source=source, arrival=file))
    console.say(console.t(f"{count} 个文件将在下次 taihu run 时重读", f"{count} files are read again by the next taihu run"))


@quarantine_app.command()
def export(
    out: Annotated[Path, typer.Argument(help="Workbook to write (.xlsx).")],
    project: Project = HERE,
    source: Source = None,
    file: Annotated[str | None, typer.Option("--file", help="Only this file (arrival).")] = None,
    who: Who = None,
) -> None:
    """Write undecided rows with text, reason and what to do to a workbook for the sender; personal values are masked."""
    from taihu.run.quarantine import export as write
    from taihu.run.quarantine import opened, refused_rows

    with open_project(project) as ws:
        rows = opened(ws, refused_rows(ws, source=source, arrival=file))
        count = write(ws, out, rows, who=who or getpass.getuser(), lang=console.lang())
    console.say(console.t(f"{out}：{count} 行", f"{out}: {count} rows"))


def _decide(kind: RowDecision, file: str, places: list[str] | None, because: str, who: str | None, project: Path) -> None:
    from taihu.run.quarantine import decide

    with open_project(project) as ws:
        count = len(decide(ws, kind, file, places or (), who=who or getpass.getuser(), why=because))
    said = {
        "release": console.t(f"已放行 {count} 行；下次 taihu run 时入库", f"{count} rows released; the next taihu run loads them"),
        "reject": console.t(f"{count} 行不再入库，记录在案", f"{count} rows put aside, on record"),
        "undo": console.t(f"已撤销 {count} 行的决定", f"the decision on {count} rows is taken back"),
    }
    console.say(said[kind])


def _show(rows: list[RefusedRow], *, json: bool) -> None:
    if json:
        listing = [
            {
                "source": row.source,
                "arrival": row.arrival_id,
                "reason": row.reason,
                "position": row.position,
                "column": row.column,
                "text": row.text,
                "decided": row.decision.kind.removeprefix("quarantine.") if row.decision else None,
            }
            for row in rows
        ]
        console.show_json({"schema": "taihu.quarantine/1", "rows": listing})
        return
    if not rows:
        console.say(console.t("没有被拒的行", "no row is quarantined"))
    for row in rows:
        text = f"  {row.text!r}" if row.text is not None else ""
        decided = f"  [{row.decision.kind.removeprefix('quarantine.')}: {row.decision.who}]" if row.decision else ""
        place = f"{row.arrival_id}  {row.source:<20} {row.position:<24} {row.column:<18}"
        console.say(f"{place} {console.tt(REASONS[row.reason].title)}{text}{decided}")
