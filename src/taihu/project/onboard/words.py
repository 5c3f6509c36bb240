"""What Chinese (and English) headers mean: an English name for the column, the part it plays, what it says of unit, tax and persons.

A project's own glossary and the contracts of its other sources come first; this table is what is left for a project that has
none yet. A header that is not in it is put together from its words; one whose words are unknown is named by its place, for a
person to name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import cast

from taihu.manifest.source import ColumnType

PersonalKind = str

_PERSONAL: Mapping[str, PersonalKind] = {
    "recipient_name": "person", "buyer_name": "person", "contact_name": "person", "person_name": "person", "salesperson": "person",
    "issuer_name": "person", "reviewer_name": "person", "payee_name": "person", "customer_phone": "contact", "mail_address": "contact",
    "address": "address", "identity_number": "identity", "bank_account": "account", "counterparty_account": "account",
    "fund_account": "account", "counterparty_name": "person", "shareholder_code": "account",
}  # fmt: skip

_LONGEST = 5
_ENDINGS = {
    "数量": "quantity", "金额": "amount", "单价": "price", "日期": "date", "日": "date", "时间": "time", "编码": "code", "编号": "number",
    "单号": "number", "名称": "name", "姓名": "person_name", "电话": "phone", "手机": "mobile", "手机号": "mobile", "邮箱": "mail_address",
    "地址": "address", "比例": "share", "比率": "ratio", "率": "rate", "费": "fee", "备注": "remark", "类型": "kind", "类别": "category",
    "状态": "status",
}  # fmt: skip
_PERSONAL_ENDINGS = {"姓名": "person", "电话": "contact", "手机": "contact", "手机号": "contact", "邮箱": "contact", "地址": "address"}
_BRACKETS = re.compile(r"[(\[{（【]([^)\]}）】]*)[)\]}）】]")
_UNIT_MARKS: tuple[tuple[str, str, int], ...] = (
    ("亿元", "CNY", 100_000_000),
    ("万元", "CNY", 10_000),
    ("千元", "CNY", 1_000),
    ("元", "CNY", 1),
)
_CURRENCIES = {"人民币": "CNY", "cny": "CNY", "rmb": "CNY", "港币": "HKD", "港元": "HKD", "hkd": "HKD", "美元": "USD", "usd": "USD"}
_EXCLUDED = re.compile(r"不含税|未税|去税|无税|净额|netamount")
_INCLUDED = re.compile(r"含税|价税合计|实付|实际支付|实收|零售价")
_NO_TAX = re.compile(r"余额|收入|支出|手续费|费|佣金|印花税|清算|结算|成交|汇率|税额|存入|支取|借方|贷方|发生额")


@dataclass(frozen=True, slots=True)
class Term:
    """What is known of a header.

    Attributes:
        key: The English name; empty if the words are unknown.
        role: The part that it plays, the same in every sender's words (``day``, ``document``, ``product``, ``amount``); or empty.
        type: The type that is usual for it, or None.
        personal: Kind of personal data, or None.
        currency: What the header itself says of the currency, or None.
        scale: 10000 where the header says 万元.
        tax: What the header itself says of the tax basis, or None.
        known_by: ``table``, ``words``, ``glossary``, ``source`` or empty.
    """

    key: str
    role: str = ""
    type: ColumnType | None = None
    personal: PersonalKind | None = None
    currency: str | None = None
    scale: int = 1
    tax: str | None = None
    known_by: str = ""
    detail: str = field(default="", compare=False)


def header_key(header: str) -> str:
    """A header in the form in which it is looked up: half width, no blanks, lower case."""
    return "".join(unicodedata.normalize("NFKC", header).split()).replace("_", "").lower()


def _lines(name: str) -> Iterator[list[str]]:
    """Lines of a table beside this module, parted at ``|``."""
    text = (resources.files("taihu.project.onboard") / name).read_text(encoding="utf-8")
    return ([part.strip() for part in line.split("|")] for line in text.splitlines() if line and not line.startswith("#"))


@cache
def _headers() -> Mapping[str, tuple[str, str, ColumnType]]:
    """Header to column, part and type."""
    found: dict[str, tuple[str, str, ColumnType]] = {}
    for left, right in _lines("headers.txt"):
        key, role, kind = left.split()
        for header in right.split():
            found.setdefault(header_key(header), (key, "" if role == "-" else role, cast(ColumnType, kind)))
    return found


@cache
def _words() -> Mapping[str, str]:
    """Chinese word to English word."""
    return {word: english for english, words in _lines("parts.txt") for word in words.split()}


def term_of(header: str) -> Term:
    """What the table in the wheel knows of a header."""
    whole = header_key(header)
    bare = _BRACKETS.sub("", whole)
    inside = " ".join(_BRACKETS.findall(whole))
    unit = _unit(inside) or (None, 1)
    tax = tax_in(whole)
    for form in (whole, bare, whole.rsplit("/", 1)[-1], bare.rsplit("/", 1)[-1]):
        if form in _headers():
            key, role, kind = _headers()[form]
            if key == "amount" and tax in ("included", "excluded"):
                key, role = ("gross_amount", "amount") if tax == "included" else ("net_amount", "net")
            if tax is None and kind == "money" and _NO_TAX.search(whole):
                tax = "none"
            return Term(key, role, kind, _PERSONAL.get(key), unit[0], unit[1], tax, "table")
    name = english_of(bare.rsplit("/", 1)[-1])
    ending = next((key for key in _ENDINGS if bare.endswith(key)), "")
    name = name or _ENDINGS.get(ending, "")
    personal = _PERSONAL.get(name) or _PERSONAL_ENDINGS.get(ending)
    return Term(name, "", None, personal, unit[0], unit[1], tax, "words" if name else "")


def tax_in(text: str) -> str | None:
    """``included`` or ``excluded`` where a text says so."""
    plain = header_key(text)
    if _EXCLUDED.search(plain):
        return "excluded"
    return "included" if _INCLUDED.search(plain) else None


def _unit(text: str) -> tuple[str | None, int] | None:
    for word, currency in _CURRENCIES.items():
        if word in text:
            return currency, next((scale for mark, _, scale in _UNIT_MARKS if mark in text), 1)
    return next(((currency, scale) for mark, currency, scale in _UNIT_MARKS if mark in text), None)


def currency_of(text: str) -> str | None:
    """ISO code of a currency's name or code; None if it is not known."""
    plain = header_key(text)
    return _CURRENCIES.get(plain) or (text.strip().upper() if re.fullmatch(r"[A-Za-z]{3}", text.strip()) else None)


def english_of(text: str, least: float = 2 / 3) -> str:
    """Words put together in English snake case; empty where fewer than ``least`` of the characters are known words."""
    plain = header_key(text)
    if plain.isascii():
        joined = re.sub(r"[^a-z0-9]+", "_", _camel(text)).strip("_")
        return joined if re.match(r"[a-z]", joined) else ""
    words = _words()
    parts: list[str] = []
    known = at = 0
    total = sum(1 for char in plain if char.isalpha())
    while at < len(plain):
        size = next((n for n in range(min(_LONGEST, len(plain) - at), 0, -1) if plain[at : at + n] in words), 0)
        if size:
            parts.append(words[plain[at : at + size]])
            known, at = known + size, at + size
            continue
        latin = re.match(r"[a-z][a-z0-9]*", plain[at:])
        if latin:
            parts.append(latin[0])
            known, at = known + len(latin[0]), at + len(latin[0])
        else:
            at += 1
    return "_".join(dict.fromkeys(parts)) if total and known >= least * total and known else ""


def _camel(text: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", unicodedata.normalize("NFKC", text)).lower()
