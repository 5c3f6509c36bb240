"""``taihu run``: one poke of the planner. ``taihu serve``: the same, again and again."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taihu.cli import console
from taihu.cli.journal import journal, record
from taihu.cli.options import HERE, AsOf, Json, Project, open_project
from taihu.core.errors import UsageError
from taihu.core.reasons import REASONS
from taihu.core.types import Span

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace
    from taihu.run.execution import RunResult
    from taihu.run.plan import Step


def run(
    project: Project = HERE,
    as_of: AsOf = None,
    source: Annotated[list[str] | None, typer.Option("--source", "-s", help="Only this source (again for more).")] = None,
    due: Annotated[bool, typer.Option("--due", help="Only what is due (for cron): models wait until a report needs them.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Say what would be done; change nothing.")] = False,
    from_: Annotated[str | None, typer.Option("--from", help="Backfill: ask the sources for days from this one on (2026-08-01).")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Backfill: up to and with this day; yesterday if absent.")] = None,
    no_reports: Annotated[bool, typer.Option("--no-reports", help="Collect, load and build only.")] = False,
    json: Json = False,
) -> None:
    """Collect, load, check, build and report whatever is due; safe to call again at any time."""
    from taihu.run import execution
    from taihu.run.plan import backfill_plan, plan_of

    progress = console.TerminalProgress("taihu")
    try:
        if plan:
            with open_project(project, as_of, progress) as ws:
                span = _span(ws, from_, to)
                steps = backfill_plan(ws, span, source) if span else plan_of(ws)
            progress.close()
            _show_plan(steps, json)
            return
        with journal(project, "run"), open_project(project, as_of, progress) as ws:
            result = execution.run(ws, sources=source, reports=not no_reports, due=due, span=_span(ws, from_, to))
            record("run", **as_json(result))
    finally:
        progress.close()
    if json:
        console.show_json(as_json(result))
    else:
        _show(result)
    raise typer.Exit(result.exit_code)


def _span(ws: Workspace, start: str | None, last: str | None) -> Span | None:
    """The days of a backfill; None for an ordinary run."""
    from zoneinfo import ZoneInfo

    if start is None and last is None:
        return None
    today = ws.clock.now().astimezone(ZoneInfo(ws.tree.file.time_zone)).date()
    try:
        first = dt.date.fromisoformat(start or "")
        end = dt.date.fromisoformat(last) + dt.timedelta(days=1) if last else today
    except ValueError:
        raise UsageError("a backfill needs --from DATE, and --to DATE if it ends before yesterday", fix="write 2026-08-01") from None
    if not first < end <= today:
        raise UsageError(f"there are no days from {first} to before {end}", fix="--from comes before --to, and --to is over")
    return Span(first, end)


def as_json(result: RunResult) -> dict[str, Any]:
    return {
        "schema": "taihu.run/1",
        "landed": result.landed,
        "not_finished": result.waiting,
        "failed": result.failed,
        "paused": result.paused,
        "decided": result.decided,
        "tables": result.tables,
        "publications": [{"id": p.id, "report": p.report, "span": str(p.span), "complete": p.complete} for p in result.publications],
        "open": {"debts": result.open_debts, "holds": result.open_holds, "quarantined_rows": result.quarantined},
        "exit_code": result.exit_code,
    }


def _show(result: RunResult) -> None:
    t = console.t
    landed = sum(result.landed.values())
    console.say(t(f"新到 {landed} 个文件，更新 {len(result.tables)} 张表", f"new files: {landed}, updated tables: {len(result.tables)}"))
    for name, error in sorted(result.failed.items()):
        console.say(f"  {'⏸' if name in result.paused else '✗'} {name}: {console.told(error)}")
        if name in result.paused:
            console.say(f"    → {console.tt(REASONS[result.paused[name]].fix)}".replace("来源名", name).replace("NAME", name))
    for name, count in sorted(result.waiting.items()):
        console.say(t(f"  … {name}：{count} 个文件尚未传完", f"  … {name}: {count} files not finished"))
    for publication in result.publications:
        mark = t("完整", "complete") if publication.complete else t("不完整", "incomplete")
        console.say(f"  ✓ {publication.report} {publication.span} ({mark}) {publication.id[:8]}")
    if result.open_debts or result.open_holds:
        console.say(
            t(
                f"未到/迟到 {result.open_debts}，待处理 {result.open_holds}：taihu status",
                f"{result.open_debts} late or missing, {result.open_holds} held: see taihu status",
            )
        )


def _show_plan(steps: list[Step], json: bool) -> None:
    if json:
        rows = [{"step": step.step, "subject": step.subject, "why": step.why.en} for step in steps]
        console.show_json({"schema": "taihu.plan/1", "steps": rows})
        return
    for step in steps:
        console.say(f"{console.tt(console.STAGES[step.step]):<8} {step.subject:<28} {console.tt(step.why)}")


def serve(
    project: Project = HERE,
    every: Annotated[int, typer.Option(help="Seconds between two pokes.")] = 60,
    times: Annotated[int | None, typer.Option(help="Stop after so many pokes.")] = None,
) -> None:
    """Poke the planner again and again until stopped; a missed morning is caught up at the next poke."""
    import time

    from taihu.core.errors import LeaseTaken
    from taihu.run import execution

    count = 0
    while times is None or count < times:
        try:
            with journal(project, "serve"), open_project(project) as ws:
                result = execution.run(ws, due=True)
                record("run", **as_json(result))
            console.say(f"{console.t('完成', 'done')}: {sum(result.landed.values())} / {len(result.tables)} / exit {result.exit_code}")
        except LeaseTaken as taken:
            console.say(str(taken))
        count += 1
        if times is None or count < times:
            time.sleep(every)
