"""Lists of customers as distributors, an ERP, invoices and a bank write them, with the truth about who is who.

Written before the matching was tuned, and kept apart from it: nothing here is imported by the library, and no list of the library is
used here. What makes real lists hard is in it: abbreviations, dropped regions and legal forms, traditional characters, homophones,
other typing mistakes, old names after a renaming, branches, sister companies in one office, dozens of firms at one registered
address or behind one accountant's telephone, and different firms whose names differ by a city, a trade or a single character.
Every seed draws the shape of its region as well: how much one city and how much the lucky characters of trade names prevail, and how
carelessly people type.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from taihu.china.uscc import check_character, organisation_check_character

_PLACES = {
    ("江苏", "苏州"): ("姑苏", "吴中", "相城", "工业园区"), ("江苏", "南京"): ("玄武", "鼓楼", "江宁", "浦口"),
    ("江苏", "无锡"): ("梁溪", "滨湖", "新吴"), ("江苏", "常州"): ("天宁", "武进", "新北"), ("江苏", "南通"): ("崇川", "通州"),
    ("江苏", "昆山"): ("",), ("江苏", "江阴"): ("",), ("浙江", "杭州"): ("西湖", "余杭", "萧山", "滨江"),
    ("浙江", "宁波"): ("海曙", "鄞州", "北仑"), ("浙江", "温州"): ("鹿城", "龙湾"), ("浙江", "义乌"): ("",), ("浙江", "嘉兴"): ("南湖", "秀洲"),
    ("", "上海"): ("浦东新", "徐汇", "静安", "闵行", "嘉定"), ("", "北京"): ("朝阳", "海淀", "丰台", "大兴"),
    ("", "天津"): ("和平", "河西", "滨海新"), ("", "重庆"): ("渝中", "江北", "沙坪坝"), ("广东", "广州"): ("天河", "白云", "番禺"),
    ("广东", "深圳"): ("福田", "南山", "宝安", "龙岗"), ("广东", "佛山"): ("禅城", "顺德", "南海"), ("广东", "东莞"): ("",),
    ("福建", "厦门"): ("思明", "湖里"), ("福建", "泉州"): ("丰泽", "鲤城"), ("山东", "济南"): ("历下", "槐荫"),
    ("山东", "青岛"): ("市南", "崂山"), ("湖北", "武汉"): ("武昌", "江汉", "洪山"), ("湖南", "长沙"): ("岳麓", "雨花"),
    ("四川", "成都"): ("锦江", "武侯", "高新"), ("河南", "郑州"): ("金水", "二七"), ("安徽", "合肥"): ("包河", "蜀山"),
    ("陕西", "西安"): ("雁塔", "未央"), ("辽宁", "沈阳"): ("和平", "铁西"), ("黑龙江", "哈尔滨"): ("南岗", "道里"),
    ("云南", "昆明"): ("五华", "官渡"), ("广西", "南宁"): ("青秀", "兴宁"),
}  # fmt: skip
_TRADE = "恒鑫盛达丰瑞祥华源泰康美佳宏伟永兴隆昌顺利德信诚安邦嘉悦天成金龙凤海洋东方大众百新联合创智慧云科润禾森林溪山川和乐福星辰元亨通宝聚仁济民益生润博雅韵思远鼎立凯旋"
_HOMOPHONES = (
    "恒衡珩", "鑫新欣馨信", "盛胜圣晟", "达大", "丰峰锋枫", "瑞睿锐", "祥翔详", "华桦骅", "源元原圆", "泰太", "佳嘉家", "宏鸿弘红",
    "伟威玮", "永勇咏", "兴星", "隆龙", "利力立丽", "德得", "诚成城程", "安庵", "美镁", "海骇", "福富", "科可", "润闰", "鼎顶", "博勃", "雅亚",
    "悦越粤", "联连莲", "创闯", "智志至", "慧惠汇", "通同", "聚巨", "仁人", "济际", "益艺怡", "森深", "和禾合",
)  # fmt: skip
_LOOKALIKES = ("鑫金", "盛盈", "隆降", "祥详", "泰秦", "华毕", "瑞端", "诚城", "德得", "永水", "兴光", "凯凱", "辰展", "鼎鼐")
# What an industry is called: full forms of one industry that lists use for each other.
_INDUSTRIES = {
    "贸易": ("商贸", "贸易", "经贸"), "食品": ("食品",), "医药": ("医药", "药业"), "物流": ("物流", "运输"), "科技": ("科技", "技术"),
    "电子商务": ("电子商务", "电商"), "供应链管理": ("供应链管理", "供应链"), "百货": ("百货", "日用百货"), "化工": ("化工",),
    "建材": ("建材", "建筑材料"), "餐饮管理": ("餐饮管理", "餐饮"), "酒业": ("酒业",), "母婴用品": ("母婴用品", "母婴"), "医疗器械": ("医疗器械",),
    "实业": ("实业",), "农产品": ("农产品",), "文化传媒": ("文化传媒", "传媒"), "生物科技": ("生物科技",),
}  # fmt: skip
_WEIGHTS = (20, 12, 8, 6, 10, 5, 6, 5, 3, 4, 4, 4, 2, 3, 4, 3, 2, 3)
_SHOPS = ("超市", "商行", "药房", "经营部", "食品店", "便利店", "母婴店", "批发部")
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_ROADS = ("人民路", "中山路", "解放路", "建设路", "长江路", "新华路", "迎宾大道", "学府街", "滨河路", "工业大道", "振兴路", "朝阳路", "和平街",
          "文化路", "育才路", "友谊路", "光明路", "胜利街", "南京路", "北京路", "环城东路", "科技园路", "创业大道", "金鸡湖路", "江南大道", "体育路")  # fmt: skip
_MARKETS = ("国际商贸城", "农副产品批发市场", "小商品城", "食品批发市场", "建材市场", "科技创业园", "众创空间")
_NOTES = ("(停用)", "（新）", "*", "-直供", "（王经理）", "【大客户】", "(月结)", "_旧", " 2025", "/原客户", "（代收）", "#")
_BRANCHES = ("园区", "新区", "城东", "城西", "江北", "第一", "第二", "第三", "高新区", "火车站")


@dataclass(frozen=True, slots=True)
class Firm:
    """A legal entity, or a branch with a licence of its own."""

    id: int
    province: str
    city: str
    district: str
    trade: str
    industry: str
    form: str
    is_region_first: bool
    road: str
    number: int
    room: str
    phone: str
    uscc: str
    branch: str = ""
    old_name: str = ""
    old_address: tuple[str, int] | None = None
    has_code: bool = True
    is_shop: bool = False
    parent_uscc: str = ""

    @property
    def name(self) -> str:
        """The registered name."""
        region = self.city + ("市" if self.id % 4 == 0 or self.is_shop else "")
        head = f"{region}{self.trade}" if self.is_region_first else f"{self.trade}（{self.city}）"
        return f"{head}{self.industry}{self.form}{self.branch}"


@dataclass(frozen=True, slots=True)
class Party:
    """One line of one list. ``firm`` is the truth."""

    source: str
    key: str
    name: str
    uscc: str
    address: str
    phone: str
    firm: int


@dataclass(slots=True)
class _Maker:
    chance: random.Random
    without_code: float
    cities: tuple[float, ...] = ()
    characters: tuple[float, ...] = ()
    carelessness: float = 1.0
    firms: list[Firm] = field(default_factory=list)
    registered: set[str] = field(default_factory=set)
    offices: list[str] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)

    def code(self, *, shop: bool = False) -> str:
        body = "".join(self.chance.choice("0123456789ABCDEFGHJKLMNPQRTUWXY") for _ in range(8))
        first = ("92" if shop else "91") + self.chance.choice(("320500", "330100", "310115", "440100", "110105")) + body
        first += organisation_check_character(body)
        return first + check_character(first)

    def phone(self) -> str:
        if self.chance.random() < 0.6:
            return self.chance.choice(("138", "139", "186", "177", "159")) + f"{self.chance.randrange(10**8):08d}"
        return self.chance.choice(("0512", "025", "021", "020", "0571", "0755")) + "-" + f"{self.chance.randrange(2 * 10**7, 9 * 10**7)}"

    def room(self) -> str:
        pick = self.chance.random()
        if pick < 0.35:
            return ""
        if pick < 0.75:
            return f"{self.chance.randrange(1, 30)}{self.chance.choice(('0', '1', '2'))}{self.chance.randrange(1, 10)}室"
        return f"{self.chance.randrange(1, 12)}幢{self.chance.randrange(101, 999)}室"

    def new(self) -> Firm:
        (province, city), districts = self.chance.choices(list(_PLACES.items()), self.cities)[0]
        shop = self.chance.random() < 0.12
        length = self.chance.choices((2, 3, 4), (75, 15, 10))[0]
        trade = "".join(self.chance.choices(_TRADE, self.characters, k=length))
        industry = self.chance.choices([forms[0] for forms in _INDUSTRIES.values()], _WEIGHTS)[0]
        form = self.chance.choices(("有限公司", "有限责任公司", "股份有限公司", "集团有限公司"), (82, 10, 5, 3))[0]
        if shop:
            trade = self.chance.choice(_SURNAMES) + self.chance.choice(("记", "氏", self.chance.choice(_TRADE)))
            industry, form = "", self.chance.choice(_SHOPS)
        elif self.chance.random() < 0.06:
            industry = ""
        market = self.chance.random() < 0.07
        return Firm(
            id=len(self.firms), province=province, city=city, district=self.chance.choice(districts), trade=trade, industry=industry,
            form=form, is_region_first=shop or self.chance.random() < 0.85,
            road=self.chance.choice(_MARKETS) if market else self.chance.choice(_ROADS), number=self.chance.randrange(1, 900 if not market else 60),
            room=self.room(), phone=self.phone(), uscc=self.code(shop=shop), has_code=self.chance.random() >= self.without_code, is_shop=shop,
        )  # fmt: skip

    def add(self, firm: Firm) -> None:
        """No register holds two firms of one city, trade name and industry (provisions on enterprise names, article 17)."""
        name = f"{firm.city}{firm.trade}{firm.industry or firm.form}{firm.branch}"
        if name not in self.registered:
            self.registered.add(name)
            self.firms.append(replace(firm, id=len(self.firms)))

    def near(self, firm: Firm) -> Iterator[Firm]:
        """Other legal entities that look like this one."""
        fresh = self.new()
        other = replace(fresh, has_code=fresh.has_code, is_shop=firm.is_shop, trade=firm.trade, industry=firm.industry, form=firm.form)
        pick = self.chance.random()
        if pick < 0.11 and other.city != firm.city:
            yield replace(other, is_region_first=firm.is_region_first)  # the same name in another city
        elif pick < 0.15:
            # a sister company: another trade, mostly the same office and telephone
            industry = self.chance.choice([forms[0] for forms in _INDUSTRIES.values() if forms[0] != firm.industry])
            sister = replace(firm, uscc=fresh.uscc, industry=industry, form="有限公司", has_code=fresh.has_code, is_shop=False)
            if self.chance.random() < 0.4:
                sister = replace(sister, phone=fresh.phone)
            if self.chance.random() < 0.5:
                sister = replace(sister, road=fresh.road, number=fresh.number, room=fresh.room, district=fresh.district)
            yield sister
        elif pick < 0.19 and len(firm.trade) > 1:
            place = self.chance.randrange(len(firm.trade))
            trade = firm.trade[:place] + self.chance.choice(_TRADE) + firm.trade[place + 1 :]
            yield replace(other, trade=trade, province=firm.province, city=firm.city, district=firm.district)  # one character differs
        elif pick < 0.27 and not firm.is_shop:
            for name in self.chance.sample(_BRANCHES, self.chance.choice((1, 1, 2, 3))):
                branch = replace(
                    firm, uscc=self.code(), branch=f"{name}分公司", road=fresh.road, number=self.chance.randrange(1, 900), room=self.room(),
                    parent_uscc=firm.uscc, has_code=firm.has_code and self.chance.random() < 0.8,
                )  # fmt: skip
                yield replace(branch, phone=self.phone()) if self.chance.random() < 0.6 else branch

    def shared(self, firm: Firm) -> Firm:
        """Registered at an address for hundreds, or known by the telephone of an accountant; moved or renamed once."""
        if self.chance.random() < 0.04:
            road, number, room = self.chance.choice(self.offices).split("|")
            firm = replace(firm, road=road, number=int(number), room=room)
        if self.chance.random() < 0.04:
            firm = replace(firm, phone=self.chance.choice(self.agents))
        if self.chance.random() < 0.10:
            firm = replace(firm, old_address=(self.chance.choice(_ROADS), self.chance.randrange(1, 900)))
        if not firm.branch and not firm.is_shop and self.chance.random() < 0.03:
            trade = "".join(self.chance.choice(_TRADE) for _ in range(2))
            firm = replace(firm, old_name=replace(firm, trade=trade).name)
        return firm


# source: how many of the firms it knows, and what it habitually writes
_SOURCES = {
    "erp": (0.55, "full", 0.95, 0.85),
    "invoice": (0.45, "full", 0.55, 0.5),
    "distributor_a": (0.42, "short", 0.9, 0.7),
    "distributor_b": (0.38, "short", 0.75, 0.8),
    "crm": (0.34, "mixed", 0.8, 0.9),
    "bank": (0.26, "full", 0.05, 0.0),
}
_CODES = {"erp": 0.9, "invoice": 0.97, "distributor_a": 0.65, "distributor_b": 0.5, "crm": 0.6, "bank": 0.3}


def parties(firms: int, seed: int, *, without_code: float = 0.4) -> list[Party]:
    """Lines of six lists about so many firms (about 2.4 lines a firm).

    Args:
        without_code: Share of the firms whose credit code stands in no list.
    """
    chance = random.Random(f"parties:{seed}")
    maker = _Maker(
        chance, without_code, _falling(len(_PLACES), chance.uniform(0, 1.2), chance), _falling(len(_TRADE), chance.uniform(0, 0.6), chance)
    )
    maker.carelessness = chance.uniform(0.7, 1.4)
    maker.offices = [
        f"{chance.choice(_ROADS)}|{chance.randrange(1, 900)}|{chance.choice(('', '201室', '1幢101室'))}" for _ in range(firms // 400 + 2)
    ]
    maker.agents = [maker.phone() for _ in range(firms // 400 + 2)]
    while len(maker.firms) < firms:
        firm = replace(maker.new(), id=len(maker.firms))
        maker.add(maker.shared(firm))
        for other in maker.near(firm):
            maker.add(maker.shared(other))
    lines = []
    for firm in maker.firms:
        for source, (share, habit, has_address, has_phone) in _SOURCES.items():
            while chance.random() < share:
                key = f"{source[:1].upper()}{len(lines):06d}"
                lines.append(
                    Party(
                        source, key, _name(firm, habit, maker), _code(firm, source, maker), _address(firm, chance) if chance.random() < has_address else "",
                        _phone(firm, chance, maker) if chance.random() < has_phone else "", firm.id,
                    )
                )  # fmt: skip
                if chance.random() < 0.85:
                    break  # one list seldom has a firm twice
    chance.shuffle(lines)
    return lines


def _falling(number: int, how: float, chance: random.Random) -> tuple[float, ...]:
    """Weights that fall with the rank, in an order of their own."""
    weights = [1 / rank**how for rank in range(1, number + 1)]
    chance.shuffle(weights)
    return tuple(weights)


def _code(firm: Firm, source: str, maker: _Maker) -> str:
    chance = maker.chance
    if not firm.has_code or chance.random() > _CODES[source]:
        return ""
    code = firm.uscc
    if firm.parent_uscc and chance.random() < 0.04:
        code = firm.parent_uscc  # somebody gave the head office's code
    pick = chance.random()
    if pick < 0.03:
        place = chance.randrange(18)
        return code[:place] + chance.choice("0123456789") + code[place + 1 :]
    if pick < 0.06:
        return code.lower() if pick < 0.045 else f" {code[:9]} {code[9:]}"
    return code


def _name(firm: Firm, habit: str, maker: _Maker) -> str:
    chance = maker.chance
    if firm.old_name and chance.random() < 0.35:
        return firm.old_name
    short = habit == "short" or (habit == "mixed" and chance.random() < 0.5)
    name = _short(firm, chance) if short and chance.random() < 0.75 else _full(firm, chance)
    return _mistyped(name, firm, chance, maker.carelessness * (0.22 if habit != "full" else 0.08))


def _full(firm: Firm, chance: random.Random) -> str:
    pick = chance.random()
    if pick < 0.72:
        return firm.name
    if pick < 0.80 and firm.province and firm.is_region_first:
        return f"{firm.province}{'省' if chance.random() < 0.4 else ''}{firm.name}"
    if pick < 0.88:
        return firm.name.replace("有限公司", "有限责任公司") if "责任" not in firm.name else firm.name.replace("有限责任公司", "有限公司")
    if pick < 0.94:
        return replace(firm, is_region_first=not firm.is_region_first).name
    return firm.name.replace("（", "(").replace("）", ")")


def _short(firm: Firm, chance: random.Random) -> str:
    region = firm.city if chance.random() < 0.68 else ""
    industry = firm.industry
    forms = next((each for each in _INDUSTRIES.values() if each[0] == industry), ("",))
    if chance.random() < 0.30:
        industry = chance.choice(forms)
    if chance.random() < 0.10:
        industry = ""
    elif industry and chance.random() < 0.03:
        industry = chance.choice(("商贸", "贸易", "食品", "百货"))  # what the salesman believes
    form = chance.choices((firm.form, "公司", "") if not firm.is_shop else (firm.form, firm.form, firm.form), (3, 3, 4))[0]
    branch = firm.branch
    if branch and chance.random() < 0.3:
        branch = branch.replace("分公司", chance.choice(("分", "店", "分部")))
    if region and not firm.is_shop and chance.random() < 0.12:
        return f"{firm.trade}({region}){industry}{form}{branch}"
    return f"{region}{firm.trade}{industry}{form}{branch}"


def _mistyped(name: str, firm: Firm, chance: random.Random, rate: float) -> str:
    """One thing, seldom two, that people, old systems and other keyboards do to a name."""
    while chance.random() < rate:
        pick = chance.random()
        at = name.find(firm.trade)
        place = at + chance.randrange(len(firm.trade)) if at >= 0 else chance.randrange(len(name))
        if pick < 0.25:
            name = name + chance.choice(_NOTES)
        elif pick < 0.45:
            name = _traditional(name)
        elif pick < 0.65:
            group = next((group for group in _HOMOPHONES if name[place] in group), name[place])
            name = name[:place] + chance.choice(group) + name[place + 1 :]
        elif pick < 0.72:
            pair = next((pair for pair in _LOOKALIKES if name[place] in pair), name[place])
            name = name[:place] + pair[-1] + name[place + 1 :]
        elif pick < 0.78 and len(name) > place + 1:
            name = name[:place] + name[place + 1] + name[place] + name[place + 2 :]
        elif pick < 0.83:
            name = name[:place] + name[place + 1 :]
        elif pick < 0.90:
            name = chance.choice((f" {name}", name.replace("有限", " 有限"), name[:2] + "\u3000" + name[2:], name + "\u200b"))
        elif pick < 0.95 and len(name) > 10:
            name = name[:10]
        else:
            name = name[:place] + chance.choice(_TRADE) + name[place + 1 :]
    return name


def _traditional(name: str) -> str:
    pairs = "恒恆鑫鑫盛盛达達丰豐华華兴興顺順诚誠联聯创創云雲济濟业業贸貿经經药藥电電务務应應链鏈医醫疗療饮飲传傳农農产產术術实實责責团團苏蘇广廣东東龙龍凤鳳号號"
    table = dict(zip(pairs[::2], pairs[1::2], strict=True))
    return "".join(table.get(character, character) for character in name)


def _address(firm: Firm, chance: random.Random) -> str:
    road, number = (firm.road, firm.number) if firm.old_address is None or chance.random() < 0.6 else firm.old_address
    province = f"{firm.province}{chance.choice(('省', '', '省'))}" if firm.province and chance.random() < 0.5 else ""
    city = f"{firm.city}{'市' if chance.random() < 0.75 else ''}" if chance.random() < 0.85 else ""
    district = firm.district + ("" if firm.district.endswith("园区") or not firm.district else "区") if chance.random() < 0.8 else ""
    room = firm.room if chance.random() < 0.7 else ""
    written = f"{number}{chance.choices(('号', '', '號', '-1号'), (85, 7, 4, 4))[0]}"
    if chance.random() < 0.03:
        number += chance.choice((-10, 1, 2, 100))
        written = f"{number}号"
    text = f"{province}{city}{district}{road}{written}{room}"
    if chance.random() < 0.05:
        text = text.translate({code: code + 0xFEE0 for code in range(ord("0"), ord("9") + 1)})
    if chance.random() < 0.03:
        place = chance.randrange(len(text))
        text = text[:place] + text[place + 1 :]
    return text


def _phone(firm: Firm, chance: random.Random, maker: _Maker) -> str:
    pick = chance.random()
    if pick < 0.14:
        return maker.phone()  # somebody else's, or a new one
    if pick < 0.30 and "-" in firm.phone:
        return chance.choice((firm.phone.replace("-", ""), f"({firm.phone.split('-')[0]}){firm.phone.split('-')[1]}", f"{firm.phone}转801"))
    if pick < 0.36 and "-" not in firm.phone:
        return f"+86 {firm.phone[:3]} {firm.phone[3:7]} {firm.phone[7:]}"
    return firm.phone
