"""The arrival matrix as one self-contained page: nothing is loaded from elsewhere."""

from __future__ import annotations

import datetime as dt
import html
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from taihu.cli import console
from taihu.core.types import Span
from taihu.ledger.records import Expectation

_STYLE = """
:root{color-scheme:light dark;--line:#8883;--faint:#8881;--good:#1a7f4b;--late:#b7791f;--bad:#c0392b;--held:#8e44ad;--lake:#0f5565}
@media (prefers-color-scheme:dark){:root{--good:#4cc38a;--late:#e0a84a;--bad:#f0776a;--held:#c58be0;--lake:#7cc4d6}}
body{font:14px/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;margin:2rem;max-width:76rem}
h1{font-size:1.4rem;margin:0;color:var(--lake)}h2{font-size:1.05rem;margin:2rem 0 .4rem}.when{margin:.2rem 0 0;opacity:.75}
table{border-collapse:collapse}th,td{padding:.15rem .45rem;text-align:center;border-bottom:1px solid var(--line)}
th.name,td.name{text-align:left;white-space:nowrap}td.source{font-weight:600;vertical-align:top}td.party{opacity:.85}
thead th{position:sticky;top:0;background:Canvas;font-weight:500;font-size:12px;line-height:1.25}.off{background:var(--faint)}
tr.first td{border-top:2px solid var(--line)}td.name.text{white-space:normal}.quiet{opacity:.65;font-size:12px}
.arrived,.nil{color:var(--good)}.late{color:var(--late)}.missing,.rejected{color:var(--bad);font-weight:700}.held{color:var(--held);font-weight:700}
.waived,.expected{opacity:.5}.legend{margin:1rem 0;opacity:.85}.legend span{white-space:nowrap;margin-right:1rem}
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
class Matrix:
    """What the page shows: ``titles`` by source, ``parties`` by source and party, ``marks`` and ``names`` by state;
    ``off`` are the days off work.
    """

    title: str
    when: str
    span: Span
    debts: Sequence[Expectation]
    titles: Mapping[str, str]
    parties: Mapping[tuple[str, str], str]
    marks: Mapping[str, str]
    names: Mapping[str, str]
    holds: Sequence[HoldLine] = ()
    off: Collection[dt.date] = ()


def matrix_page(matrix: Matrix) -> str:
    """A page with one row a party and one column a business day, and the open holds below."""
    t = console.t
    counts: Counter[str] = Counter(debt.state for debt in matrix.debts)
    legend = "".join(
        f'<span><b class="{state}">{mark}</b> {matrix.names[state]} {counts[state]}</span>'
        for state, mark in matrix.marks.items()
        if counts[state]
    )
    title = html.escape(matrix.title)
    return (
        f'<!doctype html><html lang="{"zh-CN" if console.lang() == "zh" else "en"}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title}</h1><p class=when>{t('数据到报情况', 'Who has reported, who has not')} · {html.escape(matrix.when)}</p>"
        f"<p class=legend>{legend}</p>{_table(matrix)}{_holds(matrix.holds)}</html>\n"
    )


def _table(matrix: Matrix) -> str:
    t = console.t
    if not matrix.debts:
        return f"<p>{t('还没有应到的数据：先运行 taihu run', 'nothing is owed yet: run taihu run first')}</p>"
    days = matrix.span.days()
    off = [' class="off"' if day in matrix.off else "" for day in days]
    head = "".join(f"<th{mark}>{day:%m}<br>{day:%d}</th>" for day, mark in zip(days, off, strict=True))
    rows: dict[tuple[str, str], dict[object, str]] = {}
    for debt in matrix.debts:
        rows.setdefault((debt.source, debt.party), {})[debt.day] = debt.state
    body = []
    for source, members in groupby(sorted(rows.items()), key=lambda item: item[0][0]):
        listed = list(members)
        for place, ((_, party), states) in enumerate(listed):
            cells = "".join(
                _cell(matrix, states[day], mark) if day in states else f"<td{mark}></td>" for day, mark in zip(days, off, strict=True)
            )
            title = html.escape(matrix.titles.get(source, source))
            first = f'<td class="name source" rowspan="{len(listed)}">{title}</td>' if place == 0 else ""
            opening = "<tr class=first>" if place == 0 else "<tr>"
            body.append(f'{opening}{first}<td class="name party">{_party(matrix, source, party)}</td>{cells}</tr>')
    return (
        f"<table><thead><tr><th class=name>{t('来源', 'Source')}</th><th class=name>{t('报送方', 'Party')}</th>{head}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def _cell(matrix: Matrix, state: str, mark: str) -> str:
    shaded = " off" if mark else ""
    name = matrix.names[state]
    return f'<td class="{state}{shaded}" title="{name}" aria-label="{name}">{matrix.marks[state]}</td>'


def _party(matrix: Matrix, source: str, party: str) -> str:
    """Name and code of a party; nothing for a source that is its own."""
    if party == source:
        return ""
    name = matrix.parties.get((source, party), party)
    code = "" if name == party else f' <span class="quiet">{html.escape(party)}</span>'
    return html.escape(name) + code


def _holds(holds: Sequence[HoldLine]) -> str:
    if not holds:
        return ""
    t = console.t
    head = "".join(
        f"<th class=name>{word}</th>"
        for word in (t("来源", "Source"), t("报送方", "Party"), t("期间", "Period"), t("原因", "Reason"), t("编号", "Hold"))
    )
    rows = "".join(
        f"<tr><td class=name>{html.escape(one.source)}</td><td class=name>{html.escape(one.party)}</td>"
        f"<td class=name>{html.escape(one.days)}</td><td class='name text'>{html.escape(one.reason)}"
        + (f"<br><span class=quiet>{html.escape(one.detail)}</span>" if one.detail else "")
        + f"</td><td class='name quiet'>{html.escape(one.hold)}</td></tr>"
        for one in holds
    )
    command = "taihu hold release ID --because …"
    return (
        f"<h2>{t('待处理的文件', 'Files held')} ({len(holds)})</h2><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p class=quiet>{t('放行', 'Release')}: {command}</p>"
    )
