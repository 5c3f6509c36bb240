"""The parts of a company's name, for comparing: place, trade name, industry, legal form, branch.

Registration rules order them so (region, trade name, industry, form; branches behind), and lists drop, move and shorten each of them.
Words of industries and forms are data below; what is not known stays in the trade name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from taihu.china.characters import match_form
from taihu.match.places import place_named, province_of, split_place

# Each line is one meaning; the first word stands for all.
_INDUSTRIES = (
    "贸易 商贸 经贸 国贸 贸 工贸 国际贸易 进出口贸易 进出口 商业贸易",
    "实业 工业",
    "发展 实业发展 投资发展",
    "食品 食品饮料 饮料",
    "酒业 酒类 酒水 酒",
    "医药 药业 医药有限 制药 药品",
    "医疗器械 器械 医疗设备 医疗用品",
    "物流 运输 货运 货物运输 快运 仓储物流",
    "科技 技术 科技发展 信息技术 网络科技 智能科技",
    "生物科技 生物技术 生物",
    "电子商务 电商 网络",
    "供应链 供应链管理",
    "百货 日用百货 日用品 日化",
    "化工 化学 化工产品",
    "建材 建筑材料 装饰材料",
    "餐饮 餐饮管理 餐饮服务",
    "母婴 母婴用品 婴童用品 孕婴童 孕婴用品",
    "农产品 农业 农业科技 农副产品",
    "文化传媒 传媒 文化 文化传播 广告传媒 广告",
    "服饰 服装 纺织 针织",
    "机械 机械设备 机电 机电设备",
    "五金 五金机电",
    "电器 家电 电子 电子科技",
    "家居 家具 家居用品",
    "化妆品 美妆 美容",
    "超市 连锁超市",
    "商行",
    "便利店 便利",
    "药房 大药房 药店 连锁药房",
    "经营部",
    "批发部",
    "食品店",
    "母婴店",
    "门市部",
    "商店",
    "医院",
    "诊所",
)
_CANONICAL = {word: line.split()[0] for line in _INDUSTRIES for word in line.split()}
_INDUSTRY = re.compile("(?:" + "|".join(sorted(_CANONICAL, key=len, reverse=True)) + ")")
_FORM = re.compile(
    r"\(?(?:集团)?\)?(?:股份有限责任公司|股份有限公司|有限责任公司|有限公司|股份公司|集团公司|总公司|有限合伙|普通合伙|(?<!分)公司|集团|总厂$|厂$)"
)
_CUT_FORM = re.compile(r"(?:股份|集团)?(?:有限责任公|有限责任|有限责|有限公|有限|有)$|(?:股份|集团|股|公)$")
_BRANCH = re.compile(r"(.{1,10}?)(?:分公司|分店|分部|门店|营业部|办事处|店|分)$")
# Without industry or form before it a branch is what is surely none of the trade name: 第三, 高新区, or two characters.
_BARE_BRANCH = re.compile(r"(.{2,}?)(第?[一二三四五六七八九十\d]{1,2}|.{1,3}[区县镇]|..)(?:分公司|分店|分部|分)$")
_BRACKETS = re.compile(r"[(\[【〔<《{]([^()\[\]【】〔〕<>《》{}]*)[)\]】〕>》}]?")
_NOTE = re.compile(r"(?<=.{4})[-_/\\*#+~|:;,、。·'\"`].{0,8}$|\d{2,}$")
_MARKS = re.compile(r"[^\w]|_")
_ORDINALS = str.maketrans("一二三四五六七八九", "123456789")


@dataclass(frozen=True, slots=True)
class CompanyName:
    """The parts as match forms; an absent part is empty.

    Attributes:
        place: City, or province where no city is named.
        trade: The trade name (字号).
        industry: One word for all words of an industry.
        form: ``company``, or empty where no legal form is written.
        branch: What the branch is called, ordinals as digits.
    """

    place: str
    trade: str
    industry: str
    form: str
    branch: str


@lru_cache(maxsize=1 << 18)
def company_name(text: str) -> CompanyName:
    """Take a name apart; what it is made of is never refused, at worst it is one long trade name."""
    plain, place, branch = _without_brackets(match_form(text))
    plain = _MARKS.sub("", _NOTE.sub("", plain)) or _MARKS.sub("", plain)
    front, rest = split_place(plain)
    if place and front and province_of(front) != province_of(place):
        front, rest = "", plain  # 安康(长沙)农产品: the trade name is a place, too
    place = front or place
    form = _FORM.search(rest)
    if form and form.start() > 0:
        head, tail, written = rest[: form.start()], rest[form.end() :], "company"
    else:
        head, tail, written = _CUT_FORM.sub("", rest) or rest, "", ""
    head, industry, behind = _industry(head)
    branch = branch or _branch(tail) or _branch(behind)
    if not branch and not industry and (bare := _BARE_BRANCH.fullmatch(head)):
        head, branch = bare.group(1), _branch_name(bare.group(2))
    if not head:
        head, industry = industry, ""
    return CompanyName(place, head, industry, written, branch)


def _without_brackets(text: str) -> tuple[str, str, str]:
    """The text without what stands in brackets; a place or a branch among that is kept."""
    place = branch = ""
    for inner in _BRACKETS.findall(text):
        place = place or place_named(inner)
        branch = branch or (_branch(inner) if not place_named(inner) else "")
    plain = _BRACKETS.sub("", text)
    return (plain if len(plain) > 1 else text), place, branch


def _branch(tail: str) -> str:
    found = _BRANCH.fullmatch(tail)
    return _branch_name(found.group(1)) if found else ""


def _branch_name(text: str) -> str:
    name = text.removeprefix("第").translate(_ORDINALS)
    return split_place(name, 1)[1] or name


def _industry(head: str) -> tuple[str, str, str]:
    """Trade name, industry, and what stands behind it (a branch without a legal form before it)."""
    for found in reversed(list(_INDUSTRY.finditer(head))):
        behind = head[found.end() :]
        if found.start() and (not behind or _BRANCH.fullmatch(behind)):
            # Two industries in a row (生物科技医药): the last one names it, both leave the trade name.
            trade = head[: found.start()]
            return trade, _CANONICAL[found.group()], behind
    return head, "", ""
