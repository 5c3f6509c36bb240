"""``taihu waive``: a day that a party need not report, with a name and a reason that stay on record."""

from __future__ import annotations

import datetime as dt
import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taihu.cli import console
from taihu.cli.options import HERE, AsOf, Json, Project, open_project
from taihu.core.errors import UsageError
from taihu.core.types import Span

if TYPE_CHECKING:
    from taihu.run.waiving import Waiver


def waive(
    source: Annotated[str, typer.Argument(help="The source.")],
    party: Annotated[str | None, typer.Argument(help="Key or name of the party; left out where the source is its own.")] = None,
    from_: Annotated[str, typer.Option("--from", help="First business day (2026-10-01).")] = "",
    to: Annotated[str | None, typer.Option("--to", help="Last business day; the first one if absent.")] = None,
    because: Annotated[str, typer.Option("--because", help="Why nothing need come; stays on record.")] = "",
    who: Annotated[str | None, typer.Option("--who", help="Who decides; the login name if absent.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take a waiver back: the days are owed again.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would change; change nothing.")] = False,
    project: Project = HERE,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Let a party off some days: what does not come is not missing then; what comes after all is taken as ever."""
    from taihu.run import waiving

    span = _span(from_, to)
    with open_project(project, as_of) as ws:
        whose = party or source
        if dry_run:
            made = waiving.plan_waiver(ws, source, whose, span, undo=undo)
        else:
            made = waiving.waive(ws, source, whose, span, who=who or getpass.getuser(), why=because, undo=undo)
    if json:
        console.show_json(as_json(made, dry_run=dry_run))
    else:
        _show(made, dry_run=dry_run)


def _span(first: str, last: str | None) -> Span:
    """The days of ``--from`` and ``--to``, both included."""
    try:
        start = dt.date.fromisoformat(first)
        end = dt.date.fromisoformat(last) if last else start
    except ValueError:
        raise UsageError("a waiver needs --from DATE, and --to DATE if it is more than one day", fix="write 2026-10-01") from None
    if end < start:
        raise UsageError(f"there are no days from {start} to {end}", fix="--from comes before --to")
    return Span(start, end + dt.timedelta(days=1))


def as_json(made: Waiver, *, dry_run: bool) -> dict[str, Any]:
    """One object: what was decided, and the state of each day before and after (null: not owed, or not yet)."""
    return {
        "schema": "taihu.waiver/1",
        "source": made.source,
        "party": made.party,
        "party_name": made.name,
        "from": made.span.start,
        "to": made.span.end - dt.timedelta(days=1),
        "undo": made.undo,
        "dry_run": dry_run,
        "changed": made.changed,
        "days": [{"day": day.day, "before": day.before, "after": day.after} for day in made.days],
    }


def _show(made: Waiver, *, dry_run: bool) -> None:
    from taihu.cli.states import NAMES

    t = console.t
    who = made.source if made.party == made.source else f"{made.source} {made.party} {made.name}".rstrip()
    console.say(f"{who}  {made.span}")
    for day in made.days:
        before, after = (t(*NAMES[state]) if state else t("未到期或不应报", "not owed, or not yet") for state in (day.before, day.after))
        console.say(f"  {day.day}  {before}" + (f" → {after}" if day.before != day.after else ""))
    if dry_run:
        console.say(t("只是预演，没有更改任何内容", "nothing was changed (--dry-run)"))
    elif made.undo:
        console.say(t("已撤销豁免，记录在案", "the waiver is taken back, on record"))
    else:
        console.say(t("已豁免，记录在案；撤销：加 --undo", "waived, on record; to take it back: --undo"))
