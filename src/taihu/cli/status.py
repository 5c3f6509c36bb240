"""``taihu status``: who reported, who did not: parties by days."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taihu.cli import console
from taihu.cli.options import HERE, AsOf, Json, Project, open_project
from taihu.core.types import Span

if TYPE_CHECKING:
    from taihu.ledger.records import Expectation

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

    with open_project(project, as_of) as ws:
        today = ws.clock.now().astimezone(ZoneInfo(ws.tree.file.time_zone)).date()
        span = Span(today - dt.timedelta(days=days), today)
        debts = ws.ledger.expectations(source=source, span=span)
        holds = [hold for hold in ws.ledger.holds() if source in (None, hold.source)]
        publications = ws.ledger.publications()[-3:]
        titles = {name: console.tt(entry.file.title.text) for name, entry in ws.tree.sources.items()}
    if json:
        rows = [
            {"source": d.source, "party": d.party, "day": d.day, "state": d.state, "due_at": d.due_at, "arrival": d.arrival_id}
            for d in debts
        ]
        held = [
            {"id": h.id, "source": h.source, "party": h.party, "span": str(h.span or ""), "reason": h.reason, "arrival": h.arrival_id}
            for h in holds
        ]
        console.show_json({"schema": "taihu.status/1", "expectations": rows, "holds": held})
        return
    if html is not None:
        from taihu.cli.matrix_page import matrix_page

        html.write_text(matrix_page(debts, span, titles, MARKS, {k: console.t(*v) for k, v in NAMES.items()}), encoding="utf-8")
        console.say(str(html))
        return
    _show_matrix(debts, span, titles)
    _show_holds(holds)
    for publication in publications:
        console.say(f"{publication.report} {publication.span} v{publication.version} {publication.id[:8]}")


def _show_matrix(debts: list[Expectation], span: Span, titles: dict[str, str]) -> None:
    from rich.table import Table
    from rich.text import Text as RichText

    console_ = console.rich_console(err=False)
    by_row: dict[tuple[str, str], dict[dt.date, str]] = {}
    for debt in debts:
        by_row.setdefault((debt.source, debt.party), {})[debt.day] = debt.state
    if not by_row:
        console.say(console.t("还没有应到的数据：先运行 taihu run", "nothing is owed yet: run taihu run first"))
        return
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


def _show_holds(holds: list[Any]) -> None:
    from taihu.core.reasons import REASONS

    if holds:
        console.say(console.t(f"\n待处理 {len(holds)} 个文件：", f"\n{len(holds)} files held:"))
    for hold in holds[:20]:
        reason = REASONS[hold.reason].title if hold.reason in REASONS else None
        title = console.tt(reason) if reason else hold.reason
        console.say(f"  {hold.id}  {hold.source} {hold.party} {hold.span or ''}  {title}  {hold.detail[:80]}")
    if holds:
        console.say(console.t("放行：taihu hold release ID --why 原因", "release: taihu hold release ID --why REASON"))
