"""The arrival matrix as one self-contained page: nothing is loaded from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from taihu.cli import console
from taihu.core.types import Span
from taihu.ledger.records import Expectation

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--good:#1a7f4b;--late:#b7791f;--bad:#c0392b;--held:#8e44ad}
body{font:14px/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;margin:2rem}
table{border-collapse:collapse}th,td{padding:.2rem .45rem;text-align:center;border-bottom:1px solid var(--line)}
th.name,td.name{text-align:left;white-space:nowrap}thead th{position:sticky;top:0;background:Canvas;font-weight:500}
.arrived,.nil{color:var(--good)}.late{color:var(--late)}.missing,.rejected{color:var(--bad);font-weight:700}.held{color:var(--held);font-weight:700}
.waived,.expected{opacity:.5}.legend{margin:1rem 0;opacity:.8}
"""


def matrix_page(
    debts: Sequence[Expectation], span: Span, titles: Mapping[str, str], marks: Mapping[str, str], names: Mapping[str, str]
) -> str:
    """A page with one row a party and one column a business day."""
    rows: dict[tuple[str, str], dict[object, str]] = {}
    for debt in debts:
        rows.setdefault((debt.source, debt.party), {})[debt.day] = debt.state
    days = span.days()
    head = "".join(f"<th>{day:%m-%d}</th>" for day in days)
    body = []
    for (source, party), states in sorted(rows.items()):
        cells = "".join(
            f'<td class="{states[day]}" title="{names[states[day]]}" aria-label="{names[states[day]]}">{marks[states[day]]}</td>'
            if day in states
            else "<td></td>"
            for day in days
        )
        label = "" if party == source else html.escape(party)
        body.append(f'<tr><td class="name">{html.escape(titles.get(source, source))}</td><td class="name">{label}</td>{cells}</tr>')
    legend = "　".join(f'<span class="{state}">{mark}</span> {names[state]}' for state, mark in marks.items())
    title = console.t("到达矩阵", "Arrivals")
    return (
        f'<!doctype html><html lang="{console.lang()}"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title}</h1><p class=legend>{legend}</p><table><thead><tr><th class=name>{console.t('来源', 'Source')}</th>"
        f"<th class=name>{console.t('单位', 'Party')}</th>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></html>\n"
    )
