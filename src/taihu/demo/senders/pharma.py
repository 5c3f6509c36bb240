"""A nutrition brand in hospitals: two pharmaceutical distributors, a weekly file from each, and two lists to read them by.

The distributors also sell to each other. Such a secondary transfer is no sell-out: the goods are counted when they reach a
hospital, a pharmacy or a clinic. One of them marks it as 商业; the other one does not always, and then only the customer's name tells.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from taihu.demo.dates import ALL_DAYS, FIRST_MORNING, LAST_MORNING, days_of_a_weekly
from taihu.demo.drafts import Draft, Envelope, Row, Style, span_text
from taihu.demo.facts import Facts, cents
from taihu.demo.senders.interface import NOBODY, Cells, Personal

ZERO = Decimal("0.00")
TRANSFER = "transfer"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PharmaDistributor:
    code: str
    name: str
    mail: str
    city: str
    province: str


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where goods are used or sold to people; ``names`` are what distributors call it, its full name first."""

    code: str
    kind: str
    level: str
    city: str
    province: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Medicine:
    code: str
    generic: str
    name: str
    form: str
    pack: str
    licence: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class FlowLine:
    """One line that a distributor sold; ``terminal`` is None for a sale to the other distributor."""

    day: dt.date
    party: PharmaDistributor
    document: str
    terminal: Terminal | None
    called: str
    kind: str
    product: Medicine
    batch: str
    quantity: int
    gross: Decimal


DISTRIBUTORS = (
    PharmaDistributor("M0001", "上海康源医药有限公司", "liuxiang@m0001.example", "上海", "上海市"),
    PharmaDistributor("M0002", "南京瑞和医药有限公司", "liuxiang@m0002.example", "南京", "江苏省"),
)
_TERMINALS = (
    Terminal("H001", "医院", "三级甲等", "苏州", "江苏省", ("苏州市第一人民医院", "市一院", "苏州一院")),
    Terminal("H002", "医院", "三级甲等", "南京", "江苏省", ("南京市第一人民医院", "市一院", "南京一院（河西院区）")),
    Terminal("H003", "医院", "三级乙等", "南京", "江苏省", ("南京市妇幼保健院", "市妇幼")),
    Terminal("H004", "医院", "三级甲等", "上海", "上海市", ("上海市东郊人民医院", "东郊医院")),
    Terminal("H005", "医院", "二级甲等", "上海", "上海市", ("上海市浦江区中心医院", "浦江中心", "浦江区中心医院")),
    Terminal("H006", "医院", "三级甲等", "杭州", "浙江省", ("杭州市西湖人民医院", "西湖医院")),
    Terminal("R001", "药店", "", "上海", "上海市", ("同泰大药房（人民路店）",)),
    Terminal("R002", "药店", "", "南京", "江苏省", ("百安大药房（新街口店）", "百安药房新街口")),
    Terminal("K001", "诊所", "", "苏州", "江苏省", ("苏州安和诊所",)),
)
_MEDICINES = (
    Medicine("N201", "肠内营养粉剂（整蛋白型）", "优能全", "粉剂", "320g*6听/箱", "国药准字H20269001", Decimal("118.00")),
    Medicine("N202", "肠内营养混悬液（短肽型）", "优能肽", "混悬液", "500ml*12瓶/箱", "国药准字H20269002", Decimal("86.50")),
    Medicine("N203", "复方维生素片", "优能素", "片剂", "10片*2板/盒", "国药准字H20269003", Decimal("32.80")),
)
# A name that no list knows: a ward that somebody typed by hand.
_UNLISTED = "南京一院营养科"


def _simulate(rng: random.Random) -> Iterator[FlowLine]:
    for party, other in (DISTRIBUTORS, DISTRIBUTORS[::-1]):
        near = [each for each in _TERMINALS if (each.province == party.province) or each.kind == "医院"]
        for day in ALL_DAYS:
            for number in range(1, rng.randint(2, 5) if day.weekday() < 5 else rng.randint(1, 2)):
                product, quantity = rng.choice(_MEDICINES), rng.randint(2, 40)
                terminal: Terminal | None = rng.choice(near)
                assert terminal is not None
                called, kind = rng.choice(terminal.names), terminal.kind
                lot = rng.random()
                if lot < 0.12:
                    terminal, called, kind = None, other.name, "商业" if party is DISTRIBUTORS[0] or rng.random() < 0.5 else ""
                    quantity *= 3
                elif lot < 0.15:
                    quantity = -rng.randint(1, 2)
                elif lot < 0.17 and party.city == "南京":
                    terminal, called, kind = _TERMINALS[1], _UNLISTED, "医院"
                gross = cents(product.price * quantity * (Decimal("0.95") if terminal is None else 1))
                batch = f"26{rng.randint(1, 8):02d}{rng.randint(1, 28):02d}"
                yield FlowLine(day, party, f"{party.code}{day:%y%m%d}{number:03d}", terminal, called, kind, product, batch, quantity, gross)


class PharmaFlow:
    """A mail from each distributor on the first working morning of a week."""

    source = "pharma_flow"
    channel = "mail"
    style = Style(
        "flow",
        "xlsx",
        {
            "date": "单据日期", "number": "单据编号", "type": "单据类型", "customer": "终端名称", "kind": "终端类型", "level": "医院级别",
            "province": "省份", "city": "城市", "product": "商品编码", "generic": "通用名", "name": "商品名称", "form": "剂型",
            "pack": "规格", "maker": "生产企业", "licence": "批准文号", "batch": "批号", "best_before": "有效期至", "unit": "单位",
            "quantity": "数量", "price": "含税单价", "amount": "含税金额",
        },
        ("quantity", "amount"),
        "cell",
        above=lambda draft: [draft.title, "金额单位：元", ""],
    )  # fmt: skip
    styles: Mapping[str, Style] = {style.name: style}
    grains: Mapping[str, tuple[str, ...]] = {"mart.pharma_sell_out": ("business_date", "distributor_code", "hospital_code")}

    def simulate(self, facts: Facts, seed: int) -> None:
        facts.more[self.source] = list(_simulate(random.Random(f"{self.source}:{seed}")))

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        told = days_of_a_weekly(morning)
        for party in DISTRIBUTORS if told else ():
            rows = [_row(line) for line in facts.more[self.source] if line.party is party and told[0] <= line.day <= told[-1]]
            name, title = f"医药流向_{party.code}_{span_text(told)}.xlsx", f"{party.name} 医药流向 {span_text(told)}"
            envelope = Envelope(party.name, party.mail, f"{party.name} 医药流向", "gb2312")
            yield Draft(self.source, self.style, party.code, tuple(told), name, title, rows, self.channel, envelope)

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        last = max(day for morning in _mornings() for day in days_of_a_weekly(morning))
        sums: dict[tuple[str, ...], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for line in facts.more[self.source]:
            if line.day > last:
                continue
            where = TRANSFER if line.terminal is None else UNKNOWN if line.called == _UNLISTED else line.terminal.code
            row = sums[(line.day.isoformat(), line.party.code, where)]
            prefix = "transfer" if line.terminal is None else "sell_out"
            row[f"{prefix}_quantity"] += line.quantity
            row[f"{prefix}_amount"] += line.gross
        return {"mart.pharma_sell_out": {key: dict(row) for key, row in sums.items()}}

    def personal(self, facts: Facts) -> Personal:
        return NOBODY


def _mornings() -> Iterable[dt.date]:
    return (FIRST_MORNING + dt.timedelta(days=n) for n in range((LAST_MORNING - FIRST_MORNING).days + 1))


def _row(line: FlowLine) -> Row:
    terminal, product = line.terminal, line.product
    return {
        "date": line.day,
        "number": line.document,
        "type": "销退" if line.quantity < 0 else "销售",
        "customer": line.called,
        "kind": line.kind,
        "level": terminal.level if terminal else "",
        "province": terminal.province if terminal else "",
        "city": terminal.city if terminal else "",
        "product": product.code,
        "generic": product.generic,
        "name": product.name,
        "form": product.form,
        "pack": product.pack,
        "maker": "A公司营养品有限公司",
        "licence": product.licence,
        "batch": line.batch,
        "best_before": f"20{int(line.batch[:2]) + 2}-{line.batch[2:4]}-{line.batch[4:]}",
        "unit": "盒" if product.form == "片剂" else "听" if product.form == "粉剂" else "瓶",
        "quantity": Decimal(line.quantity),
        "price": product.price,
        "amount": line.gross,
    }


class PharmaDistributors:
    """The list of the distributors, kept by hand."""

    source = "pharma_distributors"
    channel = "inbox/pharma_distributors"
    style = Style("list", "xlsx", {"party": "经销商编码", "name": "经销商名称", "region": "大区编码", "mail": "报数邮箱"})
    styles: Mapping[str, Style] = {style.name: style}
    grains: Mapping[str, tuple[str, ...]] = {}

    def simulate(self, facts: Facts, seed: int) -> None:
        """Nothing happens to it."""

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        if morning == FIRST_MORNING:
            rows: list[Row] = [{"party": each.code, "name": each.name, "region": "EAST", "mail": each.mail} for each in DISTRIBUTORS]
            yield Draft(self.source, self.style, self.source, (morning,), "医药经销商名单.xlsx", "", rows, self.channel)

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        return {}

    def personal(self, facts: Facts) -> Personal:
        return Personal(mail_addresses=frozenset(each.mail for each in DISTRIBUTORS))


class HospitalNames:
    """What distributors call the hospitals of a city; kept by hand, and not quite complete."""

    source = "hospital_names"
    channel = "inbox/hospital_names"
    style = Style(
        "list",
        "xlsx",
        {"city": "城市", "called": "流向名称", "code": "医院编码", "name": "医院标准名称", "level": "医院级别"},
    )
    styles: Mapping[str, Style] = {style.name: style}
    grains: Mapping[str, tuple[str, ...]] = {}

    def simulate(self, facts: Facts, seed: int) -> None:
        """Nothing happens to it."""

    def drafts(self, facts: Facts, morning: dt.date) -> Iterable[Draft]:
        if morning == FIRST_MORNING:
            rows: list[Row] = [
                {"city": each.city, "called": called, "code": each.code, "name": each.names[0], "level": each.level}
                for each in _TERMINALS
                for called in each.names
            ]
            yield Draft(self.source, self.style, self.source, (morning,), "医院名称对照.xlsx", "", rows, self.channel)

    def truth(self, facts: Facts) -> Mapping[str, Cells]:
        return {}

    def personal(self, facts: Facts) -> Personal:
        return NOBODY
