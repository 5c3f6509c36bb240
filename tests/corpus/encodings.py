"""Short and mostly-ASCII texts in the encodings of East Asia: what detectors trained on prose get wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.corpus.tables import make_table

ENCODINGS = {
    "zh": ("gb18030", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"),
    "zh-hant": ("big5", "big5hkscs", "utf-8", "utf-16", "utf-16-le"),
    "ja": ("cp932", "utf-8", "utf-16", "utf-16-le"),
}
SHAPES = ("header only", "one line", "one word", "two or three words", "small table", "log lines")
_WORDS = {
    "zh": (
        "销售额 退货 备注 金额（元） 合计 客户名称 数量 已发货 支付成功 余额 上海 北京 "
        "广州 张伟 李娜 经销商 库存 箱 商品编码 支票 转账 红包 超市 税率 "
        "折扣 期初 期末 赠品 便利店 门店 手续费 工资 租金 快递费 港澳 新疆 内蒙古"
    ),
    "zh-hant": (
        "銷售額 退貨 備註 金額 合計 客戶名稱 數量 已出貨 "
        "餘額 台北 高雄 香港 陳怡君 經銷商 庫存 商品編號 "
        "轉帳 稅率 折扣 贈品 門市 手續費 薪資 租金 運費 九龍"
    ),
    "ja": (
        "売上 返品 備考 金額 合計 得意先 数量 出荷済み "
        "残高 東京 大阪 佐藤花子 在庫 商品コード 振込 税率 "
        "割引 りんご ジュース サンプル 手数料 家賃 送料 お届け先"
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Encoded:
    """A text with its encoding and the bytes that it makes."""

    language: str
    shape: str
    encoding: str
    text: str

    @property
    def content(self) -> bytes:
        return self.text.encode(self.encoding)


def _ascii(chance: Random, lines: int) -> list[str]:
    return [
        f"D{chance.randrange(10**6):06d},P{chance.randrange(200)},{chance.randrange(100)},{chance.randrange(10**6) / 100:.2f}"
        for _ in range(lines)
    ]


def _text(chance: Random, language: str, shape: str) -> str:
    words = _WORDS[language].split()
    if shape == "one word":
        return chance.choice(words) + chance.choice(("", "\n"))
    if shape == "one line":
        return ",".join(chance.sample(words, 4)) + "\r\n"
    if shape in ("header only", "small table"):
        table = make_table(chance, language, 0 if shape == "header only" else 6)
        return "".join(",".join(row) + "\r\n" for row in [table.names, *table.rows])
    lines = _ascii(chance, chance.randint(50, 900))
    if shape == "log lines":
        lines = [f"2026-09-{n % 28 + 1:02d} 10:00:{n % 60:02d} INFO id={n} state=ok" for n in range(chance.randint(40, 400))]
    for _ in range(chance.randint(2, 3) if shape == "two or three words" else 1):
        at = chance.randrange(len(lines))
        lines[at] += f",{chance.choice(words)}"
    return "\n".join(lines) + "\n"


def encoded_texts(count: int, seed: int) -> Iterator[Encoded]:
    """``count`` texts: languages, shapes and encodings in turn, the words by chance."""
    chance = Random(seed)
    plan = [(language, shape, encoding) for language, encodings in ENCODINGS.items() for shape in SHAPES for encoding in encodings]
    for number in range(count):
        language, shape, encoding = plan[number % len(plan)]
        yield Encoded(language, shape, encoding, _text(chance, language, shape))
