"""``taihu hold``: look at what is held, and release it with a reason that stays on record."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from taihu.cli import console
from taihu.cli.options import HERE, Json, Project, open_project
from taihu.core.details import detail_in
from taihu.core.errors import UsageError
from taihu.core.reasons import REASONS

if TYPE_CHECKING:
    from taihu.ledger.records import Hold
    from taihu.project.onboard.unknown import ProposedLayout

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
        _say(h)


def _say(h: Hold) -> None:
    reason = REASONS.get(h.reason)
    title, fix = (console.tt(reason.title), console.tt(reason.fix)) if reason else (h.reason, "")
    detail = detail_in(h.reason, h.detail, console.lang())
    console.say("  ".join(part for part in (h.id, h.source, "" if h.party == h.source else h.party, str(h.span or "")) if part))
    console.say("    " + console.t("：", ": ").join(part for part in (title, detail) if part))
    if fix:
        console.say(f"    → {fix.replace('hold show ID', f'hold show {h.id}')}")


@hold_app.command()
def show(
    hold: Annotated[str, typer.Argument(help="Id of the hold.")],
    project: Project = HERE,
    json: Json = False,
) -> None:
    """One hold in full; where the header is unknown, layouts that would read the file, to be looked at and saved."""
    from taihu.core.errors import NotFound

    with open_project(project) as ws:
        found = next((each for each in ws.ledger.holds() if each.id == hold), None)
        if found is None:
            raise NotFound(f"there is no open hold {hold!r}", fix="list them with: taihu hold list")
        proposals = []
        if found.reason == "unknown_layout" and found.arrival_id:
            from taihu.project.onboard.unknown import proposed_layouts

            arrival, source = ws.ledger.arrival(found.arrival_id), ws.tree.sources[found.source]
            passwords = ws.passwords(source, arrival.received_at)
            proposals = proposed_layouts(ws.objects.get(arrival.sha256), arrival.name, source.layouts, console.lang(), passwords)
    if json:
        layouts = [{"table": each.place, "layout": each.text} for each in proposals]
        said = {"id": found.id, "source": found.source, "reason": found.reason, "detail": found.detail, "proposed_layouts": layouts}
        console.show_json({"schema": "taihu.hold/1", **said})
        return
    _say(found)
    show_proposals(proposals, found.source)


def show_proposals(proposals: Sequence[ProposedLayout], source: str) -> None:
    """Proposed layouts as files to save: the text on standard output, the rest beside it."""
    for each in proposals:
        title = f"sources/{source}/layouts/{console.t('新名称', 'NEW_NAME')}.yml"
        console.say(
            console.t(
                f"建议的 layout（{each.place}），核对后存为 {title} 并写入 read.layouts：",
                f"a layout for {each.place}; once it is right, save it as {title} and add it to read.layouts:",
            )
        )
        typer.echo(each.text)


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
