"""``taihu hold``: look at what is held, and release it with a reason that stays on record."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from taihu.cli import console
from taihu.cli.options import HERE, Json, Project, open_project
from taihu.core.details import detail_in
from taihu.core.errors import UsageError
from taihu.core.reasons import REASONS

hold_app = typer.Typer(help="List held files; release one.", no_args_is_help=True)


@hold_app.command("list")
def list_(project: Project = HERE, json: Json = False) -> None:
    """Open holds with their reason and what to do."""
    with open_project(project) as ws:
        holds = ws.ledger.holds()
    if json:
        rows = [
            {"id": h.id, "source": h.source, "party": h.party, "span": str(h.span or ""), "reason": h.reason, "detail": h.detail}
            for h in holds
        ]
        console.show_json({"schema": "taihu.holds/1", "holds": rows})
        return
    if not holds:
        console.say(console.t("没有待处理的文件", "nothing is held"))
    for h in holds:
        reason = REASONS.get(h.reason)
        title, fix = (console.tt(reason.title), console.tt(reason.fix)) if reason else (h.reason, "")
        detail = detail_in(h.reason, h.detail, console.lang())
        console.say("  ".join(part for part in (h.id, h.source, "" if h.party == h.source else h.party, str(h.span or "")) if part))
        console.say("    " + console.t("：", ": ").join(part for part in (title, detail) if part))
        if fix:
            console.say(f"    → {fix}")


@hold_app.command()
def release(
    hold: Annotated[str, typer.Argument(help="Id of the hold.")],
    why: Annotated[str, typer.Option("--because", help="Why it may go into the figures; stays on record.")],
    who: Annotated[str | None, typer.Option(help="Who decides; the login name if absent.")] = None,
    project: Project = HERE,
) -> None:
    """Release a held file: the next run loads it without the rule that held it."""
    from taihu.guard.roles import require

    decider = who or getpass.getuser()
    if not why.strip():
        raise UsageError("a file is released for a reason", fix="add --because REASON")
    with open_project(project) as ws:
        require(ws.tree.roles, decider, "release")
        ws.ledger.hold_released(hold, who=decider, why=why)
    console.say(console.t("已放行；下次 taihu run 时入库", "released; the next taihu run loads it"))
