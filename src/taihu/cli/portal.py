"""``taihu portal``: try a recipe without taking anything, log in by hand, see why a walk failed."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taihu.cli import console
from taihu.cli.options import HERE, AsOf, Json, Project, open_project

if TYPE_CHECKING:
    from taihu.collect.portal_engine import PortalEngine

portal_app = typer.Typer(help="Try a portal's recipe, log in by hand, see why it failed.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The source.")]


@portal_app.command()
def check(name: Name, project: Project = HERE, as_of: AsOf = None, json: Json = False) -> None:
    """Walk a portal's recipe up to its downloads and say how each step went; nothing is landed."""
    from taihu.run.portals import rehearsed

    rows: list[dict[str, Any]] = []
    with open_project(project, as_of) as ws:
        for each in rehearsed(ws, name):
            rows.append({"step": each.step, "ok": each.ok, "seconds": round(each.seconds, 3), "detail": each.detail.en})
            if not json:
                _show_step(each.ok, each.step, each.seconds, console.tt(each.detail))
    good = all(row["ok"] for row in rows)
    if json:
        console.show_json({"schema": "taihu.portal-check/1", "source": name, "ok": good, "steps": rows})
    elif good:
        console.say(console.t("一切正常；没有取任何文件", "all steps work; nothing was taken"))
    else:
        zh = f"看当时的页面：taihu portal trace {name}"
        console.say(console.t(zh, f"see the page as it was: taihu portal trace {name}"))
    raise typer.Exit(0 if good else 1)


@portal_app.command()
def login(
    name: Name,
    project: Project = HERE,
    as_of: AsOf = None,
) -> None:
    """Open a browser for a person to log in (captcha, code); the next run goes on with that session."""
    from taihu.run.portals import log_in, until_done

    def person(engine: PortalEngine, what: str, until: str) -> None:
        asked = console.t("请登录", "please log in") if what == "log in" else what
        console.say(console.t(f"请在打开的浏览器中完成：{asked}", f"please do this in the browser window: {asked}"))
        until_done(engine, what, until)

    with open_project(project, as_of) as ws:
        log_in(ws, name, person)
    console.say(
        console.t("已登录，会话已加密保存；下次 taihu run 自动继续", "logged in, the session is kept sealed; the next taihu run goes on")
    )


@portal_app.command()
def trace(
    name: Name,
    out: Annotated[Path | None, typer.Option("--out", help="Write page, picture, differences and steps into this folder.")] = None,
    number: Annotated[int, typer.Option("--number", "-n", help="1 is the newest trace, 2 the one before it.")] = 1,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Show the steps of a walk that failed, and how the page differs from the one of the last good walk."""
    from taihu.run.portals import newest_trace, write_trace

    with open_project(project) as ws:
        told, files = newest_trace(ws, name, number)
        written = write_trace(ws, name, files, out, who=getpass.getuser()) if out is not None else []
    if json:
        console.show_json({"schema": "taihu.portal-trace/1", "source": name, **told, "files": [str(path) for path in written]})
        return
    console.say(f"{name}  {told['at']}")
    for step in told["steps"]:
        _show_step(not step["error"], step["step"], step["seconds"], step["error"] or step["page"])
    if told["error"]["fix"]:
        console.say(f"  → {told['error']['fix']}")
    _show_difference(files["page.diff"].decode())
    for path in written:
        console.say(str(path))
    if not written:
        console.say(console.t("页面与截图：加 --out 目录", "the page and its picture: add --out FOLDER"))


def _show_step(ok: bool, step: str, seconds: float, detail: str) -> None:
    first, *more = detail.splitlines() or [""]
    console.say(f"{'✓' if ok else '✗'} {step:<44} {seconds:6.2f} s  {first}")
    for line in more:
        console.say(f"{'':<57}{line}")


def _show_difference(text: str) -> None:
    """The lines that changed, as far as a screen goes."""
    lines = text.splitlines()
    console.say()
    for line in lines[:60]:
        console.say(f"  {line}")
    if len(lines) > 60:
        console.say(console.t(f"  … 另有 {len(lines) - 60} 行", f"  ... {len(lines) - 60} more lines"))
