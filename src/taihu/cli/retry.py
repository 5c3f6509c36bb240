"""``taihu retry``: what could not be collected, and trying it again now."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taihu.cli import console
from taihu.cli.journal import journal, record
from taihu.cli.options import HERE, AsOf, Json, Project, open_project
from taihu.core.errors import UsageError

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace
    from taihu.run.troubles import Trouble


def retry(
    names: Annotated[list[str] | None, typer.Argument(help="Sources, or ids of items.", metavar="[SOURCE|ITEM]...")] = None,
    project: Project = HERE,
    as_of: AsOf = None,
    account: Annotated[list[str] | None, typer.Option("--account", help="Try this account's refused login once more.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Everything that is listed.")] = False,
    give_up: Annotated[bool, typer.Option("--give-up", help="Do not try these items any more; they count as known.")] = False,
    why: Annotated[str, typer.Option("--because", help="Why they are given up; stays on record.")] = "",
    json: Json = False,
) -> None:
    """List what could not be collected; with a name, try it again at once."""
    from taihu.run import execution, troubles

    progress = console.TerminalProgress("taihu")
    chosen = bool(names or account or all_)
    try:
        if give_up:
            _give_up(names or [], project, why)
            return
        if not chosen:
            with open_project(project, as_of) as ws:
                listing = as_json(ws)
                found = troubles.troubles(ws)
            if json:
                console.show_json({"schema": "taihu.retry/1", **listing})
            else:
                show_troubles(found, listing["refused_logins"], details=True)
            return
        with journal(project, "retry"), open_project(project, as_of, progress) as ws:
            sources = troubles.revive(ws, names or [], accounts=account or [], everything=all_, who=getpass.getuser())
            result = execution.run(ws, sources=sources, reports=False)
            left = as_json(ws)
            record("retry", sources=sources, landed=result.landed, failed=result.failed)
    finally:
        progress.close()
    if json:
        console.show_json({"schema": "taihu.retry/1", "retried": sources, "landed": result.landed, "failed": result.failed, **left})
    else:
        for name in sources:
            text = console.told(result.failed.get(name, "")) or console.t(
                f"新到 {result.landed.get(name, 0)} 个", f"{result.landed.get(name, 0)} new"
            )
            console.say(f"{'✗' if name in result.failed else '✓'} {name}: {text}")
    raise typer.Exit(3 if result.failed else 0)


def _give_up(names: Sequence[str], project: Any, why: str) -> None:
    from taihu.run.troubles import letter_named

    if not names or not why:
        raise UsageError("items are given up by id and for a reason", fix="taihu retry ITEM --give-up --because REASON")
    with open_project(project) as ws:
        for letter in [letter_named(ws, name) for name in names]:
            ws.ledger.letter_given_up(letter.source, letter.id, who=getpass.getuser(), why=why)
            console.say(console.t(f"{letter.id} 不再尝试", f"{letter.id} is not tried any more"))


def as_json(ws: Workspace, source: str | None = None) -> dict[str, Any]:
    """Sources in trouble and refused logins, for ``--json``."""
    from taihu.run.troubles import refused_logins, troubles

    return {
        "troubles": [
            {
                "source": trouble.source,
                "state": trouble.state,
                "failures": trouble.failures,
                "error": trouble.error,
                "retry_at": trouble.retry_at,
                "items": [
                    {
                        "id": letter.id,
                        "name": letter.item.name,
                        "reason": letter.reason,
                        "detail": letter.detail,
                        "failures": letter.failures,
                        "since": letter.first_at,
                        "dead": letter.is_dead,
                    }
                    for letter in trouble.letters
                ],
            }
            for trouble in troubles(ws, source)
        ],
        "refused_logins": [{"account": each.account, "what": each.what, "at": each.at} for each in refused_logins(ws)],
    }


def show_troubles(found: Sequence[Trouble], refused: Sequence[dict[str, Any]], *, details: bool = False) -> None:
    """One line a source; with ``details`` also its items and what to do."""
    from taihu.core.reasons import REASONS

    t = console.t
    if details and not found and not refused:
        console.say(t("没有采集不到的东西", "nothing is waiting to be tried again"))
    for trouble in found:
        names = {
            "resting": t(f"暂停到 {trouble.retry_at:%m-%d %H:%M} UTC", f"left alone until {trouble.retry_at:%m-%d %H:%M} UTC")
            if trouble.retry_at
            else "",
            "half_open": t("下次运行试一次", "the next run tries once"),
            "away": t("连不上", "away"),
            "refused": t("登录被拒", "login refused"),
            "items": t("部分未取到", "items missing"),
        }
        counts = t(f"{len(trouble.letters)} 个未取到", f"{len(trouble.letters)} items missing") if trouble.letters else ""
        dead = t(f"其中 {trouble.dead} 个不再尝试", f"{trouble.dead} of them dead") if trouble.dead else ""
        console.say(
            "↻ " + "  ".join(part for part in (trouble.source, names[trouble.state], counts, dead, console.told(trouble.error)) if part)
        )
        for letter in trouble.letters if details else ():
            reason = REASONS.get(letter.reason)
            title = console.tt(reason.title) if reason else letter.reason
            console.say(f"    {letter.id}  {letter.item.name}  {title} × {letter.failures}{'  †' if letter.is_dead else ''}")
    for each in refused if details else ():
        account = each["account"]
        console.say(f"✗ {account}: {each['what']}")
        console.say("    → " + t(f"更新密码；或 taihu retry --account {account}", f"update it; or taihu retry --account {account}"))
    if found:
        console.say(t("再试：taihu retry 来源或编号，或 --all", "try again: taihu retry SOURCE or ID, or --all"))
