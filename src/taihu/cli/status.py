"""``taihu status``: who reported, who did not: parties by days."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taihu.cli import console
from taihu.cli.options import HERE, AsOf, Json, Project, open_project
from taihu.core.errors import UsageError
from taihu.core.types import Span

if TYPE_CHECKING:
    from taihu.cli.matrix_page import HoldLine
    from taihu.ledger.records import Expectation, Hold

MARKS = {"arrived": "●", "nil": "○", "late": "◐", "missing": "✗", "rejected": "!", "held": "?", "waived": "–", "expected": "·"}
STYLES = {
    "arrived": "green",
    "nil": "green",
    "late": "yellow",
    "missing": "red",
    "rejected": "red",
    "held": "magenta",
    "waived": "dim",
    "expected": "dim",
}
NAMES = {
    "arrived": ("已到", "arrived"),
    "nil": ("零申报", "nil return"),
    "late": ("迟到", "late"),
    "missing": ("未到", "missing"),
    "rejected": ("拒收", "rejected"),
    "held": ("待处理", "held"),
    "waived": ("豁免", "waived"),
    "expected": ("未到期", "not yet due"),
}
_MOST_HOLDS = 10


def status(
    project: Project = HERE,
    as_of: AsOf = None,
    days: Annotated[int, typer.Option(help="So many business days back.")] = 14,
    source: Annotated[str | None, typer.Option("--source", "-s", help="Only this source.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the matrix as a page.")] = None,
    json: Json = False,
) -> None:
    """The arrival matrix, open holds and the latest reports."""
    from zoneinfo import ZoneInfo

    from taihu.cli.retry import as_json, show_troubles
    from taihu.run.operations import PartyNames
    from taihu.run.portals import is_paused
    from taihu.run.troubles import troubles
    from taihu.run.unfinished import unfinished

    with open_project(project, as_of) as ws:
        zone = ZoneInfo(ws.tree.file.time_zone)
        now = ws.clock.now().astimezone(zone)
        span = Span(now.date() - dt.timedelta(days=days), now.date())
        if source is not None and source not in ws.tree.sources:
            raise UsageError(f"there is no source {source!r}", fix=f"sources: {', '.join(ws.tree.sources)}")
        debts = ws.ledger.expectations(source=source, span=span)
        holds = [hold for hold in ws.ledger.holds() if source in (None, hold.source)]
        publications = ws.ledger.publications()[-3:]
        titles = {name: console.tt(entry.file.title.text) for name, entry in ws.tree.sources.items()}
        sources = list(ws.tree.sources.values())
        project_title = console.tt(ws.tree.file.title.text)
        names = PartyNames(ws)
        pairs = {(debt.source, debt.party) for debt in debts} | {(hold.source, hold.party) for hold in holds}
        who = {(name, party): names.name(name, party) for name, party in pairs if party and party != name}
        paused = [name for name in ws.tree.sources if source in (None, name) and is_paused(ws, name)]
        missing = as_json(ws, source)
        trouble = troubles(ws, source)
        waiting = unfinished(ws, source)
        off = [day for day in span.days() if not ws.calendar.is_workday(day)]
    if json:
        rows = [
            {"source": d.source, "party": d.party, "day": d.day, "state": d.state, "due_at": d.due_at, "arrival": d.arrival_id}
            for d in debts
        ]
        held = [
            {"id": h.id, "source": h.source, "party": h.party, "span": str(h.span or ""), "reason": h.reason, "arrival": h.arrival_id}
            for h in holds
        ]
        console.show_json(
            {
                "schema": "taihu.status/1",
                "expectations": rows,
                "holds": held,
                "paused": paused,
                "not_finished": {w.source: w.count for w in waiting},
                **missing,
            }
        )
        return
    if html is not None:
        from taihu.cli.matrix_page import Matrix, matrix_page

        state_names = {state: console.t(*both) for state, both in NAMES.items()}
        lines = [_hold_line(hold, titles, who) for hold in reversed(holds)]
        when = f"{span.start} – {span.end - dt.timedelta(days=1)}, {now:%Y-%m-%d %H:%M}"
        page = matrix_page(Matrix(project_title, when, span, debts, titles, who, MARKS, state_names, lines, off))
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(page, encoding="utf-8")
        console.say(str(html))
        return
    if debts:
        _show_matrix(debts, span, titles)
    elif any(entry.file.expect for entry in sources):
        console.say(console.t("还没有应到的数据：先运行 taihu run", "nothing is owed yet: run taihu run first"))
    else:
        console.say(console.t("没有来源写明应到时间（source.yml 的 expect）", "no source says what is due (expect: in source.yml)"))
    _show_holds(holds)
    show_troubles(trouble, missing["refused_logins"])
    for name in paused:
        en = f"⏸ {name} waits for a person or a permission: taihu portal check {name}"
        console.say(console.t(f"⏸ {name} 在等待人工登录或授权：taihu portal check {name}", en))
    for each in waiting:
        en = f"… {each.source}: {each.count} files not finished ({each.text})"
        console.say(console.t(f"… {each.source}：{each.count} 个文件尚未传完（{each.text}）", en))
    for publication in publications:
        console.say(f"{publication.report} {publication.span} v{publication.version} {publication.id[:8]}")


def _hold_line(hold: Hold, titles: dict[str, str], who: dict[tuple[str, str], str]) -> HoldLine:
    """An open hold in the reader's words."""
    from taihu.cli.matrix_page import HoldLine
    from taihu.core.details import detail_in
    from taihu.core.reasons import REASONS

    reason = REASONS.get(hold.reason)
    return HoldLine(
        titles.get(hold.source, hold.source),
        who.get((hold.source, hold.party), ""),
        str(hold.span or ""),
        console.tt(reason.title) if reason else hold.reason,
        detail_in(hold.reason, hold.detail, console.lang()),
        hold.id,
    )


def _show_matrix(debts: list[Expectation], span: Span, titles: dict[str, str]) -> None:
    from rich.table import Table
    from rich.text import Text as RichText

    console_ = console.rich_console(err=False)
    by_row: dict[tuple[str, str], dict[dt.date, str]] = {}
    for debt in debts:
        by_row.setdefault((debt.source, debt.party), {})[debt.day] = debt.state
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column(console.t("来源", "source"))
    table.add_column(console.t("单位", "party"))
    for day in span.days():
        table.add_column(f"{day:%m}\n{day:%d}", justify="center")
    last = ""
    for (name, party), states in sorted(by_row.items()):
        cells = [RichText(MARKS[states[day]], style=STYLES[states[day]]) if day in states else RichText(" ") for day in span.days()]
        table.add_row(titles[name] if name != last else "", "" if party == name else party, *cells)
        last = name
    console_.print(table)
    console_.print("  ".join(f"{MARKS[state]} {console.t(*names)}" for state, names in NAMES.items()), style="dim")


def _show_holds(holds: list[Hold]) -> None:
    """The newest holds, one line each, and how to see the others."""
    if not holds:
        return
    console.say(console.t(f"\n待处理 {len(holds)} 个文件：", f"\n{len(holds)} files held:"))
    for hold in list(reversed(holds))[:_MOST_HOLDS]:
        line = _hold_line(hold, {}, {})
        words = (hold.id, hold.source, "" if hold.party == hold.source else hold.party, line.days, line.reason, line.detail)
        console.say("  " + "  ".join(word for word in words if word))
    if len(holds) > _MOST_HOLDS:
        console.say(console.t(f"  … 另有 {len(holds) - _MOST_HOLDS} 个较早的", f"  … {len(holds) - _MOST_HOLDS} older ones"))
    zh = "全部与处理办法：taihu hold list；放行：taihu hold release ID --because 原因"
    console.say(console.t(zh, "all, and what to do: taihu hold list; release: taihu hold release ID --because REASON"))
