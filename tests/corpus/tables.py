"""Business tables of random shape, in four languages: what a corpus writes down and what a reader must give back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

_WORDS = {
    "zh": {
        "header": ("单据日期", "单据编号", "客户名称", "商品编码", "商品名称", "规格", "数量", "含税金额", "经手人", "联系电话", "备注"),
        "store": ("东方便利店", "西郊商行", "北苑超市", "华联超市（静安店）", "广州市越秀区好又多商店", "苏州联华", "上海浦东新区第一食品"),
        "product": ("半糖气泡水", "无糖绿茶", "橙汁饮料", "纯净水", "椰子汁", "乌龙茶（冷泡）", "冰红茶"),
        "person": ("张伟", "王芳", "李娜", "刘洋", "陈静"),
        "note": ("已开票", "赠品", "补上月差额", "客户要求周五前送达", "破损两瓶", "退货"),
        "title": ("销售日报", "出货明细表", "经销商流向", "二零二六年九月库存表"),
        "remark": ("以上数据仅供参考，如有疑问请联系财务部", "制表人：王芳", "打印时间：2026-09-30 18:00:00", "说明：金额为含税价"),
        "total": ("合计", "总计"),
    },
    "zh-hant": {
        "header": ("單據日期", "單據編號", "客戶名稱", "商品編碼", "商品名稱", "規格", "數量", "含稅金額", "經手人", "聯絡電話", "備註"),
        "store": ("東方便利店", "台北忠孝門市", "高雄左營店", "新竹科學園區門市", "香港灣仔分店"),
        "product": ("氣泡水", "無糖綠茶", "柳橙汁", "礦泉水", "烏龍茶"),
        "person": ("陳怡君", "林志明", "黃淑芬"),
        "note": ("已開立發票", "贈品", "補上月差額", "退貨"),
        "title": ("銷售日報", "出貨明細表", "庫存報表"),
        "remark": ("以上資料僅供參考", "製表人：林志明", "列印時間：2026-09-30 18:00:00"),
        "total": ("合計", "總計"),
    },
    "ja": {
        "header": ("日付", "伝票番号", "得意先名", "商品コード", "商品名", "規格", "数量", "税込金額", "担当者", "電話番号", "備考"),
        "store": ("東京スーパー", "大阪マート", "さくら商店", "みどり食品"),
        "product": ("りんごジュース", "緑茶ペットボトル", "炭酸水", "ウーロン茶"),
        "person": ("佐藤花子", "鈴木一郎"),
        "note": ("返品あり", "見本", "お届け済み"),
        "title": ("売上日報", "在庫一覧表"),
        "remark": ("このデータは参考用です", "作成者：佐藤花子"),
        "total": ("合計",),
    },
    "en": {
        "header": ("Date", "Document", "Customer", "SKU", "Product", "Pack", "Quantity", "Amount", "Clerk", "Phone", "Remarks"),
        "store": ("Corner Shop", "West Side Market", "North Park Stores", "Miller & Sons", "O'Brien Foods"),
        "product": ("Sparkling water", "Green tea", "Orange juice", "Still water"),
        "person": ("Ann Lee", "Bob Chan", "Eve Wong"),
        "note": ("invoiced", "sample", "two bottles broken", "returned"),
        "title": ("Daily sales", "Stock list", "Shipments by customer"),
        "remark": ("For reference only", "Prepared by Ann Lee", "Printed 2026-09-30 18:00:00"),
        "total": ("Total", "Grand total"),
    },
}  # fmt: skip
LANGUAGES = tuple(_WORDS)
DATE, DOCUMENT, STORE, SKU, PRODUCT, PACK, QUANTITY, AMOUNT, CLERK, PHONE, NOTE = range(11)


@dataclass
class Table:
    """The truth: names of the columns and rows of texts; ``kinds`` tells which column is which."""

    names: list[str]
    rows: list[list[str]]
    kinds: list[int]
    language: str = "zh"
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def column(self, kind: int) -> int | None:
        return self.kinds.index(kind) if kind in self.kinds else None

    def total_row(self, chance: Random) -> list[str]:
        """A row that states the sums of quantity and amount, its label first."""
        row = [""] * len(self.names)
        for kind in (QUANTITY, AMOUNT):
            at = self.column(kind)
            if at is not None:
                cents = sum(round(float(cells[at] or 0) * 100) for cells in self.rows)
                row[at] = f"{cents / 100:.2f}" if kind == AMOUNT else str(cents // 100)
        row[0] = chance.choice(self.words["total"])
        return row


def _date(chance: Random, _: dict[str, tuple[str, ...]]) -> str:
    return (dt.date(2026, 9, 1) + dt.timedelta(days=chance.randrange(30))).isoformat()


def _picked(key: str) -> Callable[[Random, dict[str, tuple[str, ...]]], str]:
    return lambda chance, words: chance.choice(words[key])


_MAKERS: dict[int, Callable[[Random, dict[str, tuple[str, ...]]], str]] = {
    DATE: _date,
    DOCUMENT: lambda chance, _: f"XS{chance.randrange(10**6):06d}",
    STORE: _picked("store"),
    SKU: lambda chance, _: f"{chance.randrange(10**5):06d}",
    PRODUCT: _picked("product"),
    PACK: lambda chance, _: chance.choice(("1*24", "1*12", "500ml", "6x330ml")),
    QUANTITY: lambda chance, _: str(chance.choice((1, 1, 1, -1)) * chance.randint(1, 400)),
    AMOUNT: lambda chance, _: f"{chance.randint(100, 900000) / 100:.2f}",
    CLERK: _picked("person"),
    PHONE: lambda chance, _: f"13{chance.randrange(10**9):09d}",
    NOTE: lambda chance, words: chance.choice(words["note"]) if chance.random() < 0.5 else "",
}


def make_table(chance: Random, language: str | None = None, rows: int | None = None) -> Table:
    """A table of five to eleven columns, with or without empty cells, whose first column is a date or a document."""
    language = language or chance.choices(LANGUAGES, (6, 1, 1, 3))[0]
    words = _WORDS[language]
    first = chance.choice((DATE, DOCUMENT))
    rest = [kind for kind in range(11) if kind not in (first, QUANTITY, AMOUNT)]
    kinds = [first, *sorted([*chance.sample(rest, chance.randint(2, 8)), QUANTITY, AMOUNT])]
    count = rows if rows is not None else chance.randint(4, 40)
    cells = [[_MAKERS[kind](chance, words) for kind in kinds] for _ in range(count)]
    return Table([words["header"][kind] for kind in kinds], cells, kinds, language, words)
