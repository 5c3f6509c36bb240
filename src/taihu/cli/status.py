"""``taihu status``: who reported, who did not: parties by days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taihu.cli import console
from taihu.cli.options import HERE, AsOf, Json, Project, open_project
from taihu.core.types import Span

if TYPE_CHECKING:
    from taihu.check.scorecard import Card
    from taihu.cli.matrix_page import HoldLine
    from taihu.ledger.records import Hold
    from taihu.project.workspace import Workspace
    from taihu.run.matrix import Matrix
    from taihu.run.unfinished import Unfinished

_MOST_HOLDS = 10
_ESTIMATE = ("source", "party", "business_date", "estimated_column", "amount", "method")


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

    from taihu.cli.matrix_table import show_matrix
    from taihu.cli.retry import as_json, show_troubles
    from taihu.run.estimating import estimates_now
    from taihu.run.matrix import matrix
    from taihu.run.operations import PartyNames
    from taihu.run.portals import is_paused
    from taihu.run.troubles import troubles
    from taihu.run.unfinished import unfinished

    with open_project(project, as_of) as ws:
        zone = ZoneInfo(ws.tree.file.time_zone)
        now = ws.clock.now().astimezone(zone)
        if source is not None:
            ws.tree.source(source)
        shown = matrix(ws, Span(now.date() - dt.timedelta(days=days), now.date()), source)
        holds = [hold for hold in ws.ledger.holds() if source in (None, hold.source)]
        publications = ws.ledger.publications()[-3:]
        titles = {name: console.tt(entry.file.title.text) for name, entry in ws.tree.sources.items()}
        sources = list(ws.tree.sources.values())
        project_title = console.tt(ws.tree.file.title.text)
        names = PartyNames(ws)
        who = {(hold.source, hold.party): names.name(hold.source, hold.party) for hold in holds if hold.party not in ("", hold.source)}
        paused = [name for name in ws.tree.sources if source in (None, name) and is_paused(ws, name)]
        missing = as_json(ws, source)
        cards = _cards(ws, shown.span.start, source)
        trouble = troubles(ws, source)
        waiting = unfinished(ws, source)
        estimated = estimates_now(ws, source)
    if json:
        console.show_json(
            {
                "schema": "taihu.status/1",
                "as_of": now,
                **_matrix_json(shown),
                "holds": [_hold_json(hold, who) for hold in holds],
                "paused": paused,
                "not_finished": {w.source: w.count for w in waiting},
                "quality": [_card_json(card) for card in cards],
                "estimates": [{name: str(row[name]) for name in _ESTIMATE} for row in estimated],
                **missing,
            }
        )
        return
    if html is not None:
        _write_page(html, project_title, shown, titles, now, [_hold_line(hold, titles, who) for hold in reversed(holds)])
        return
    if shown.cells:
        show_matrix(shown, titles)
    elif any(entry.file.expect for entry in sources):
        console.say(console.t("还没有应到的数据：先运行 taihu run", "nothing is owed yet: run taihu run first"))
    else:
        console.say(console.t("没有来源写明应到时间（source.yml 的 expect）", "no source says what is due (expect: in source.yml)"))
    _show_cards(cards)
    _show_estimates(estimated)
    _show_holds(holds, who)
    show_troubles(trouble, missing["refused_logins"])
    _show_waiting(paused, waiting)
    for publication in publications:
        console.say(f"{publication.report} {publication.span} v{publication.version} {publication.id[:8]}")


def _write_page(path: Path, title: str, shown: Matrix, titles: dict[str, str], now: dt.datetime, holds: Sequence[HoldLine]) -> None:
    """The matrix as a page."""
    from taihu.cli.matrix_page import Page, matrix_page

    when = f"{shown.span.start} – {shown.span.end - dt.timedelta(days=1)}, {now:%Y-%m-%d %H:%M}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(matrix_page(Page(title, when, shown, titles, now.tzinfo or dt.UTC, holds)), encoding="utf-8")
    console.say(str(path))


def _show_estimates(rows: Sequence[dict[str, Any]]) -> None:
    """How many missing days are estimated."""
    if not rows:
        return
    days, parties = len({(r["source"], r["party"], r["business_date"]) for r in rows}), len({r["party"] for r in rows})
    zh = f"\n估计：{parties} 家缺报的 {days} 天（表 ops.estimate，不计入任何数字）"
    console.say(console.t(zh, f"\nestimates: {days} missing days of {parties} parties (table ops.estimate, in no figure)"))


def _show_waiting(paused: Sequence[str], waiting: Sequence[Unfinished]) -> None:
    """Sources that wait for a person, and files that are not finished."""
    for name in paused:
        en = f"⏸ {name} waits for a person or a permission: taihu portal check {name}"
        console.say(console.t(f"⏸ {name} 在等待人工登录或授权：taihu portal check {name}", en))
    for each in waiting:
        en = f"… {each.source}: {each.count} files not finished ({each.text})"
        console.say(console.t(f"… {each.source}：{each.count} 个文件尚未传完（{each.text}）", en))


def _matrix_json(shown: Matrix) -> dict[str, Any]:
    """Columns and cells of the matrix."""
    return {
        "days": [{"day": d.day, "workday": d.is_workday, "makeup": d.is_makeup, "holiday": d.holiday} for d in shown.days],
        "expectations": [
            {
                "source": cell.debt.source,
                "party": cell.debt.party,
                "party_name": shown.parties.get((cell.debt.source, cell.debt.party), ""),
                "day": cell.debt.day,
                "state": cell.debt.state,
                "due_at": cell.debt.due_at,
                "arrival": cell.debt.arrival_id,
                "arrived_at": cell.debt.arrived_at,
                "versions": cell.versions,
                "newer_version_held": cell.waiting or None,
                "waived": {"who": cell.waiver.who, "why": cell.waiver.why, "at": cell.waiver.decided_at} if cell.waiver else None,
            }
            for cell in shown.cells
        ],
    }


def _cards(ws: Workspace, since: dt.date, source: str | None) -> list[Card]:
    """Quality of each source over the days that are shown."""
    from zoneinfo import ZoneInfo

    from taihu.check.scorecard import by_source, scorecard

    ledger = ws.ledger
    arrivals, debts = ledger.arrivals(source=source), ledger.expectations(source=source)
    return by_source(scorecard(arrivals, debts, ledger.quarantine_counts(source=source), ZoneInfo(ws.tree.file.time_zone)), since)


def _card_json(card: Card) -> dict[str, Any]:
    from taihu.check.scorecard import DIMENSIONS

    scores = {name: card.score(name) for name in DIMENSIONS}
    return {"source": card.source, **{name: None if score is None else float(score) for name, score in scores.items()}}


def _show_cards(cards: list[Card]) -> None:
    """Sources that are not wholly good, one line each: only the scores below 100 %."""
    from taihu.check.scorecard import DIMENSIONS, percent

    lines = []
    for card in cards:
        low = [(name, score) for name in DIMENSIONS if (score := card.score(name)) is not None and score < 1]
        if low:
            lines.append(f"  {card.source:<20} " + "  ".join(f"{console.tt(DIMENSIONS[name])} {percent(score)}" for name, score in low))
    if lines:
        console.say(console.t("\n数据质量（所示各天，100 % 的不列）：", "\nquality over these days (what is 100 % is not listed):"))
        for line in lines:
            console.say(line)


def _hold_json(hold: Hold, who: dict[tuple[str, str], str]) -> dict[str, Any]:
    return {
        "id": hold.id,
        "source": hold.source,
        "party": hold.party,
        "party_name": who.get((hold.source, hold.party), ""),
        "span": str(hold.span or ""),
        "reason": hold.reason,
        "detail": hold.detail,
        "since": hold.opened_at,
        "arrival": hold.arrival_id,
    }


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


def _show_holds(holds: list[Hold], who: dict[tuple[str, str], str]) -> None:
    """The newest holds, one line each, and how to see the others."""
    if not holds:
        return
    console.say(console.t(f"\n待处理 {len(holds)} 个文件：", f"\n{len(holds)} files held:"))
    for hold in list(reversed(holds))[:_MOST_HOLDS]:
        line = _hold_line(hold, {}, who)
        words = (hold.id, hold.source, "" if hold.party == hold.source else hold.party, line.party, line.days, line.reason, line.detail)
        console.say("  " + "  ".join(word for word in words if word))
    if len(holds) > _MOST_HOLDS:
        console.say(console.t(f"  … 另有 {len(holds) - _MOST_HOLDS} 个较早的", f"  … {len(holds) - _MOST_HOLDS} older ones"))
    zh = "全部与处理办法：taihu hold list；放行：taihu hold release ID --because 原因"
    console.say(console.t(zh, "all, and what to do: taihu hold list; release: taihu hold release ID --because REASON"))
