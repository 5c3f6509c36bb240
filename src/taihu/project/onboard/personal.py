"""Which columns hold personal data, by header and by values; and plausible values in place of it for samples.

What a header or most of the values say is enough for a proposal: a tag too many costs a line that a person deletes, a tag too few
puts somebody's name into a table. The stand-ins belong to nobody: phone numbers of a prefix that no carrier has, identity numbers of
a district that does not exist, mail addresses below ``.example``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from taihu.china.characters import parse_form
from taihu.china.phones import canonical_phone
from taihu.china.refused import ValueRefused
from taihu.guard.redact import is_card_number, is_identity_number

Kind = Literal["contact", "person", "address", "account", "identity"]

_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董潘袁于蒋蔡余杜叶程魏苏吕丁任沈姚卢姜崔钟谭陆汪范廖石金韦贾夏付方"
    "邹熊白孟秦邱侯江尹薛闫雷龙史陶贺毛郝顾龚邵万钱覃戴严莫孔向汤温康施文牛樊葛邢安齐易乔庞颜倪庄聂章鲁岳翟殷詹欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官云昌"
)
_DOUBLE = ("欧阳", "上官", "司马", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "宇文", "长孙", "司徒", "夏侯", "端木")
_NAME = re.compile(f"(?:{'|'.join(_DOUBLE)}|[{_SURNAMES}])[\u4e00-\u9fff]{{1,2}}")
_NO_NAME = re.compile(
    r"公司|商行|超市|[店行厂部局院校铺司场馆社城房所屋家园站吧厅队组区市省县镇村路号款费付账金物品食酒茶餐车房票额包卡信息型位州]$"
)
_NOT_NAMES = (
    "华东 华北 华南 华中 全国 单位 江苏 江西 安徽 云南 甘肃 宁夏 成都 黄石 安阳 洛阳 高雄 常熟 石家庄 连云港 马鞍山 黄山 易付宝 余额宝 "
    "零钱通 单价 时间 应付 应收 施工 白酒 黄酒 金额 全部 常温 明细 景区 高端 路由 项目 方案"
)
_MAIL = re.compile(r"[A-Za-z0-9._%+*-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_PHONE = re.compile(r"(?<![\dA-Za-z])(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)0\d{2,3}-[2-8]\d{6,7}(?!\d)")
_LONG = re.compile(r"(?<![\dA-Za-z])\d{15,19}[Xx]?(?![\dA-Za-z])")
_ADDRESS = re.compile(r"[省市区县州旗路街道村镇].{0,20}\d+\s*(?:号|室|栋|幢|弄|单元|楼)")
_LABELLED = re.compile(
    r"(?P<label>姓\s?名|户\s?名|昵称|账户名|帐户名|持卡人|用户名?|会员名?|联系人|经办人|制表人?|制单人?|[账帐][户号]|支付宝账[户号]|微信号?|卡\s?号|客户号|证件号码?|身份证号?码?|手机号?码?|电\s?话|邮\s?箱|地\s?址|住\s?址)"
    r"\s*[:：]\s*[\[【(（]?\s*(?P<value>[^\s,，;；\])】）]{2,60})"
)
_PERSON_LABELS = re.compile("名|昵称|持卡人|用户|会员|联系人|经办|制表|制单")
_MOST = 0.6
_SOME = 0.2


def kind_of_values(values: Sequence[str]) -> tuple[Kind, int] | None:
    """The kind of personal data that the values of a column show, and how many of them do; None if they show none."""
    if not values:
        return None
    counts: list[tuple[Kind, int, float]] = [
        ("identity", sum(map(is_identity_number, values)), _SOME),
        ("contact", sum(is_phone(value) or bool(_MAIL.fullmatch(value)) for value in values), _SOME),
        ("account", sum(value.isdecimal() and 15 <= len(value) <= 19 and is_card_number(value) for value in values), 0.95),
        ("address", sum(bool(_ADDRESS.search(value)) and len(value) > 7 for value in values), _MOST),
        ("person", sum(map(is_name, values)), _MOST),
    ]
    for kind, count, share in counts:
        if count and count >= share * len(values):
            return kind, count
    return None


def is_name(text: str) -> bool:
    """Whether a text looks like a Chinese person's name: a common family name and one or two characters more."""
    return bool(_NAME.fullmatch(text)) and not _NO_NAME.search(text) and text not in _NOT_NAMES.split()


def is_phone(text: str) -> bool:
    """A mobile number or a landline with its area code."""
    if not (_PHONE.fullmatch(text) or _LANDLINE.fullmatch(text)):
        return False
    try:
        canonical_phone(text)
    except ValueRefused:
        return False
    return True


class Stand:
    """Plausible values in place of personal ones: one for each, the same wherever it stands, in the order in which they are met.

    Args:
        taken: Values that occur in the files; no stand-in may be one of them.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._known: dict[str, str] = {}
        self._made: set[str] = set()
        self._sorted: list[tuple[str, str]] = []
        self._count = 0

    def for_(self, kind: str, value: str) -> str:
        """The stand-in for a value."""
        if value not in self._known:
            make = _MAKERS[kind]
            for _ in range(100_000):
                self._count += 1
                made = make(value, self._count)
                if made not in self._taken and made != value:
                    break
            self._known[value] = made
            self._made.add(made)
            self._taken.add(made)
        return self._known[value]

    @property
    def replaced(self) -> dict[str, str]:
        """Each value that was met, with its stand-in."""
        return dict(self._known)

    def text(self, text: str, *, codes: bool = False) -> str:
        """A text whose personal parts (mail addresses, phone, identity and card numbers) have stand-ins.

        Args:
            codes: Whether long numbers in it are known to be codes of something else.
        """
        text = _MAIL.sub(lambda found: self.for_("contact", found[0]), text)
        if codes:
            return text
        text = _LONG.sub(lambda found: self._number(found[0]), text)
        text = _PHONE.sub(lambda found: self.for_("contact", found[0]), text)
        return _LANDLINE.sub(lambda found: self.for_("contact", found[0]), text)

    def _number(self, digits: str) -> str:
        if is_identity_number(digits):
            return self.for_("identity", digits)
        return self.for_("account", digits) if digits.isdecimal() and is_card_number(digits) else digits

    def preamble(self, text: str) -> str:
        """A line outside the table, in which a label says whose name or number follows."""

        def replaced(found: re.Match[str]) -> str:
            kind = "person" if _PERSON_LABELS.search(found["label"]) and not any(map(str.isdigit, found["value"])) else "account"
            whole, value = found[0], found["value"]
            return whole[: len(whole) - len(value)] + self.for_(kind, value)

        return self.text(_LABELLED.sub(replaced, text))

    def known_in(self, text: str) -> str:
        """A text in which every personal value that was met elsewhere has its stand-in; short numbers are left alone."""
        if text in self._made:
            return text
        if len(self._sorted) < len(self._known):
            self._sorted = sorted(self._known.items(), key=lambda pair: -len(pair[0]))
        for value, made in self._sorted:
            if value in text and (len(value) > 6 or not value.isascii()):
                text = text.replace(value, made)
        return text


def _contact(value: str, count: int) -> str:
    if "@" in value:
        return f"user{count:02d}@masked.example"
    digits = re.sub(r"\D", "", parse_form(value))
    if len(digits) < 7:
        return _pattern(value, count)
    new = f"154{count:08d}" if not value.strip().startswith("0") else digits[:-7] + f"5{count:06d}"
    return _digits_into(value, new[-len(digits) :] if len(new) >= len(digits) else digits[: len(digits) - len(new)] + new)


def _digits_into(value: str, digits: str) -> str:
    """The digits in the places of a value's own."""
    queue = iter(digits)
    return "".join(next(queue) if char.isdigit() else char for char in value)


def _person(value: str, count: int) -> str:
    if not re.search(r"[\u4e00-\u9fff]", value):
        return _pattern(value, count)
    family, given = "赵钱孙李周吴郑王", "甲乙丙丁戊己庚辛"
    number = count - 1
    return family[number % 8] + given[number // 8 % 8] + (given[number // 64 % 8] if number >= 64 else "")


def _address(value: str, count: int) -> str:
    province = re.match(r"(?:[\u4e00-\u9fff]{2,3}?(?:省|自治区|市))?", value)
    return f"{province[0] if province else ''}某区某路{count}号"


def _identity(value: str, count: int) -> str:
    if not is_identity_number(value):
        return _pattern(value, count)
    base = f"99010119900101{count % 1000:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return base + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(base, weights, strict=True)) % 11]


def _pattern(value: str, count: int) -> str:
    """Digits for digits, letters for letters, the form kept."""
    number = sum(1 for char in value if char.isdigit())
    letters = sum(1 for char in value if char.isalpha())
    if number >= 2 or not letters:
        digits = iter(f"{(count * 7919) % 10**number:0{number}d}" if number else "")
        shape = "".join(next(digits) if char.isdigit() else "X" if char.isascii() and char.isalpha() else char for char in value)
        return "".join("某" if "\u4e00" <= char <= "\u9fff" else char for char in shape)
    return "".join("某" if "\u4e00" <= char <= "\u9fff" else "X" if char.isalpha() else char for char in value) + str(count)


_MAKERS: dict[str, Callable[[str, int], str]] = {
    "contact": _contact,
    "person": _person,
    "address": _address,
    "identity": _identity,
    "account": _pattern,
}
