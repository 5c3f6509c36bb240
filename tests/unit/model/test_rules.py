"""Rules that do not fit are refused when the project is read, with the line and the word that was probably meant."""

import pytest
from tests.unit.model.conftest import SHOP

from taihu.core.errors import ManifestError
from taihu.manifest.source import SourceFile
from taihu.manifest.strict import parse
from taihu.model.rules import check_conditions, columns_of


def _refused(make_tree, rule: str) -> ManifestError:  # type: ignore[no-untyped-def]
    tree = make_tree({}, sources={"shop": f"{SHOP}checks:\n  - {{{rule}}}\n"})
    with pytest.raises(ManifestError) as told:
        check_conditions(tree, _place)
    return told.value


def _place(file: str, keys: tuple[str | int, ...]) -> str:
    return f"{file}:{'.'.join(map(str, keys))}"


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("not_null: [quantitty], else: warn", "not_null: there is no column 'quantitty', did you mean 'quantity'?"),
        ("unique: [sold_on, product], else: hold", "unique: there is no column 'product', did you mean 'product_code'?"),
        ("same_sign: [quantity, amount], else: hold", "same_sign: there is no column 'amount'"),
        ('sql: "abs(quantitty) < 10", else: hold', "sql: there is no column 'quantitty', did you mean 'quantity'?"),
        ('sql: "quantity > (", else: hold', "sql: not a condition"),
    ],
)
def test_a_rule_about_a_column_that_is_not_there(make_tree, rule: str, what: str) -> None:  # type: ignore[no-untyped-def]
    error = _refused(make_tree, rule)
    assert error.what.startswith(what) and error.where == "sources/shop/source.yml:checks.0"


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("uniqe: [sold_on], else: hold", "unknown key 'uniqe', did you mean 'unique'?"),
        ('sql: "quantity > 0", else: stop', "else: unknown value 'stop'"),
        (
            'sql: "quantity > 0", reason: identity_brokn, else: hold',
            "reason: unknown reason 'identity_brokn', did you mean 'identity_broken'?",
        ),
        ("else: hold", "a check has exactly one rule"),
    ],
)
def test_an_unknown_rule_is_an_error_at_load(rule: str, what: str) -> None:
    with pytest.raises(ManifestError) as told:
        parse(SourceFile, f"{SHOP}checks:\n  - {{{rule}}}\n", "source.yml")
    assert what in told.value.what and (told.value.where or "").startswith("source.yml:")


def test_columns_of_conditions() -> None:
    assert columns_of("Quantity > 0 and regexp_matches(code, '^P') and list_sum(list_transform([n], x -> x + n)) > 1") == [
        *("Quantity", "code", "n", "n")
    ]
    assert columns_of("code in (select code from clean.other)") == []
    assert columns_of('"单价" * 2 between 1 and 9') == ["单价"]


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("{derive: quantitty * 2}", "if_missing: there is no column 'quantitty', did you mean 'quantity'?"),
        ("{derive: 'quantity * ('}", "sql: not a condition"),
        ("{derive: phone}", "if_missing: there is no column 'phone'"),
        ("{take: prise, from: prices, by: product_code}", "if_missing: prices: there is no column 'prise', did you mean 'price'?"),
        ("{take: price, from: prices, by: quantity}", "if_missing: prices: there is no column 'quantity'"),
        ("{derive: quantity * 2}", ""),
        ("{take: price, from: prices, by: product_code}", ""),
    ],
)
def test_what_stands_for_missing_values_is_made_of_columns_that_are_there(make_tree, rule: str, what: str) -> None:  # type: ignore[no-untyped-def]
    shop = f"{SHOP}  weight: {{type: number, optional: true, if_missing: {rule}}}\n  phone: {{type: phone}}\n"
    prices = SHOP.replace("quantity:", "price:")
    tree = make_tree({}, sources={"shop": shop, "prices": prices})
    if not what:
        check_conditions(tree, _place)
        return
    with pytest.raises(ManifestError) as told:
        check_conditions(tree, _place)
    assert told.value.what.startswith(what) and told.value.where == "sources/shop/source.yml:columns.weight.if_missing"
