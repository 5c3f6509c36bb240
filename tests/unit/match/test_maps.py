import datetime as dt
from typing import Any

import pyarrow as pa

from taihu.engine.duckdb import DuckDBEngine
from taihu.manifest.project import ProjectFile
from taihu.manifest.roles import RolesFile
from taihu.manifest.source import SourceFile
from taihu.manifest.tree import ProjectTree, Source
from taihu.match import Golden, KeyColumn, golden_tables, key_columns, update_maps


def source(name: str, columns: dict[str, Any], *, load: str = "replace", key: tuple[str, ...] = ()) -> Source:
    file = SourceFile(
        title={"zh": name, "en": name},
        owner="bi",
        purpose="p",
        retention="1 month",
        entity="cn",
        collect={"via": "folder"},
        load=load,
        key=key,
        columns=columns,
    )  # type: ignore[arg-type]
    return Source(name, f"sources/{name}", file)


def tree(*sources: Source) -> ProjectTree:
    project = ProjectFile.model_construct(name="t")
    return ProjectTree(project, {s.name: s for s in sources}, {}, {}, {}, {}, RolesFile.model_construct(roles={}, people=()))


TREE = tree(
    source("sell_out", {"product_code": {"type": "text", "match": "product"}, "store_code": {"type": "text", "match": "store"}}),
    source("pos", {"product_code": {"type": "text", "match": "product"}}),
    source("erp_products", {"product_code": {"type": "text", "match": "product"}}, load="snapshot", key=("product_code",)),
    source(
        "price_list",
        {"product_code": {"type": "text", "match": "product"}, "valid_from": "date"},
        load="snapshot",
        key=("product_code", "valid_from"),
    ),
    source("stores", {"store_code": "text"}, load="snapshot", key=("store_code",)),
)


def test_the_lists_of_members_are_found_by_their_key() -> None:
    assert golden_tables(TREE) == {"product": Golden("clean.erp_products", "product_code"), "store": Golden("clean.stores", "store_code")}
    assert [(key.domain, key.source) for key in key_columns(TREE)] == [
        ("product", "erp_products"),
        ("product", "pos"),
        ("product", "price_list"),
        ("product", "sell_out"),
        ("store", "sell_out"),
    ]


def engine() -> DuckDBEngine:
    engine = DuckDBEngine()
    engine.register("clean.sell_out", pa.table({"product_code": ["P1", "P2", "P1", None], "store_code": ["S1"] * 4}))
    engine.register("clean.pos", pa.table({"product_code": ["P2", "p1"]}))
    engine.register("clean.erp_products", pa.table({"product_code": ["P1", "P2"]}))
    engine.register("clean.price_list", pa.table({"product_code": ["P1"], "valid_from": [dt.date(2026, 1, 1)]}))
    return engine


def test_equal_keys_match_and_all_others_are_unknown_members() -> None:
    present = {"clean.sell_out", "clean.pos", "clean.erp_products", "clean.price_list"}
    maps = update_maps(engine(), key_columns(TREE), golden_tables(TREE), present=present)
    product = maps["product"]
    assert product.column_names == ["source", "product_key", "product_id", "valid_from", "valid_to", "decided_by"]
    assert [tuple(row.values())[:3] + (row["decided_by"],) for row in product.to_pylist()] == [
        ("erp_products", "P1", "P1", "exact_key"),
        ("erp_products", "P2", "P2", "exact_key"),
        ("pos", "P2", "P2", "exact_key"),
        ("pos", "p1", "unknown", "unmatched"),
        ("price_list", "P1", "P1", "exact_key"),
        ("sell_out", "P1", "P1", "exact_key"),
        ("sell_out", "P2", "P2", "exact_key"),
    ]
    assert {(row["valid_from"], row["valid_to"]) for row in product.to_pylist()} == {(dt.date(1900, 1, 1), dt.date(9999, 12, 31))}
    assert maps["store"].to_pylist()[0]["store_id"] == "unknown", "the list of stores has not come yet"


def test_a_key_that_was_missing_is_told_from_one_that_nobody_knows() -> None:
    engine = DuckDBEngine()
    engine.register("clean.pos", pa.table({"product_code": ["unknown", "P9"]}))
    engine.register("clean.erp_products", pa.table({"product_code": ["P1"]}))
    keys = [KeyColumn("product", "pos", "clean.pos", "product_code")]
    rows = update_maps(engine, keys, {"product": Golden("clean.erp_products", "product_code")})["product"].to_pylist()
    assert [(row["product_key"], row["product_id"], row["decided_by"]) for row in rows] == [
        ("P9", "unknown", "unmatched"),
        ("unknown", "unknown", "missing"),
    ]


def test_without_any_table_a_map_is_empty_but_typed() -> None:
    maps = update_maps(engine(), key_columns(TREE), golden_tables(TREE), present=())
    assert maps["product"].num_rows == 0
    assert maps["product"].schema.field("valid_from").type == pa.date32() and maps["product"].schema.field("product_id").type == pa.string()


def test_matching_twice_gives_equal_tables() -> None:
    keys = [KeyColumn("product", "pos", "clean.pos", "product_code")]
    golden = {"product": Golden("clean.erp_products", "product_code")}
    assert update_maps(engine(), keys, golden)["product"].equals(update_maps(engine(), keys, golden)["product"])


def test_a_key_that_one_source_repeats_is_mapped_once() -> None:
    keys = [KeyColumn("product", "sell_out", "clean.sell_out", "product_code")]
    maps = update_maps(engine(), keys, {"product": Golden("clean.erp_products", "product_code")})
    assert maps["product"]["product_key"].to_pylist() == ["P1", "P2"]
