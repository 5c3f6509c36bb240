"""The executives' presentation: what people say about the case around what the tree, the lake and the ledger show.

``docs/story/slides.<lang>.md`` holds the spoken part: its first heading is the subtitle, each second-level heading a slide with
its points; slides after a rule (``---``) come after the generated ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from taihu.core.figures import ChartBlock, Comparison, Figure, Tiles
from taihu.core.reasons import REASONS
from taihu.core.types import Lang
from taihu.describe.blocks import Bullets, Heading, parse_markdown, text_of
from taihu.describe.catalog import Catalog
from taihu.describe.chapters import as_of
from taihu.describe.diagrams import data_flow, rows_of
from taihu.describe.state import State
from taihu.describe.words import AGAINST, decisions, fault_name, t, terms_of_keeping
from taihu.render.diagrams import diagram_png
from taihu.render.numbers import percent_text, scale_for
from taihu.render.slides import Deck, SlideTile
from taihu.render.theme import Tone

Slide = tuple[str, list[str]]
_FIRST = ("target", "week", "year", "day")


def slides(catalog: Catalog, state: State, lang: Lang) -> bytes:
    """The presentation as pptx; the same inputs give the same bytes."""
    project = catalog.tree.file.title.text.in_(lang)
    subtitle, before, after = _spoken(catalog.tree.story.get(f"slides.{lang}", ""))
    deck = Deck(project, issued_at=state.as_of, lang=lang)
    deck.cover(project, subtitle, as_of(state, lang))
    for title, points in before:
        deck.points(title, points)
    _architecture(deck, catalog, state, lang)
    _quality(deck, catalog, state, lang)
    _report(deck, catalog, state, lang)
    _governance(deck, catalog, lang)
    for title, points in after:
        deck.points(title, points)
    return deck.to_bytes()


def _spoken(text: str) -> tuple[str, list[Slide], list[Slide]]:
    """Subtitle, slides before and slides after the rule."""
    first, _, last = text.partition("\n---\n")
    subtitle = ""
    parts: list[list[Slide]] = []
    for part in (first, last):
        found: list[Slide] = []
        for block in parse_markdown(part):
            if isinstance(block, Heading) and block.level == 1:
                subtitle = text_of(block.text)
            elif isinstance(block, Heading):
                found.append((text_of(block.text), []))
            elif isinstance(block, Bullets) and found:
                found[-1][1].extend(text_of(item) for item in block.items)
        parts.append(found)
    return subtitle, parts[0], parts[1]


def _architecture(deck: Deck, catalog: Catalog, state: State, lang: Lang) -> None:
    sources, reports = len(catalog.tree.sources), len(catalog.tree.reports)
    facts, dimensions, marts = (len(catalog.of_role(role)) for role in ("fact", "dimension", "mart"))
    deck.picture(
        t(
            lang,
            f"{sources} 个来源经过一个数据湖，汇成 {reports} 份报告",
            f"{sources} sources pass through one lake into {reports} reports",
        ),
        diagram_png(data_flow(catalog, state, lang, brief=True), ppi=200),
        remark=t(
            lang,
            "原始对象封存；表为 Delta Lake；DuckDB 计算；台账记录一切",
            "Sealed raw objects, Delta Lake tables, DuckDB computes, the ledger remembers everything",
        ),
    )
    head, rows = _bus_matrix(catalog, lang)
    deck.table(
        t(
            lang,
            f"{facts} 张事实表共用 {dimensions} 个维度，供 {marts} 张集市表",
            f"{facts} fact tables share {dimensions} dimensions and feed {marts} marts",
        ),
        head,
        rows,
    )


def _bus_matrix(catalog: Catalog, lang: Lang) -> tuple[list[str], list[list[str]]]:
    """Which fact uses which dimension: the star schema of many tables as people can read it on a slide."""
    uses = {(fact, used) for fact, _, used in catalog.references()}
    counts = Counter(used for _, used in uses)
    used = sorted(counts, key=lambda name: (-counts[name], name))
    facts = [fact for fact in catalog.of_role("fact") if any(fact.name == user for user, _ in uses)]
    facts.sort(key=lambda fact: ([(fact.name, name) not in uses for name in used], fact.name))
    head = [t(lang, "事实表", "Fact"), *(catalog.tables[name].title.in_(lang) for name in used)]
    return head, [[fact.title.in_(lang), *("●" if (fact.name, name) in uses else "" for name in used)] for fact in facts]


def _quality(deck: Deck, catalog: Catalog, state: State, lang: Lang) -> None:
    checks = sum(table.checks for table in catalog.tables.values())
    if not state.has_data:
        deck.tiles(
            t(lang, "每个来源与模型都有检查，未通过的绝不进入数字", "Every source and model is checked; what fails never reaches a figure"),
            [
                SlideTile(t(lang, "声明的检查", "Checks declared"), f"{checks}"),
                SlideTile(t(lang, "原因代码", "Reason codes"), f"{len(REASONS)}"),
            ],
        )
        return
    files, refused = state.files, sum(state.quarantine.values())
    held = files["held"] + files["rejected"]
    came, waived = sum(state.debts.get(one, 0) for one in ("arrived", "nil", "late")), state.debts.get("waived", 0)
    owed = sum(state.debts.values()) - waived
    late, disagree = state.debts.get("late", 0), state.totals.get("disagree", 0)
    received, versions = sum(files.values()), len(state.publications)
    tone: Tone = "warn" if held + refused else "good"

    def tile(zh: str, en: str, value: str, note: str = "", tone: Tone = "flat") -> SlideTile:
        return SlideTile(t(lang, zh, en), value, note, tone)

    tiles = [
        tile(
            "收到的文件与查询",
            "Deliveries received",
            f"{received:,}",
            t(lang, f"{len(state.sources)} 个来源", f"{len(state.sources)} sources"),
        ),
        tile(
            "应到已到",
            "Owed and in",
            f"{came:,} / {owed:,}",
            t(lang, f"其中迟到 {late}", f"{late} of them late") + (t(lang, f"；另有豁免 {waived}", f"; {waived} waived") if waived else ""),
        ),
        tile("扣留或退回", "Held or rejected", f"{held:,}", t(lang, "未计入，报告中列明", "not counted, named in reports"), tone),
        tile("隔离的行", "Rows quarantined", f"{refused:,}", t(lang, "按代码与位置", "by code and place"), tone),
        tile("已被取代", "Superseded", f"{files['superseded']:,}", t(lang, "更正与重发", "corrections and repeats")),
        tile("合计相符", "Control totals agree", f"{state.totals.get('agree', 0):,}", t(lang, f"不符 {disagree}", f"{disagree} disagree")),
        tile("声明的检查", "Checks declared", f"{checks}"),
        tile("发布的报告版本", "Report versions published", f"{versions:,}"),
    ]
    deck.tiles(t(lang, f"{held} 份未通过检查的文件没有进入任何数字", f"{held} deliveries that failed a check reached no figure"), tiles)
    faults: Sequence[dict[str, Any]] = (state.score or {}).get("faults") or ()
    if faults:
        _score(deck, state, faults, lang)
    elif state.reasons or state.quarantine:
        _reasons(deck, state, lang)


def _score(deck: Deck, state: State, faults: Sequence[dict[str, Any]], lang: Lang) -> None:
    keys = ("kind", "planted", "detected", "repaired", "held")
    head = t(lang, "错误 植入 发现 修复 扣留", "Fault Planted Found Repaired Held").split()
    planted, found = (sum(int(fault.get(key, 0)) for fault in faults) for key in ("planted", "detected"))
    wrong = (state.score or {}).get("silently_wrong")
    title = t(lang, f"植入 {planted} 处错误，发现 {found} 处", f"Of {planted} planted faults, {found} were found")
    if wrong is not None:
        title += t(lang, f"；未作说明的错误数字：{wrong}", f"; figures wrong without a mark: {wrong}")
    rows = [[fault_name(fault.get("kind", ""), lang), *(str(fault.get(key, "")) for key in keys[1:])] for fault in faults]
    deck.table(title, head, rows)


def _reasons(deck: Deck, state: State, lang: Lang) -> None:
    names = sorted({*state.reasons, *state.quarantine}, key=lambda one: (-state.reasons.get(one, 0), -state.quarantine.get(one, 0), one))
    rows = [
        [REASONS[name].title.in_(lang) if name in REASONS else name, str(state.reasons.get(name, "")), str(state.quarantine.get(name, ""))]
        for name in names[:14]
    ]
    head = [t(lang, "原因", "Reason"), t(lang, "文件", "Files"), t(lang, "行", "Rows")]
    deck.table(t(lang, "发现的问题都有原因代码与下一步", "Every problem found has a reason and a next step"), head, rows)


def _report(deck: Deck, catalog: Catalog, state: State, lang: Lang) -> None:
    figures = state.figures
    if figures is None:
        columns = [(report.title.text.in_(lang), list(_shown(catalog, name, lang))) for name, report in catalog.tree.reports.items()]
        deck.columns(t(lang, "同一组数字，三种格式，两种语言", "One set of figures, three formats, two languages"), columns)
        return
    of = f"{figures.title.in_(lang)} · {figures.span}"
    tiles = next((block for block in figures.blocks if isinstance(block, Tiles)), None)
    chart = next((block for block in figures.blocks if isinstance(block, ChartBlock)), None)
    if tiles:
        deck.tiles(figures.finding.in_(lang), [_tile(figure, lang) for figure in tiles.figures[:8]], remark=of, below=chart)
    elif chart:
        deck.chart(chart.title.in_(lang), chart, remark=of)


def _shown(catalog: Catalog, report: str, lang: Lang) -> Iterator[str]:
    for block in catalog.tree.reports[report].blocks:
        spec = block.tiles or block.table or block.chart
        if spec is None:
            continue
        title = block.table.title if block.table else block.chart.title if block.chart else None
        shown = [spec.show] if isinstance(spec.show, str) else list(spec.show)
        yield title.text.in_(lang) if title else t(lang, "、", ", ").join(catalog.tree.glossary[one].name.text.in_(lang) for one in shown)


def _tile(figure: Figure, lang: Lang) -> SlideTile:
    value = scale_for(figure.format, figure.unit, lang, [figure.value]).with_unit(figure.value)
    ranked = sorted(figure.comparisons, key=lambda comparison: _FIRST.index(comparison.against))
    notes = [note for comparison in ranked if (note := _note(figure, comparison, lang))]
    return SlideTile(figure.label.in_(lang), value, t(lang, "；", "; ").join(notes[:2]), _tone(figure))


def _note(figure: Figure, comparison: Comparison, lang: Lang) -> str:
    if comparison.change is None:
        return ""
    if comparison.against == "target":
        return t(lang, f"达成 {percent_text(comparison.change)}", f"{percent_text(comparison.change)} of target")
    size = percent_text(comparison.change)
    if figure.format == "percent":  # a difference of two shares is told in points
        size = size.removesuffix("%") + t(lang, " 个百分点", " pp")
    moved = ("+" if comparison.change >= 0 else "") + size
    name = {"day": t(lang, "较前期", "on the period before"), "week": t(lang, "较上周", "on last week")}.get(
        comparison.against, AGAINST[comparison.against].in_(lang)
    )
    return t(lang, f"{name} {moved}", f"{moved} {name}")


def _tone(figure: Figure) -> Tone:
    week = next((one.change for one in figure.comparisons if one.against == "week"), None)
    if week is None or figure.good == "none" or week == 0:
        return "flat"
    return "good" if (week > 0) == (figure.good == "up") else "bad"


def _governance(deck: Deck, catalog: Catalog, lang: Lang) -> None:
    roles = catalog.tree.roles
    people = [
        f"{name}: {rows_of(catalog, name, lang)}" + (f" · {decisions(role.may, lang)}" if role.may else "")
        for name, role in roles.roles.items()
    ]
    personal = sorted({column.label.in_(lang) for _, column in catalog.personal_columns()})
    terms = terms_of_keeping((source.file for source in catalog.tree.sources.values()), lang)
    deck.columns(
        t(
            lang,
            "谁能看什么、哪些是个人信息，写在文件里，由程序执行",
            "Who sees what, and what is personal, is declared in files and enforced",
        ),
        [
            (t(lang, "角色", "Roles"), people),
            (t(lang, "个人信息：只存令牌", "Personal data: tokens only"), personal),
            (t(lang, "用途与保存期限", "Purpose and retention"), terms),
            (
                t(lang, "凭据与审计", "Secrets and audit"),
                [
                    t(lang, "密码只写引用，不写值", "Passwords are references, never values"),
                    t(lang, "原始对象逐个加密", "Every raw object has its own key"),
                    t(lang, "先过滤行，再渲染报告", "Rows are filtered before rendering"),
                    t(lang, "审计日志按哈希相连", "The audit log is hash-chained"),
                ],
            ),
        ],
    )
