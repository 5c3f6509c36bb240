"""Columns of codes, names, addresses and packs: checked by their own rules, kept as the contract says, taken apart where it asks."""

from __future__ import annotations

import random
from decimal import Decimal

import pyarrow as pa
import pytest

from taihu.china.codes import barcode_check_digit, id_check_character
from taihu.china.uscc import check_character, organisation_check_character
from taihu.clean import Cleaned, clean_table
from taihu.clean.checked import canonical, sql_test
from taihu.clean.scan import WORTH_A_SCAN
from taihu.clean.values import reader_of
from taihu.core.errors import ManifestError
from taihu.engine.duckdb import DuckDBEngine
from taihu.manifest.source import Column, SourceFile
from taihu.manifest.strict import parse

HEAD = """
title: {zh: 客户, en: Customers}
owner: bi
purpose: reporting
retention: 36 months
entity: cn
collect: {via: mailbox}
load: replace
business_date: sold_on
columns:
  sold_on: {type: date, order: year first}
"""
MIXED = """
  customer:  {type: company_name, if_invalid: keep}
  region:    {type: text, part: customer.region}
  trade:     {type: text, part: customer.trade}
  form:      {type: text, part: customer.form}
  address:   {type: address, personal: address}
  division:  {type: text, part: address.division}
  province:  {type: text, part: address.province, required: true}
  spec:      {type: pack}
  pieces:    {type: integer, part: spec.pieces}
  content:   {type: number, part: spec.content}
"""
ALPHABETS = {"uscc": "0123456789ABCDEFGHJKLMNPQRTUWXY", "id_number": "0123456789X"}


@pytest.fixture(scope="module")
def engine() -> DuckDBEngine:
    return DuckDBEngine()


def source(columns: str) -> SourceFile:
    return parse(SourceFile, HEAD + columns, "source.yml")


def cleaned(engine: DuckDBEngine, file: SourceFile, rows: list[dict[str, str | None]]) -> Cleaned:
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
    table = pa.table(
        {"sold_on": pa.array([row.get("sold_on") or "2026-09-18" for row in rows]), **{k: v for k, v in columns.items() if k != "sold_on"}}
    )
    table = table.append_column("_src_row", pa.array([str(n) for n in range(2, len(rows) + 2)]))
    return clean_table(engine, table, file, tokenizer=lambda kind, text: f"tk_{kind}_{text[-4:]}")


def made(kind: str, chance: random.Random) -> str:
    """A code with right check digits."""
    digits = "".join(chance.choices("0123456789", k=20))
    if kind == "barcode":
        size = chance.choice((7, 11, 12, 13))
        return digits[:size] + barcode_check_digit(digits[:size])
    if kind == "id_number":
        first = (
            f"{chance.randint(110101, 659009)}19{chance.randint(10, 99)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}{digits[:3]}"
        )
        return first + id_check_character(first)
    if kind == "uscc":
        inner = "".join(chance.choices(ALPHABETS["uscc"], k=8))
        first = f"91{digits[:6]}{inner}{organisation_check_character(inner)}"
        return first + check_character(first) if set(first) <= set(ALPHABETS["uscc"]) else made(kind, chance)
    if kind == "invoice_number":
        return f"{chance.randint(21, 99)}{digits[:18]}"
    body = chance.choice("456") + digits[: chance.randint(11, 17)]
    return next(body + last for last in "0123456789" if _is_luhn(body + last))


def _is_luhn(code: str) -> bool:
    return sum(sum(divmod(int(digit) * (1 + place % 2), 10)) for place, digit in enumerate(reversed(code))) % 10 == 0


def spoilt(code: str, kind: str, chance: random.Random) -> str:
    place = chance.randrange(len(code))
    alphabet = ALPHABETS.get(kind, "0123456789") + " -Ｘxa"
    return chance.choice(
        (
            code[:place] + chance.choice(alphabet) + code[place + 1 :],
            code[:place] + code[place + 1 :],
            code + "0",
            code[:-4] + "0000",
            code.lower(),
        )
    )


@pytest.mark.parametrize("kind", ["uscc", "id_number", "bank_card", "barcode", "invoice_number"])
def test_the_scan_takes_what_the_reader_takes_and_leaves_the_rest_to_it(engine: DuckDBEngine, kind: str) -> None:
    """Of right codes nearly all pass the SQL test; of spoilt ones only what the reader keeps as it is."""
    chance = random.Random(20261125)
    right = [made(kind, chance) for _ in range(600)]
    codes = right + [spoilt(code, kind, chance) for code in right for _ in range(5)] + ["", "0", "一二三"]
    engine.register("test.codes", pa.table({"code": codes}))
    (passed,) = zip(*engine.rows(f"SELECT {sql_test(kind, 'code')} FROM test.codes"), strict=True)
    read = reader_of(Column(type=kind), "Asia/Shanghai")  # type: ignore[arg-type]
    for code, is_canonical in zip(codes, passed, strict=True):
        if is_canonical:
            assert read(code).value == code
    assert sum(passed[: len(right)]) >= 0.98 * len(right)
    assert all(canonical(kind, code) == code for code in right)
    assert sum(map(bool, passed[len(right) :])) < 0.35 * 5 * len(right), "the spoilt ones were spoilt"


@pytest.mark.parametrize("many", [False, True])
def test_codes_are_kept_in_one_form_and_bad_ones_take_their_row_out(engine: DuckDBEngine, many: bool) -> None:
    file = source("  tax: {type: uscc}\n  ean: {type: barcode}\n  licence: {type: licence}\n  invoice: {type: invoice_number}\n")
    good = {"tax": "91310000MA1FL5E77G", "ean": "6901028075831", "licence": "国药准字H20230001", "invoice": "25312000000012345678"}
    chance = random.Random(3)
    good |= {"tax": made("uscc", chance), "ean": made("barcode", chance)}
    wide = good["ean"].translate({ord(str(n)): 0xFF10 + n for n in range(10)})
    rows = [
        good,
        {**good, "tax": f" {good['tax'].lower()} ", "ean": wide, "licence": "国药准字 h20230001", "invoice": "3100 0000 0012 - 12345678"},
        {**good, "tax": good["tax"][:-1] + ("0" if good["tax"][-1] != "0" else "1")},
        {**good, "ean": "1.23457E+12", "licence": "国药准字"},
        {**good, "tax": None, "ean": None, "licence": None, "invoice": None},
    ]
    rows[1]["invoice"] = "310000000012 - 12345678"
    filler = [good] * (WORTH_A_SCAN if many else 0)
    result = cleaned(engine, file, rows + filler)
    assert [(r.reason, r.position, r.column) for r in result.refusals] == [
        ("invalid_code", "4", "tax"),
        ("id_in_scientific_notation", "5", "ean"),
        ("invalid_code", "5", "licence"),
    ]
    kept = result.table.select(["tax", "ean", "licence", "invoice"]).to_pylist()
    assert kept[0] == good and kept[1] == {**good, "invoice": "310000000012-12345678"}
    assert kept[2] == dict.fromkeys(good, None)


def test_names_addresses_and_packs_keep_their_text_and_give_their_parts(engine: DuckDBEngine) -> None:
    """Full-width and traditional characters stay in the fact; parts are simplified; the door of a person never leaves the token."""
    rows = [
        {"customer": "上海錦華商貿有限公司", "address": "浙江省杭州市临平区南苑街道１号", "spec": "500ml×24瓶/箱"},
        {"customer": "家家乐㎡", "address": "广东省深圳市南山区科技园", "spec": "10片*2板/盒"},
        {"customer": "上海锦华商贸有限公司", "address": "上海市朝阳区1号", "spec": "10片*2板/盒"},
        {"customer": "上海锦华商贸有限公司", "address": "广东省深圳市南山区科技园", "spec": "大箱"},
        {"customer": None, "address": None, "spec": None},
    ]
    result = cleaned(engine, source(MIXED), rows)
    assert [(r.reason, r.position, r.column) for r in result.refusals] == [
        ("unknown_place", "4", "address"),
        ("invalid_pack", "5", "spec"),
        ("value_missing", "6", "province"),
    ]
    first, second = result.table.drop_columns(["sold_on", "_src_row"]).to_pylist()
    assert first == {
        "customer": "上海錦華商貿有限公司",
        "region": "上海",
        "trade": "锦华",
        "form": "有限公司",
        "address": first["address"],
        "division": "330113",
        "province": "330000",
        "spec": "500ml×24瓶/箱",
        "pieces": 24,
        "content": Decimal(500),
        "dq_flags": "",
    }
    assert first["address"].startswith("tk_address_"), "the address is a token, its division is not"
    assert (second["customer"], second["trade"], second["dq_flags"]) == ("家家乐㎡", None, "unknown_company_name")
    assert (second["pieces"], second["content"]) == (20, None)


def test_a_division_is_the_one_of_the_rows_day(engine: DuckDBEngine) -> None:
    """余杭区 was divided in April 2021: 临平 is a district since; 江干区 was merged away."""
    file = source("  address: {type: address, if_invalid: keep}\n  division: {type: text, part: address.division}\n")
    days = {"2020-01-01": "330104", "2026-09-18": "330102"}
    rows = [{"sold_on": day, "address": "浙江省杭州市江干区四季青街道"} for day in days]
    found = cleaned(engine, file, rows).table["division"].to_pylist()
    assert found[0] == days["2020-01-01"] and found[1] != found[0]


@pytest.mark.parametrize(("column", "kind"), [("id_number", "identity"), ("bank_card", "account"), ("phone", "contact")])
def test_personal_types_are_tokens_without_being_told(engine: DuckDBEngine, column: str, kind: str) -> None:
    file = source(f"  who: {{type: {column}}}\n")
    chance = random.Random(8)
    code = "13812345678" if column == "phone" else made(column, chance)
    result = cleaned(engine, file, [{"who": code}, {"who": f" {code} "}])
    assert result.refusals == [] and result.table["who"].to_pylist() == [f"tk_{kind}_{code[-4:]}"] * 2
    assert file.columns["who"].personal == kind


def test_a_phone_is_checked_only_where_the_contract_asks(engine: DuckDBEngine) -> None:
    rows: list[dict[str, str | None]] = [{"who": "138****5678"}]
    lenient, strict, noted = (
        cleaned(engine, source(f"  who: {{type: phone{more}}}\n"), rows) for more in ("", ", if_invalid: refuse", ", if_invalid: keep")
    )
    assert lenient.refusals == [] and lenient.notes == []
    assert [(r.reason, r.column) for r in strict.refusals] == [("invalid_number", "who")]
    assert [(n.reason, n.position, n.column) for n in noted.notes] == [("invalid_number", "2", "who")] and noted.table.num_rows == 1


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ("  a: {type: company_name}\n  b: {type: text, part: a.tread}\n", "there is no part 'a.tread': it has region, trade"),
        ("  b: {type: text, part: a.trade}\n", "'a' is no column that can be taken apart"),
        ("  a: {type: text}\n  b: {type: text, part: a.trade}\n", "'a' is no column that can be taken apart"),
        ("  a: {type: pack}\n  b: {type: text, part: a.pieces}\n", "a.pieces is of type integer"),
        ("  a: {type: company_name}\n  b: {type: text, part: a.trade, from: x}\n", "has no header and no data of its own"),
        ("  a: {type: address, personal: address}\n  b: {type: text, part: a.detail}\n", "a is personal, and so is its detail"),
        ("  a: {type: company_name, personal: person}\n  b: {type: text, part: a.trade}\n", "a is personal, and so is its trade"),
        ("  a: {type: text, if_invalid: keep}\n", "nothing to check in a column of type text"),
        ("  a: {type: uscc, if_invalid: warn}\n", "if_invalid: unknown value 'warn'"),
        ("  a: {type: usc}\n", "type: unknown value 'usc', did you mean 'uscc'"),
    ],
)
def test_contracts_that_make_no_sense_are_refused_at_load(columns: str, what: str) -> None:
    with pytest.raises(ManifestError) as error:
        source(columns)
    assert what in error.value.what
