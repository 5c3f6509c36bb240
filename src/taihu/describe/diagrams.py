"""The three drawings: how data flows, how the star schema hangs together, which table is made from which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from taihu.collect.registry import CONNECTORS, connector
from taihu.core.types import Lang
from taihu.describe.catalog import PROVENANCE, Catalog, Role, Table
from taihu.describe.state import State
from taihu.render.diagrams import Diagram, Edge, Field, Group, Node

_STAR_FIELDS = 10


def data_flow(catalog: Catalog, state: State, lang: Lang, *, brief: bool = False) -> Diagram:
    """From what is sent to who reads it; counts of the state stand beside the names.

    Args:
        brief: Numbers of sources and tables in place of their names, so that it can be read from the back of a room.
    """
    tree = catalog.tree
    nodes, edges = _senders(catalog, state, lang, brief=brief)
    nodes += _stages(catalog, state, lang, brief=brief)
    edges += [Edge("land", "clean"), Edge("clean", "match"), Edge("clean", "facts"), Edge("match", "facts"), Edge("clean", "dimensions")]
    edges += [
        Edge("facts", "marts"),
        Edge("dimensions", "marts"),
        Edge("ledger", "clean", dashed=True),
        Edge("ledger", "dimensions", dashed=True),
    ]
    for name, report in tree.reports.items():
        readers = [Field(role, rows_of(catalog, role, lang)) for role in dict.fromkeys(send.role for send in report.send)]
        said = f"{report.at} · {' · '.join(report.formats)}"
        nodes.append(Node(f"report.{name}", report.title.text.in_(lang), said, "report", "", () if brief else readers))
        edges.append(Edge("marts", f"report.{name}"))
    groups = [Group("in", _t(lang, "来源", "Sources"))]
    return Diagram(_t(lang, "数据流图", "Data flow"), nodes, edges, groups, spread=0.34 if brief else 0.62)


def _senders(catalog: Catalog, state: State, lang: Lang, *, brief: bool) -> tuple[list[Node], list[Edge]]:
    """One box for each way in, listing its sources and the number of their deliveries."""
    by_via: dict[str, list[tuple[str, int]]] = {}
    for source in catalog.tree.sources.values():
        received = state.sources[source.name].received if source.name in state.sources else 0
        by_via.setdefault(source.file.collect.via, []).append((source.file.title.text.in_(lang), received))
    known = list(CONNECTORS)
    order = sorted(by_via, key=lambda via: (known.index(via) if via in known else len(known), via))
    nodes = []
    for via in order:
        count, received = len(by_via[via]), sum(received for _, received in by_via[via])
        said = _t(lang, f"{count} 个来源", f"{count} {'source' if count == 1 else 'sources'}")
        said += _t(lang, f" · {received:,} 份", f" · {received:,} in") if received else ""
        fields = [Field(title, f"{received:,}" if received else "") for title, received in by_via[via]]
        nodes.append(Node(f"via.{via}", connector(via).title.in_(lang), said if brief else "", "source", "in", () if brief else fields))
    return nodes, [Edge(node.id, "land") for node in nodes]


def _stages(catalog: Catalog, state: State, lang: Lang, *, brief: bool) -> list[Node]:
    files, debts = state.files, state.debts
    received = f"{sum(files.values()):,}" if files else ""

    def counted(zh: str, en: str, count: int | None) -> Field:
        return Field(_t(lang, zh, en), f"{count:,}" if count else "")

    def tables(id: str, zh: str, en: str, kind: str, *roles: Role) -> Node:
        made = [(t.title.in_(lang), state.rows(t.name) or 0) for t in catalog.of_role(*roles)]
        rows = sum(count for _, count in made)
        said = _t(lang, f"{len(made)} 张表", f"{len(made)} tables") + (_t(lang, f" · {rows:,} 行", f" · {rows:,} rows") if rows else "")
        fields = [Field(title, f"{count:,}" if count else "") for title, count in made]
        return Node(id, _t(lang, zh, en), said if brief else "", kind, "", () if brief else fields)

    land = [Field(_t(lang, "封存对象", "sealed objects"), received), Field(_t(lang, "按哈希，只读", "by hash, read-only"))]
    clean = [
        counted("读取：格式与合计核对", "read: layouts, control totals", None),
        counted(
            "清洗：类型，拒绝不猜", "clean: types, refuse don't guess", sum(state.rows(t.name) or 0 for t in catalog.of_role("source"))
        ),
        counted("个人信息换成令牌", "personal values become tokens", None),
        counted("检查：扣留的文件", "check: files held", files["held"] + files["rejected"]),
        counted("检查：隔离的行", "check: rows quarantined", sum(state.quarantine.values())),
    ]
    ledger = [
        counted("应到", "what is owed", sum(debts.values())),
        counted("到达与扣留", "arrivals and holds", sum(files.values())),
        counted("发布与锁定版本", "publications pin versions", len(state.publications)),
        Field(_t(lang, "工作日历", "working calendar")),
    ]
    return [
        Node("land", _t(lang, "落地", "Land"), "", "ops", "", land),
        Node("clean", _t(lang, "读取 · 清洗 · 检查", "Read, clean, check"), "", "clean", "", clean),
        Node("ledger", _t(lang, "台账", "Ledger"), "", "ops", "", ledger),
        tables("match", "匹配", "Match", "match", "map"),
        tables("dimensions", "维度", "Dimensions", "core", "dimension"),
        tables("facts", "事实", "Facts", "core", "fact"),
        tables("marts", "集市", "Marts", "mart", "mart"),
    ]


def rows_of(catalog: Catalog, role: str, lang: Lang) -> str:
    rows = catalog.tree.roles.roles[role].rows
    if rows == "all":
        return _t(lang, "全部行", "all rows")
    own = ", ".join(catalog.tree.glossary[name].name.text.in_(lang) if name in catalog.tree.glossary else name for name in rows)
    return _t(lang, f"仅本{own}", f"own {own.lower()} only")


def star_schema(catalog: Catalog, lang: Lang, *, most: int = _STAR_FIELDS) -> Diagram:
    """Facts above and below the dimensions, and the keys between them; at most ``most`` columns of each table."""
    references = catalog.references()
    foreign = {(fact, column) for fact, column, _ in references}
    middle = {dimension for _, _, dimension in references}
    nodes = []
    for table in catalog.of_role("dimension", "fact"):
        fields = [Field(c.name, c.type, _key(table, c.name, foreign)) for c in table.columns if c.name not in PROVENANCE]
        fields.sort(key=_weight if table.role == "fact" else lambda field: field.key != "PK")
        hidden = len(fields) - most
        if hidden > 1:
            fields = [*fields[:most], Field(_t(lang, f"… 另有 {hidden} 列", f"… {hidden} more columns"))]
        kind = "core" if table.name not in middle else "match"
        nodes.append(Node(table.name, table.title.in_(lang), table.name, kind, "", fields))
    outer = [table.name for table in catalog.of_role("fact") if table.name not in middle]
    below = set(_spread(outer, references))
    edges = [Edge(fact, dimension, many=True, against=fact in below) for fact, _, dimension in references]
    return Diagram(_t(lang, "星型模型", "Star schema"), nodes, edges, direction="TB")


def _weight(field: Field) -> tuple[int, bool, bool]:
    """Keys first, then what is added up (amounts in CNY before the rest), then everything else."""
    return ("PK", "FK", "").index(field.key), not field.name.endswith("_cny"), not field.type.startswith("DECIMAL")


def _spread(facts: Sequence[str], references: Sequence[tuple[str, str, str]]) -> list[str]:
    """Facts for the lower side: every second one, in the order of how many keys they have."""
    keys = {fact: sum(one[0] == fact for one in references) for fact in facts}
    return sorted(facts, key=lambda fact: (-keys[fact], fact))[1::2]


def _key(table: Table, column: str, foreign: set[tuple[str, str]]) -> Literal["", "PK", "FK"]:
    if (table.name, column) in foreign:
        return "FK"
    return "PK" if column in table.grain else ""


def lineage(catalog: Catalog, lang: Lang) -> Diagram:
    """Which table is made from which, from the sources to the reports; sources that go the same ways share a box."""
    kinds = {"source": "clean", "map": "match", "dimension": "core", "fact": "core", "mart": "mart", "operations": "ops"}
    boxes: dict[tuple[str, ...], list[Table]] = {}
    for source in catalog.of_role("source"):
        ways = tuple(table.name for table in catalog.tables.values() if source.name in table.inputs)
        boxes.setdefault(ways, []).append(source)
    nodes: list[Node] = []
    box_of: dict[str, str] = {}
    for ways, together in boxes.items():
        if len(together) == 1:
            continue
        box = f"box.{together[0].name}"
        box_of |= {table.name: box for table in together}
        title = _t(lang, f"{len(together)} 个来源", f"{len(together)} sources")
        title += "" if ways else _t(lang, "，模型未用", ", used by no model")
        nodes.append(Node(box, title, "", "clean", "", [Field(table.title.in_(lang), table.name) for table in together]))
    nodes += [Node(t.name, t.title.in_(lang), t.name, kinds[t.role]) for t in catalog.tables.values() if t.name not in box_of]
    made = {
        (box_of.get(name, name), table.name, catalog.tables[name].role == "map")
        for table in catalog.tables.values()
        for name in table.inputs
    }
    edges = [Edge(start, end, dashed=dashed) for start, end, dashed in sorted(made)]
    for name, report in catalog.tree.reports.items():
        nodes.append(Node(f"report.{name}", report.title.text.in_(lang), f"reports/{name}", "report"))
        edges += [Edge(mart, f"report.{name}") for mart in marts_of(catalog, name)]
    return Diagram(_t(lang, "表血缘图", "Table lineage"), nodes, edges)


def marts_of(catalog: Catalog, report: str) -> list[str]:
    """The marts that a report reads, in the order of its blocks."""
    specs = [block.tiles or block.table or block.chart for block in catalog.tree.reports[report].blocks]
    return list(dict.fromkeys(spec.from_ for spec in specs if spec is not None))


def _t(lang: Lang, zh: str, en: str) -> str:
    return zh if lang == "zh" else en
