"""Every table with its columns, meanings, inputs and origins in one value: what all documents are drawn from.

Nothing is written down twice: names and types come from the sources' columns and the models' final SELECT, meanings from the
glossary, inputs and origins from the parsed SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from taihu.core.types import Text
from taihu.manifest.glossary import Term
from taihu.manifest.matching import DescribedKind, described_kinds
from taihu.manifest.tree import Model, ProjectTree, Source
from taihu.model.inputs import MONTH, clean_columns, domains, golden_columns, map_columns

if TYPE_CHECKING:
    from taihu.model.graph import Graph

Role = Literal["source", "map", "dimension", "fact", "mart", "operations"]
Origin = tuple[str, str]

PROVENANCE = ("_src_id", "_src_row", "dq_flags", MONTH)
"""Columns that say where a row came from; diagrams leave them out, dictionaries list them last."""

ROLE_NAMES: Mapping[Role, Text] = {
    "source": Text("来源表", "Source table"),
    "map": Text("匹配表", "Match map"),
    "dimension": Text("维度", "Dimension"),
    "fact": Text("事实", "Fact"),
    "mart": Text("集市", "Mart"),
    "operations": Text("运营表", "Operations"),
}


_LEDGER = Text("台账快照", "Snapshot of the ledger")
_OPERATIONS = {
    "ops.arrival": Text("到件快照", "Arrivals, from the ledger"),
    "ops.calendar": Text("工作日历", "Working calendar"),
    "ops.estimate": Text("缺报估计", "Estimates of days that are owed and not there"),
    "ops.expectation": Text("应到台账快照", "Expectations, from the ledger"),
    "ops.scorecard": Text("数据质量记分卡", "Quality scores a source and day"),
    "ops.hold": Text("待处理快照", "Holds, from the ledger"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        personal: Kind of personal data; the column then holds tokens.
        origins: Columns of source tables that its values come from.
        headers: What senders call it.
        if_missing: What stands for a value that is not there; empty where nothing does.
    """

    name: str
    type: str
    term: Term | None
    personal: str = ""
    origins: Sequence[Origin] = ()
    headers: Sequence[str] = ()
    if_missing: str = ""

    @property
    def label(self) -> Text:
        return self.term.name.text if self.term else Text(self.name, self.name)

    @property
    def meaning(self) -> Text:
        return self.term.meaning.text if self.term and self.term.meaning else Text("", "")


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the lake and what is known of it. ``inputs`` are the stored tables that it is made from."""

    name: str
    role: Role
    title: Text
    meaning: Text
    columns: Sequence[Column]
    grain: Sequence[str] = ()
    inputs: Sequence[str] = ()
    owner: str = ""
    path: str = ""
    kind: str = ""
    checks: int = 0

    @property
    def layer(self) -> str:
        return self.name.split(".")[0]

    @property
    def short(self) -> str:
        return self.name.split(".")[1]

    def has(self, column: str) -> bool:
        return any(one.name == column for one in self.columns)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All tables by name, in the order in which data passes them."""

    tree: ProjectTree
    tables: Mapping[str, Table]

    def of_role(self, *roles: Role) -> list[Table]:
        return [table for table in self.tables.values() if table.role in roles]

    def references(self) -> list[tuple[str, str, str]]:
        """Foreign keys as (fact, column, table referred to).

        A fact that has a dimension's first key column refers to it; a fact that another one is made from, such as exchange
        rates, is referred to in the same way.
        """
        found = []
        for fact in self.of_role("fact"):
            for other in self.of_role("dimension", "fact"):
                is_lookup = other.role == "dimension" or other.name in fact.inputs
                if is_lookup and other.name != fact.name and other.grain and fact.has(other.grain[0]):
                    found.append((fact.name, other.grain[0], other.name))
        return found

    def measures(self) -> dict[str, Term]:
        """Measures of the glossary by name."""
        return {name: term for name, term in self.tree.glossary.items() if term.measure}

    def personal_columns(self) -> list[tuple[Table, Column]]:
        return [(table, column) for table in self.tables.values() for column in table.columns if column.personal]


def catalog_of(tree: ProjectTree) -> Catalog:
    """The catalog of a project.

    Raises:
        ManifestError: A model does not parse or reads a table that nobody makes.
    """
    from taihu.model.graph import Graph
    from taihu.model.lineage import columns

    graph = Graph(tree)
    origins = columns(graph)
    tables = [_source_table(tree, source) for source in tree.sources.values()]
    tables += [_map_table(tree, domain) for domain in domains(tree)]
    tables += [_golden_table(tree, domain, kind) for domain, kind in described_kinds(tree).items()]
    tables += _operations(tree, graph, origins)
    tables += [_model_table(tree, graph, graph.model(name), origins[name]) for name in graph.order]
    rank = ("source", "map", "operations", "dimension", "fact", "mart")
    return Catalog(tree, {table.name: table for table in sorted(tables, key=lambda table: rank.index(table.role))})


def _source_table(tree: ProjectTree, source: Source) -> Table:
    file = source.file
    columns = []
    for name, kind in clean_columns(tree, source).items():
        listed = file.columns.get(name)
        headers = (listed.from_ or (name,)) if listed else ()
        gap = str(listed.if_missing or "") if listed else ""
        columns.append(Column(name, kind, tree.glossary.get(name), (listed.personal or "") if listed else "", (), headers, gap))
    return Table(
        name=source.table,
        role="source",
        title=file.title.text,
        meaning=Text(f"用途：{file.purpose.zh}", f"Purpose: {file.purpose.en}"),
        columns=columns,
        grain=file.key,
        owner=file.owner,
        path=f"{source.path}/source.yml",
        kind=file.load,
        checks=len(file.checks),
    )


def _map_table(tree: ProjectTree, domain: str) -> Table:
    own = {
        f"{domain}_key": Term(
            name={"zh": "来源编码", "en": "Source key"}, meaning={"zh": "来源所用的编码", "en": "Key that the source uses"}
        ),
        "decided_by": Term(name={"zh": "判定方式", "en": "Decided by"}, meaning={"zh": "如何匹配", "en": "How it was matched"}),
    }
    columns = [Column(name, kind, own.get(name) or tree.glossary.get(name)) for name, kind in map_columns(domain).items()]
    known = tree.glossary.get(f"{domain}_id")
    reads = tuple(source.table for source in tree.sources.values() if domain in source.file.match_domains.values())
    return Table(
        name=f"match.{domain}_map",
        role="map",
        title=Text(f"{known.name.zh}匹配", f"{known.name.en} matches") if known else Text(f"{domain} 匹配", f"Matches of {domain}"),
        meaning=Text("来源编码对应的主数据编号；未匹配为 unknown", "Golden id of every source key; unknown where none fits"),
        columns=columns,
        grain=("source", f"{domain}_key", "valid_from"),
        inputs=reads,
        kind="full",
    )


def _golden_table(tree: ProjectTree, domain: str, kind: DescribedKind) -> Table:
    known = tree.glossary.get(f"{domain}_id")
    return Table(
        name=f"match.{domain}",
        role="map",
        title=Text(f"{known.name.zh}黄金记录", f"Golden records: {known.name.en}")
        if known
        else Text(f"{domain} 黄金记录", f"Golden {domain}"),
        meaning=Text(
            "各来源说法按可信度合并；变化按日留存", "What the most trusted source says of each golden id; former states with their days"
        ),
        columns=[Column(name, sql, tree.glossary.get(name)) for name, sql in golden_columns(domain, kind).items()],
        grain=(f"{domain}_id", "valid_from"),
        inputs=tuple(source.table for source in tree.sources.values() if domain in source.file.match_domains.values()),
        kind="full",
    )


def _operations(tree: ProjectTree, graph: Graph, origins: Mapping[str, Mapping[str, Sequence[Origin]]]) -> list[Table]:
    """Tables of the ledger that models read, with the columns that they read of them."""
    named = sorted({name for table in graph.order for name in graph.inputs(table) if name.startswith("ops.")})
    read: dict[str, set[str]] = {name: set() for name in named}
    for columns in origins.values():
        for leaves in columns.values():
            for table, column in leaves:
                if table in read:
                    read[table].add(column)
    meaning = Text("由台账或工作日历导出，随发布锁定版本", "Exported from the ledger or the working calendar; pinned with each publication")
    return [
        Table(
            name,
            "operations",
            _OPERATIONS.get(name, _LEDGER),
            meaning,
            [Column(column, "", tree.glossary.get(column)) for column in sorted(read[name])],
        )
        for name in named
    ]


def _model_table(tree: ProjectTree, graph: Graph, model: Model, origins: Mapping[str, Sequence[Origin]]) -> Table:
    header = model.header
    types = graph.types(model.table)
    role: Role = "mart" if model.layer == "mart" else "fact" if "_src_id" in types else "dimension"
    return Table(
        name=model.table,
        role=role,
        title=header.title.text,
        meaning=header.meaning.text if header.meaning else Text("", ""),
        columns=[Column(name, kind, tree.glossary.get(name), origins=origins.get(name, ())) for name, kind in types.items()],
        grain=header.grain,
        inputs=graph.inputs(model.table),
        owner=header.owner,
        path=model.path,
        kind=header.kind,
        checks=len(header.checks),
    )
