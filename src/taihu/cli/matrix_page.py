"""The arrival matrix as one self-contained page: nothing is loaded from elsewhere."""

from __future__ import annotations

import datetime as dt
import html
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from taihu.cli import console
from taihu.cli.states import HOLIDAYS, MARKS, NAMES, WEEKDAYS
from taihu.run.matrix import Cell, Day, Matrix

_STYLE = """
:root{color-scheme:light dark;--line:#8883;--faint:#8882;--good:#1a7f4b;--late:#b7791f;--bad:#c0392b;--held:#8e44ad;--lake:#0f5565}
@media (prefers-color-scheme:dark){:root{--good:#4cc38a;--late:#e0a84a;--bad:#f0776a;--held:#c58be0;--lake:#7cc4d6}}
body{font:14px/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;margin:2rem;max-width:80rem}
h1{font-size:1.4rem;margin:0;color:var(--lake)}h2{font-size:1.05rem;margin:2rem 0 .4rem}.when{margin:.2rem 0 0;opacity:.75}
table{border-collapse:collapse}th,td{padding:.15rem .45rem;text-align:center;border-bottom:1px solid var(--line)}
th.name,td.name{text-align:left;white-space:nowrap}td.source{font-weight:600;vertical-align:top}td.party{opacity:.85}
thead th{position:sticky;top:0;background:Canvas;font-weight:500;font-size:12px;line-height:1.25}thead i{font-style:normal;opacity:.6}
.matrix thead tr:last-child th{top:1.6rem}thead .feast{border:none;color:var(--bad);font-size:11px;height:1.3rem;padding:0 .1rem}
td.off,thead th.off{background-image:linear-gradient(var(--faint),var(--faint))}sup{font-size:9px;line-height:0;margin-left:1px}
tr.first td{border-top:2px solid var(--line)}td.name.text{white-space:normal}.quiet{opacity:.65;font-size:12px}
td.state{position:relative;min-width:1.1rem}
td.state sup{position:absolute;top:.55rem}
.arrived,.nil{color:var(--good)}.late{color:var(--late)}.missing,.rejected{color:var(--bad);font-weight:700}
.held,.held-too{color:var(--held);font-weight:700}.waived,.expected{color:#888}
.legend{margin:1rem 0 .8rem;opacity:.9}.legend span{white-space:nowrap;margin-right:1rem}.legend .none{opacity:.5}
.legend .box{display:inline-block;width:.9rem;height:.9rem;vertical-align:-2px;background:var(--faint);margin-right:.3rem}
@media print{body{margin:0}thead th{position:static}}
"""


@dataclass(frozen=True, slots=True)
class HoldLine:
    """One open hold in words: where, whose, when, why, and the id that releases it."""

    source: str
    party: str
    days: str
    reason: str
    detail: str
    hold: str


@dataclass(frozen=True, slots=True)
class Page:
    """What the page shows: ``titles`` by source; ``zone`` is the zone of the instants."""

    title: str
    when: str
    matrix: Matrix
    titles: Mapping[str, str]
    zone: dt.tzinfo
    holds: Sequence[HoldLine] = ()


def matrix_page(page: Page) -> str:
    """A page with one row a party and one column a business day, and the open holds below."""
    t = console.t
    title = html.escape(page.title)
    return (
        f'<!doctype html><html lang="{"zh-CN" if console.lang() == "zh" else "en"}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title}</h1><p class=when>{t('数据到报情况', 'Who has reported, who has not')} · {html.escape(page.when)}</p>"
        f"{_legend(page.matrix)}{_table(page)}{_waivers(page)}{_holds(page.holds)}</html>\n"
    )


def _legend(matrix: Matrix) -> str:
    """Every mark with its name and count, then what shading and small figures mean."""
    t = console.t
    counts: Counter[str] = Counter(cell.debt.state for cell in matrix.cells)
    marks = "".join(
        f'<span{"" if counts[state] else " class=none"}><b class="{state}">{mark}</b> {t(*NAMES[state])} {counts[state]}</span>'
        for state, mark in MARKS.items()
    )
    more = f"<span><b class=box></b>{t('休息日', 'day off')}</span>"
    if any(day.is_makeup for day in matrix.days):
        more += f"<span class=quiet>{t('班 调休上班', 'W* make-up workday')}</span>"
    if any(cell.versions > 1 for cell in matrix.cells):
        more += f"<span class=quiet>●<sup>2</sup> {t('已到 2 版，以最后一版为准', '2 versions came, the last one counts')}</span>"
    if any(cell.waiting for cell in matrix.cells):
        more += f"<span class=quiet>●<sup class=held-too>?</sup> {t('另有新版待处理', 'a newer version is held')}</span>"
    return f"<p class=legend>{marks}{more}</p>"


def _table(page: Page) -> str:
    t = console.t
    matrix = page.matrix
    if not matrix.cells:
        return f"<p>{t('还没有应到的数据：先运行 taihu run', 'nothing is owed yet: run taihu run first')}</p>"
    rows: dict[tuple[str, str], dict[dt.date, Cell]] = {}
    for cell in matrix.cells:
        rows.setdefault((cell.debt.source, cell.debt.party), {})[cell.debt.day] = cell
    body = []
    for source, members in groupby(sorted(rows.items()), key=lambda item: item[0][0]):
        listed = list(members)
        for place, ((_, party), own) in enumerate(listed):
            title = html.escape(page.titles.get(source, source))
            first = f'<td class="name source" rowspan="{len(listed)}">{title}</td>' if place == 0 else ""
            cells = "".join(_cell(page, day, own.get(day.day)) for day in matrix.days)
            opening = "<tr class=first>" if place == 0 else "<tr>"
            body.append(f'{opening}{first}<td class="name party">{_party(matrix, source, party)}</td>{cells}</tr>')
    return f"<table class=matrix><thead>{_head(matrix.days)}</thead><tbody>{''.join(body)}</tbody></table>"


def _head(days: Sequence[Day]) -> str:
    """Holidays above, then month, day and weekday of each column."""
    t = console.t
    feasts = []
    for name, group in groupby(days, key=lambda day: "" if day.is_workday else day.holiday):
        own = list(group)
        label = html.escape(t(name, HOLIDAYS.get(name, name))) if name and len(own) > 1 else ""
        feasts.append(f'<th class="feast{" off" if name else ""}" colspan="{len(own)}">{label}</th>')
    columns = "".join(
        f"<th{_off(day)} title='{_day_words(day)}'>{day.day:%m}<br>{day.day:%d}<br><i>{_weekday(day)}</i></th>" for day in days
    )
    names = f"<th class=name>{t('来源', 'Source')}</th><th class=name>{t('报送方', 'Party')}</th>"
    return f'<tr><th class="feast" colspan="2"></th>{"".join(feasts)}</tr><tr>{names}{columns}</tr>'


def _weekday(day: Day) -> str:
    """The weekday's letter; a make-up workday is marked."""
    if day.is_makeup:
        return console.t("班", "W*")
    return console.t(*WEEKDAYS[day.day.weekday()])


def _day_words(day: Day) -> str:
    if day.is_makeup:
        return console.t("调休上班", "make-up workday")
    name = html.escape(console.t(day.holiday, HOLIDAYS.get(day.holiday, day.holiday)))
    return name if not day.is_workday and name else "" if day.is_workday else console.t("休息日", "day off")


def _off(day: Day) -> str:
    return "" if day.is_workday else ' class="off"'


def _cell(page: Page, day: Day, cell: Cell | None) -> str:
    if cell is None:
        return f"<td{_off(day)}></td>"
    state = cell.debt.state
    small = f"<sup>{cell.versions}</sup>" if cell.versions > 1 else ""
    small += "<sup class=held-too>?</sup>" if cell.waiting else ""
    words = html.escape(_words(page, cell))
    shaded = "" if day.is_workday else " off"
    return f'<td class="state {state}{shaded}" title="{words}" aria-label="{words}">{MARKS[state]}{small}</td>'


def _words(page: Page, cell: Cell) -> str:
    """What stands behind a mark: state, when it came, how often, who let it off."""
    t = console.t
    said = [t(*NAMES[cell.debt.state])]
    if cell.debt.arrived_at is not None:
        said.append(f"{cell.debt.arrived_at.astimezone(page.zone):%m-%d %H:%M}")
    elif cell.debt.state in ("expected", "missing"):
        said.append(t("截止 ", "due ") + f"{cell.debt.due_at.astimezone(page.zone):%m-%d %H:%M}")
    if cell.versions > 1:
        said.append(t(f"共 {cell.versions} 版", f"{cell.versions} versions"))
    if cell.waiting:
        said.append(t(f"另有新版待处理 {cell.waiting[:8]}", f"a newer version is held {cell.waiting[:8]}"))
    if cell.waiver is not None:
        said.append(f"{cell.waiver.who}: {cell.waiver.why}")
    return " · ".join(said)


def _party(matrix: Matrix, source: str, party: str) -> str:
    """Name and code of a party; nothing for a source that is its own."""
    if party == source:
        return ""
    name = matrix.parties.get((source, party), party)
    code = "" if name == party else f' <span class="quiet">{html.escape(party)}</span>'
    return html.escape(name) + code


def _waivers(page: Page) -> str:
    """Who was let off by whom and why, one line a decision."""
    found: dict[str, list[Cell]] = {}
    for cell in page.matrix.cells:
        if cell.waiver is not None:
            found.setdefault(cell.waiver.id, []).append(cell)
    rows = []
    for cells in found.values():
        decision, debt = cells[0].waiver, cells[0].debt
        assert decision is not None
        days = sorted(cell.debt.day for cell in cells)
        span = str(days[0]) if days[0] == days[-1] else f"{days[0]}..{days[-1]}"
        rows.append(
            [
                page.titles.get(debt.source, debt.source),
                page.matrix.parties.get((debt.source, debt.party), ""),
                span,
                decision.why,
                decision.who,
            ]
        )
    t = console.t
    words = (t("来源", "Source"), t("报送方", "Party"), t("期间", "Period"), t("原因", "Reason"), t("决定人", "Decided by"))
    return _listed(t("豁免", "Waived"), words, [[html.escape(text) for text in row] for row in rows])


def _holds(holds: Sequence[HoldLine]) -> str:
    t = console.t
    words = (t("来源", "Source"), t("报送方", "Party"), t("期间", "Period"), t("原因", "Reason"), t("编号", "Hold"))
    rows = []
    for one in holds:
        detail = f"<br><span class=quiet>{html.escape(one.detail)}</span>" if one.detail else ""
        hold = f"<span class=quiet>{html.escape(one.hold)}</span>"
        rows.append([html.escape(one.source), html.escape(one.party), html.escape(one.days), html.escape(one.reason) + detail, hold])
    shown = _listed(t("待处理的文件", "Files held"), words, rows)
    because = t("原因", "REASON")
    return shown and f"{shown}<p class=quiet>{t('放行', 'Release')}: taihu hold release ID --because {because}</p>"


def _listed(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of words below the matrix; the fourth column may break its lines. Empty without rows."""
    if not rows:
        return ""
    names = "".join(f"<th class=name>{word}</th>" for word in head)
    body = "".join(
        "<tr>" + "".join(f'<td class="name{" text" if place == 3 else ""}">{text}</td>' for place, text in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f"<h2>{title} ({len(rows)})</h2><table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"
