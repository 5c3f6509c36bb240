"""The chapters on trust: what is checked and what was found, who may see what, how long it is kept."""

from __future__ import annotations

from collections.abc import Sequence

from taihu.check.scorecard import DIMENSIONS, percent
from taihu.core.reasons import REASONS
from taihu.core.types import Lang
from taihu.describe.blocks import Block, Bullets, Grid, Heading, Inline, Paragraph, code, inline, plain
from taihu.describe.catalog import Catalog
from taihu.describe.diagrams import rows_of
from taihu.describe.state import State
from taihu.describe.words import FILE_STATES, HIDDEN, KINDS, TOKENS, decisions, fault_name, t, terms_of_keeping
from taihu.manifest.source import Check, RowBand


def quality(catalog: Catalog, state: State, lang: Lang) -> list[Block]:
    """Which rules there are, and what they found."""
    rows = []
    for source in catalog.tree.sources.values():
        rules = [_rule(catalog, check, lang) for check in source.file.checks]
        if rules:
            rows.append([inline(f"**{source.file.title.text.in_(lang)}**"), plain(t(lang, "；", "; ").join(rules))])
    blocks: list[Block] = [
        Heading(plain(t(lang, "质量", "Quality")), 2),
        Grid([plain(t(lang, "来源", "Source")), plain(t(lang, "检查", "Checks"))], rows, widths=(2, 7)),
    ]
    if state.has_data:
        files = [
            [plain(FILE_STATES[name].in_(lang) if name in FILE_STATES else name), plain(f"{count:,}")]
            for name, count in sorted(state.files.items())
        ]
        blocks += [
            Heading(plain(t(lang, "收到的文件与查询", "What came")), 3),
            Grid([plain(t(lang, "状态", "State")), plain(t(lang, "份数", "Deliveries"))], files, "lr", (3, 1)),
        ]
        blocks += _scorecard(catalog, state, lang)
    found = [
        [plain(_reason(name, lang)), plain(f"{state.reasons.get(name, 0) or '':}"), plain(f"{state.quarantine.get(name, 0) or '':}")]
        for name in sorted(
            {*state.reasons, *state.quarantine}, key=lambda one: (-state.reasons.get(one, 0), -state.quarantine.get(one, 0), one)
        )
    ]
    if found:
        head = [
            plain(t(lang, "原因", "Reason")),
            plain(t(lang, "扣留的文件", "Files held")),
            plain(t(lang, "隔离的行", "Rows quarantined")),
        ]
        blocks += [Heading(plain(t(lang, "发现的问题", "What was found")), 3), Grid(head, found, "lrr", (6, 2, 2))]
    return blocks + _score(state, lang)


def _scorecard(catalog: Catalog, state: State, lang: Lang) -> list[Block]:
    """Six scores a source, over all days; the table ``ops.scorecard`` has them by day."""
    titles = {name: source.file.title.text.in_(lang) for name, source in catalog.tree.sources.items()}
    rows = [
        [plain(titles.get(card.source, card.source)), *(plain(percent(card.score(name))) for name in DIMENSIONS)] for card in state.cards
    ]
    head = [plain(t(lang, "来源", "Source")), *(plain(name.in_(lang)) for name in DIMENSIONS.values())]
    return [
        Heading(plain(t(lang, "数据质量记分卡", "Scorecard")), 3),
        Grid(head, rows, "lrrrrrr", (4, 2, 2, 2, 2, 2, 2)),
    ]


def _score(state: State, lang: Lang) -> list[Block]:
    """For a simulated company, what was planted and what was found of it."""
    faults: Sequence[dict[str, object]] = (state.score or {}).get("faults") or ()
    if not faults:
        return []
    keys = ("kind", "planted", "detected", "located", "repaired", "held")
    rows = [[plain(fault_name(fault.get("kind", ""), lang)), *(plain(fault.get(key, "")) for key in keys[1:])] for fault in faults]
    head = [
        ("植入的错误", "Fault planted"),
        ("植入", "Planted"),
        ("发现", "Found"),
        ("定位", "Located"),
        ("修复", "Repaired"),
        ("扣留", "Held"),
    ]
    return [
        Heading(plain(t(lang, "与已知真相对照", "Against the known truth")), 3),
        Grid([plain(t(lang, *one)) for one in head], rows, "lrrrrr", (4, 1, 1, 1, 1, 1)),
    ]


def _reason(name: str, lang: Lang) -> str:
    return REASONS[name].title.in_(lang) if name in REASONS else name


def _rule(catalog: Catalog, check: Check, lang: Lang) -> str:
    """One rule in words, with what happens when it fails."""
    outcome = {"warn": ("提示", "warn"), "quarantine": ("隔离", "quarantine"), "hold": ("扣留", "hold")}[check.else_]
    kind, band = check.kinds[0], check.rows or RowBand()
    follow = check.consistent.columns if check.consistent else ()
    sums = (check.identity.equals,) if check.identity else ()

    def named(columns: Sequence[str] | None) -> str:
        glossary = catalog.tree.glossary
        words = [glossary[one].name.text.in_(lang) if one in glossary else one for one in columns or ()]
        return "、".join(words) if lang == "zh" else ", ".join(words).lower().capitalize()

    said = {
        "same_sign": lambda: t(lang, f"{named(check.same_sign)}同号", f"{named(check.same_sign)} have one sign"),
        "rows": lambda: t(lang, f"行数 {band.min}–{band.max}", f"{band.min:,} to {band.max:,} rows"),
        "sql": lambda: _reason(check.reason, lang) if check.reason else check.sql or "",
        "unique": lambda: t(lang, f"{named(check.unique)}不重复", f"{named(check.unique)} unique"),
        "not_null": lambda: t(lang, f"{named(check.not_null)}必填", f"{named(check.not_null)} present"),
        "price_band": lambda: t(lang, "单价在价目表范围内", "unit prices near the price list"),
        "stale": lambda: t(lang, "与上次不全相同", "not all equal to last time"),
        "consistent": lambda: t(lang, f"{named(follow)}前后一致", f"{named(follow)} consistent"),
        "identity": lambda: t(lang, f"{named(sums)}可由加减得出", f"{named(sums)} adds up"),
        "anomalies": lambda: t(lang, "每日合计与中国日历相符", "daily sums as the Chinese calendar lets expect"),
        "listed": lambda: t(lang, f"{named(check.columns)}已登记", f"{named(check.columns)} is listed"),
        "net_content": lambda: t(lang, "品名的净含量与编码相符", "names state the net content of their code"),
        "territory": lambda: t(lang, "客户位于本经销商区域", "customers in the party's own territory"),
        "days_covered": lambda: t(lang, "期间内每天都有数据", "every day of the period is there"),
    }[kind]()
    return f"{said}（{outcome[0]}）" if lang == "zh" else f"{said} ({outcome[1]})"


def governance(catalog: Catalog, lang: Lang) -> list[Block]:
    """Roles, personal data, retention."""
    roles = []
    for name, role in catalog.tree.roles.roles.items():
        hidden = t(lang, "、", ", ").join(HIDDEN[one].in_(lang) for one in role.hide)
        people = sum(1 for person in catalog.tree.roles.people if person.role == name)
        roles.append([code(name), plain(rows_of(catalog, name, lang)), plain(hidden), plain(decisions(role.may, lang)), plain(people)])
    head = [("角色", "Role"), ("可见行", "Rows"), ("隐藏", "Hidden"), ("可做的决定", "May decide"), ("人数", "People")]
    personal: dict[str, list[Inline]] = {}
    for table, column in catalog.personal_columns():
        said = t(lang, "，", ", ").join([column.label.in_(lang), KINDS[column.personal].in_(lang)])
        personal.setdefault(f"{column.name} · {said}", []).append(code(table.name))
    listed = [[plain(name), tuple(run for cell in tables for run in (*cell, ("plain", " ")))] for name, tables in sorted(personal.items())]
    terms = terms_of_keeping((source.file for source in catalog.tree.sources.values()), lang)
    return [
        Heading(plain(t(lang, "治理", "Governance")), 2),
        Grid([plain(t(lang, *one)) for one in head], roles, "llllr", (3, 4, 2, 4, 1)),
        Heading(plain(t(lang, "个人信息", "Personal data")), 3),
        Paragraph(plain(TOKENS.in_(lang))),
        Grid([plain(t(lang, "列 · 名称与类别", "Column · name and kind")), plain(t(lang, "表", "Tables"))], listed, widths=(2, 5)),
        Heading(plain(t(lang, "用途与保存期限", "Purpose and retention")), 3),
        Bullets([plain(term) for term in terms]),
    ]
