"""The chapters of the technical design document, as blocks.

What people decided and why comes from the project's ``docs/story``; everything that can be read off the files, the parsed SQL
and the state is written here, so it cannot disagree with them.
"""

from __future__ import annotations

from taihu.collect.registry import connector
from taihu.core.clock import SHANGHAI
from taihu.core.types import Lang
from taihu.describe.blocks import Block, Grid, Heading, Paragraph, Picture, code, inline, parse_markdown, plain
from taihu.describe.catalog import Catalog, Role
from taihu.describe.diagrams import marts_of
from taihu.describe.lineage import lineage_chapter
from taihu.describe.state import NOTHING_YET, State
from taihu.describe.trust import governance, quality
from taihu.describe.words import AGAINST, EVERY, FOR, KEPT, LOADS, STAGES, formula, read_as, t
from taihu.manifest.source import SourceFile


def design(catalog: Catalog, state: State, lang: Lang) -> list[Block]:
    """The whole document; its first block is the title."""
    blocks: list[Block] = [Heading(plain(t(lang, "技术设计文档", "Technical design")), 1), Paragraph(plain(as_of(state, lang)))]
    blocks += story(catalog, "problem", lang)
    blocks += _flow(catalog, lang)
    blocks += _sources(catalog, state, lang)
    blocks += _model(catalog, state, lang)
    blocks += _measures(catalog, lang)
    blocks += quality(catalog, state, lang)
    blocks += _reports(catalog, lang)
    blocks += governance(catalog, lang)
    blocks += lineage_chapter(lang)
    for part in ("decisions", "challenges", "limits"):
        blocks += story(catalog, part, lang)
    return blocks


def as_of(state: State, lang: Lang) -> str:
    """How old the numbers in the documents are."""
    if state.as_of == NOTHING_YET:
        return t(lang, "尚未运行；只描述设计。", "Nothing has run yet; this describes the design alone.")
    local = state.as_of.astimezone(SHANGHAI)
    return t(lang, f"数据截至 {local:%Y-%m-%d %H:%M}（上海）。", f"State of the data: {local:%Y-%m-%d %H:%M} Shanghai.")


def story(catalog: Catalog, name: str, lang: Lang, *, deeper: int = 1) -> list[Block]:
    """What people wrote under ``docs/story/<name>.<lang>.md``; nothing if they did not."""
    text = catalog.tree.story.get(f"{name}.{lang}") or catalog.tree.story.get(name)
    return parse_markdown(text, deeper=deeper) if text else []


def _flow(catalog: Catalog, lang: Lang) -> list[Block]:
    rows = [[code(name), plain(text.in_(lang))] for name, text in STAGES.items()]
    return [
        Heading(plain(t(lang, "架构与数据流", "Architecture and data flow")), 2),
        Picture(f"data_flow.{lang}.svg", t(lang, "数据流图", "Data flow")),
        Grid([plain(t(lang, "阶段", "Stage")), plain(t(lang, "做什么", "What it does"))], rows, widths=(1, 6)),
        Paragraph(plain(KEPT.in_(lang))),
    ]


def _sources(catalog: Catalog, state: State, lang: Lang) -> list[Block]:
    rows = []
    for source in catalog.tree.sources.values():
        file, counted = source.file, state.sources.get(source.name)
        received = f"{counted.received:,}" if counted else ""
        held = sum(counted.states.get(one, 0) for one in ("held", "rejected")) if counted else 0
        rows.append(
            [
                inline(f"**{file.title.text.in_(lang)}**"),
                code(source.name),
                plain(f"{connector(file.collect.via).title.in_(lang)} · {', '.join(read_as(kind, lang) for kind in file.read.kinds)}"),
                plain(_owed(file, lang)),
                plain(LOADS[file.load].in_(lang)),
                plain(received),
                plain(f"{held:,}" if held else ""),
            ]
        )
    head = [
        ("来源", "Source"),
        ("文件夹", "Folder"),
        ("途径", "Way"),
        ("应到", "Owed"),
        ("载入", "Load"),
        ("已收", "Came"),
        ("扣留", "Held"),
    ]
    return [
        Heading(plain(t(lang, "来源", "Sources")), 2),
        Paragraph(
            inline(
                t(
                    lang,
                    "一个文件夹就是一个来源；新增来源不改动其他任何文件。",
                    "One folder is one source; a new one touches no other file.",
                )
            )
        ),
        Grid([plain(t(lang, *one)) for one in head], rows, "lllllrr", (9, 9, 9, 12, 6, 3, 3)),
    ]


def _owed(file: SourceFile, lang: Lang) -> str:
    if file.expect is None:
        return t(lang, "更新时", "when it changes")
    return f"{EVERY[file.expect.every].in_(lang)} {file.expect.by} · {FOR[file.expect.for_].in_(lang)}"


def _model(catalog: Catalog, state: State, lang: Lang) -> list[Block]:
    blocks: list[Block] = [
        Heading(plain(t(lang, "星型模型", "Star schema")), 2),
        Picture(f"star_schema.{lang}.svg", t(lang, "星型模型", "Star schema")),
    ]
    groups: list[tuple[Role, str, str]] = [("fact", "事实表", "Facts"), ("dimension", "维度表", "Dimensions"), ("mart", "集市表", "Marts")]
    for role, zh, en in groups:
        rows = []
        for table in catalog.of_role(role):
            rows.append(
                [
                    code(table.name),
                    inline(f"**{table.title.in_(lang)}** {table.meaning.in_(lang)}"),
                    plain(", ".join(table.grain)),
                    plain(_count(state, table.name)),
                ]
            )
        head = [
            plain(t(lang, "表", "Table")),
            plain(t(lang, "内容", "Content")),
            plain(t(lang, "粒度", "Grain")),
            plain(t(lang, "行", "Rows")),
        ]
        blocks += [Heading(plain(t(lang, zh, en)), 3), Grid(head, rows, "lllr", (5, 9, 5, 2))]
    return blocks


def _count(state: State, table: str) -> str:
    rows = state.rows(table)
    return "" if rows is None else f"{rows:,}"


def _measures(catalog: Catalog, lang: Lang) -> list[Block]:
    rows = []
    for name, term in catalog.measures().items():
        assert term.measure is not None
        column = catalog.tree.glossary.get(term.measure.columns[0])
        said = term.meaning or (column.meaning if column and not term.measure.ratio else None)
        meaning = said.text.in_(lang) if said else ""
        rows.append([inline(f"**{term.name.text.in_(lang)}**"), code(name), code(formula(term.measure, lang)), plain(meaning)])
    head = [("指标", "Measure"), ("代码", "Code"), ("公式", "Formula"), ("说明", "Meaning")]
    return [
        Heading(plain(t(lang, "指标", "Measures")), 2),
        Paragraph(
            plain(
                t(
                    lang,
                    "每个指标只在术语表中定义一次；比率是和之比，从不对比率求平均。",
                    "Each measure is defined once, in the glossary; a ratio is a ratio of sums and is never averaged.",
                )
            )
        ),
        Grid([plain(t(lang, *one)) for one in head], rows, widths=(3, 3, 7, 7)),
    ]


def _reports(catalog: Catalog, lang: Lang) -> list[Block]:
    blocks: list[Block] = [Heading(plain(t(lang, "报告", "Reports")), 2)]
    for name, report in catalog.tree.reports.items():
        shown = dict.fromkeys(
            measure
            for block in report.blocks
            for spec in (block.tiles or block.table or block.chart,)
            if spec is not None
            for measure in ([spec.show] if isinstance(spec.show, str) else spec.show)
        )
        against = dict.fromkeys(kind for block in report.blocks for kind in (block.tiles.against if block.tiles else ()))
        names = [catalog.tree.glossary[one].name.text.in_(lang) for one in shown]
        required = [catalog.tree.sources[one].file.title.text.in_(lang) for one in report.ready_when.required]
        facts = [
            (t(lang, "时间", "When"), f"{EVERY[report.on or report.every].in_(lang)} {report.at}"),
            (
                t(lang, "期间", "Period"),
                t(lang, "自上次报告以来", "since the last report")
                if report.period == "since last report"
                else t(lang, "上一周", "last week"),
            ),
            (t(lang, "指标", "Measures"), t(lang, "、", ", ").join(names)),
            (t(lang, "对比", "Compared with"), t(lang, "、", ", ").join(AGAINST[one].in_(lang) for one in against)),
            (
                t(lang, "完整的条件", "Complete when"),
                t(lang, "、", ", ").join(
                    [
                        *required,
                        t(
                            lang,
                            f"到达率 ≥ {report.ready_when.completeness}",
                            f"at least {report.ready_when.completeness} of usual value is in",
                        ),
                    ]
                ),
            ),
            (t(lang, "集市", "Marts"), ", ".join(marts_of(catalog, name))),
            (t(lang, "格式与语言", "Formats and languages"), f"{', '.join(report.formats)} · {', '.join(report.languages)}"),
            (
                t(lang, "发送", "Sent to"),
                "; ".join(
                    f"{send.role}" + (t(lang, f"（按 {send.split} 分别）", f" (split by {send.split})") if send.split else "")
                    for send in report.send
                ),
            ),
        ]
        blocks += [
            Heading(plain(report.title.text.in_(lang)), 3),
            Grid([(), ()], [[inline(f"**{label}**"), plain(text)] for label, text in facts], widths=(1, 4)),
        ]
    return blocks
