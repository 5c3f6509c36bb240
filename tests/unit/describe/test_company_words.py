"""What the files of ``examples/company_a`` say of each other: every column has a meaning, every measure its columns."""

from __future__ import annotations

from contextlib import closing

import sqlglot

from taihu.engine.duckdb import DuckDBEngine
from taihu.manifest.tree import ProjectTree
from taihu.model.graph import Graph
from taihu.model.tests import run_model_test


def columns_of(tree: ProjectTree, table: str) -> list[str]:
    return sqlglot.parse_one(tree.models[table].sql, read="duckdb").named_selects


def test_every_column_is_explained_in_both_languages(tree: ProjectTree) -> None:
    named = {column for source in tree.sources.values() for column in source.file.columns}
    named |= {column for table in tree.models for column in columns_of(tree, table)}
    assert not sorted(name for name in named if name not in tree.glossary)
    silent = [
        name for name in named if not (tree.glossary[name].meaning and tree.glossary[name].meaning.zh and tree.glossary[name].meaning.en)
    ]
    assert not silent


def test_no_term_is_left_over(tree: ProjectTree) -> None:
    named = {column for source in tree.sources.values() for column in source.file.columns} | {"_month", "dq_flags"}
    named |= {column for table in tree.models for column in columns_of(tree, table)}
    assert not sorted(name for name, term in tree.glossary.items() if not term.measure and name not in named)


def test_reports_show_what_their_marts_hold(tree: ProjectTree) -> None:
    for name, report in tree.reports.items():
        for block in report.blocks:
            spec = block.tiles or block.table or block.chart
            if spec is None:
                continue
            held = columns_of(tree, spec.from_)
            shown = [spec.show] if isinstance(spec.show, str) else spec.show
            for measure in shown:
                term = tree.glossary[measure]
                assert term.measure is not None, (name, measure)
                for part in (term.measure, term.target):
                    assert part is None or set(part.columns) <= set(held), (name, measure)


def test_every_mart_can_be_filtered_by_role(tree: ProjectTree) -> None:
    filters = {column for role in tree.roles.roles.values() if isinstance(role.rows, dict) for column in role.rows}
    assert filters == {"region_code"}
    for table in tree.models:
        if table.startswith("mart."):
            assert filters <= set(columns_of(tree, table)), table
    own = {person.own("region_code") for person in tree.roles.people if person.role == "regional_manager"}
    assert own == {"EAST", "NORTH", "SOUTH", "WEST"}


def test_a_mart_with_sums_groups_one_relation_that_keeps_its_source_rows(tree: ProjectTree) -> None:
    stacks = 0
    for table, model in tree.models.items():
        query = sqlglot.parse_one(model.sql, read="duckdb")
        if not table.startswith("mart.") or query.args.get("group") is None:
            continue
        assert query.args.get("joins") is None, table
        relation = query.find(sqlglot.exp.From).this.name if query.args.get("from_") is None else query.args["from_"].this.name
        stacked = next(cte for cte in query.ctes if cte.alias == relation).this
        branches = list(stacked.find_all(sqlglot.exp.Select)) if isinstance(stacked, sqlglot.exp.Union) else [stacked]
        stacks += len(branches) > 1
        for branch in branches:
            assert branch.named_selects[-2:] == ["_src_id", "_src_row"], table
    assert stacks >= 3


def test_the_models_pass_their_own_tests(tree: ProjectTree) -> None:
    graph, tested = Graph(tree), []
    with closing(DuckDBEngine()) as engine:
        for table, model in tree.models.items():
            if model.test is not None:
                assert run_model_test(engine, graph, table) == [], table
                tested.append(table)
    assert len(tested) >= 10
