"""The parts of a company's registered name: region, trade name, industry, legal form, branch.

The rules of registration order them so (企业名称登记管理规定, State Council order 734, article 6), and a trade name has at least two
characters. Where the industry is none of the known words, only a short name can be told from its industry; the rest is refused. For
comparing lists that drop and shorten these parts there is :mod:`taihu.match.names`, which never refuses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from taihu.china.addresses import leading_place
from taihu.china.characters import parse_form, simplified
from taihu.china.refused import ValueRefused

_FORM = re.compile(
    r"集团股份有限公司|集团有限责任公司|集团有限公司|股份有限公司|有限责任公司|有限公司|集团公司"
    r"|合伙企业\((?:有限|普通)合伙\)|\((?:有限|普通|特殊普通)合伙\)|公司$"
)
_ORGANISATION = re.compile(
    r"(.+?)(商行|经营部|批发部|服务部|门市部|工作室|便利店|超市|大药房|药房|药店|母婴店|烟酒店|食品店|专卖店|旗舰店|商店"
    r"|农民专业合作社|专业合作社|总厂|厂)(.{1,12}店)?"
)
_BRANCH = re.compile(r"[\w·]{0,14}(?:分公司|分行|支行|分店|门店|店|营业部|办事处|分部|分厂)")
_BRACKETS = re.compile(r"\(([^()]*)\)")
_NOTES = frozenset({"停用", "已停用", "注销", "已注销", "作废", "新", "旧", "直供"})
_NOTE = re.compile(r"-(?:直供|停用|新|旧)$|^\*|\*$")
_TRADE = re.compile(r"(?!.*\d{3})[\w·&]{2,6}")
_NOT_A_TRADE = re.compile(r"镇|街道|路|号|.[区县]")
_LOOKS_LIKE_INDUSTRY = "业品酒材具械药油茶"
_LONGEST_WITHOUT_INDUSTRY = 4


@dataclass(frozen=True, slots=True)
class CompanyName:
    """The parts as they are written, in simplified characters; an absent part is empty.

    Attributes:
        region: The place of registration, such as ``上海市浦东新区``.
        trade: The trade name (字号).
        industry: The words of the industry.
        form: The legal form, or what the business calls itself (商行, 便利店).
        branch: What stands behind the form.
    """

    region: str
    trade: str
    industry: str
    form: str
    branch: str


@lru_cache(maxsize=65536)
def parse_company_name(text: str) -> CompanyName:
    """Take a registered name apart.

    Raises:
        ValueRefused: ``unknown_company_name`` if its parts cannot be told apart for sure.
    """
    kept = "".join(simplified(parse_form(text)).split()).replace("(集团)", "集团")
    head, form, tail = _around_form(_NOTE.sub("", kept))
    head, bracketed, branch = _without_brackets(head)
    tail, other, behind = _without_brackets(tail)
    if other or bool(branch or behind) + bool(tail) > 1 or (tail and not _BRANCH.fullmatch(tail)):
        raise ValueRefused("unknown_company_name")
    region, rest = _region(head, bracketed)
    trade, industry = _trade(rest)
    return CompanyName(region, trade, industry, form, tail or branch or behind)


def _around_form(text: str) -> tuple[str, str, str]:
    found = _FORM.search(text)
    if found:
        return text[: found.start()], found[0], text[found.end() :]
    plain, brackets = _BRACKETS.sub("", text), _BRACKETS.search(text)
    shop = _ORGANISATION.fullmatch(plain)
    if shop is None:
        raise ValueRefused("unknown_company_name")
    return shop[1], shop[2], (shop[3] or "") + (brackets[0] if brackets else "")


def _without_brackets(text: str) -> tuple[str, str, str]:
    """The text without brackets, the place in them and the branch in them; a note such as 停用 is dropped."""
    place = branch = ""
    for inner in _BRACKETS.findall(text):
        if inner in _NOTES:
            continue
        if _place(inner) == inner and not place:
            place = inner
        elif _BRANCH.fullmatch(inner) and not branch:
            branch = inner
        else:
            raise ValueRefused("unknown_company_name")
    return _BRACKETS.sub("", text), place, branch


def _place(text: str) -> str:
    return "中国" if text.startswith("中国") else leading_place(text)


def _region(head: str, bracketed: str) -> tuple[str, str]:
    front = _place(head)
    if not bracketed:
        return front, head[len(front) :]
    if front and len(head) - len(front) >= 2:  # 上海锦华(苏州): which of the two?
        inside = _trade_words(head[len(front) :])
        if inside[0]:
            raise ValueRefused("unknown_company_name")
    return bracketed, head


@cache
def _industries() -> frozenset[str]:
    return frozenset(resources.files("taihu.china").joinpath("data/industries.txt").read_text(encoding="utf-8").split())


def _trade_words(rest: str) -> tuple[str, str]:
    """What stands before the known words of an industry at the end, and those words."""
    start = len(rest)
    while True:
        longest = next((size for size in range(min(6, start), 1, -1) if rest[start - size : start] in _industries()), 0)
        if not longest:
            return rest[:start], rest[start:]
        start -= longest


def _trade(rest: str) -> tuple[str, str]:
    trade, industry = _trade_words(rest)
    is_sure = bool(industry) or (len(trade) <= _LONGEST_WITHOUT_INDUSTRY and trade[-1:] not in _LOOKS_LIKE_INDUSTRY)
    if not is_sure or not _TRADE.fullmatch(trade) or _NOT_A_TRADE.search(trade):
        raise ValueRefused("unknown_company_name")
    return trade, industry
