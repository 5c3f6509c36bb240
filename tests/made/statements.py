"""Bank statements and customs declarations as PDF files, in the manner of what banks and the single window print.

The makers share nothing with the reader: places are set by hand, and what every cell holds is given back beside the file.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

from tests.made.pdfs import Canvas, width_of, written_pdf

_NAMES = (
    "上海东方便利连锁有限公司",
    "苏州工业园区金鸡湖商贸有限责任公司",
    "王小明",
    "支付宝（中国）网络技术有限公司",
    "财付通支付科技有限公司",
)
_MEMOS = ("货款", "工资", "跨行转账", "网上支付跨行清算系统汇款", "手续费", "利息")


@dataclass(frozen=True, slots=True)
class Made:
    """A file with the rows that it shows."""

    content: bytes
    header: list[str]
    rows: list[list[str]]


def _movements(rng: random.Random, count: int) -> list[tuple[str, str, Decimal, Decimal, str, str, str]]:
    """Date, time, amount, balance, memo, other party, its account."""
    balance = Decimal(rng.randint(100_000, 90_000_000)) / 100
    out = []
    for n in range(count):
        amount = Decimal(rng.randint(-5_000_000, 9_000_000)) / 100 or Decimal(1)
        balance += amount
        day = f"2026-09-{1 + n * 28 // max(count, 1):02d}"
        account = "".join(str(rng.randint(0, 9)) for _ in range(19))
        out.append(
            (
                day,
                f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:{rng.randint(0, 59):02d}",
                amount,
                balance,
                rng.choice(_MEMOS),
                rng.choice(_NAMES),
                account,
            )
        )
    return out


def _wrapped(text: str, width: float, size: float) -> list[str]:
    lines = [""]
    for char in text:
        if lines[-1] and width_of(lines[-1] + char, size) > width:
            lines.append("")
        lines[-1] += char
    return lines


def icbc(rng: random.Random, count: int) -> Made:
    """Ruled, two lines in the cells of time and party, title and account above each page, page numbers below."""
    header = ["交易日期", "账号", "储种", "序号", "币种", "钞汇", "摘要", "地区", "收入/支出金额", "余额", "对方户名", "对方账号", "渠道"]
    widths = [54, 62, 26, 28, 34, 26, 46, 28, 62, 62, 72, 62, 44]
    size = 7.0
    rows, page_rows = [], []
    for n, (day, time, amount, balance, memo, party, account) in enumerate(_movements(rng, count)):
        cells = [
            f"{day}\n{time}",
            "6222021001123456789",
            "活期",
            f"{n:05d}",
            "人民币",
            "钞",
            memo,
            "1001",
            f"{amount:+,.2f}",
            f"{balance:,.2f}",
            party,
            account,
            "网上银行",
        ]
        page_rows.append(cells)
        rows.append([f"{day} {time}", "6222021001123456789", *cells[2:]])
    pages = []
    for start in range(0, count, 14):
        page = Canvas(842, 595)
        page.text(330, 40, "中国工商银行借记账户历史明细（电子版）", size=12)
        page.text(40, 60, "卡号 6222021001123456789  户名：陈某  起止日期：2026-09-01 — 2026-09-30", size=8)
        y = 72.0
        for cells in [header, *page_rows[start : start + 14]]:
            lines = [
                [line for part in cell.split("\n") for line in _wrapped(part, width - 5, size)]
                for cell, width in zip(cells, widths, strict=True)
            ]
            height = max(len(cell) for cell in lines) * 9 + 5
            x = 40.0
            for cell, width in zip(lines, widths, strict=True):
                page.box(x, y, x + width, y + height)
                for k, line in enumerate(cell):
                    top = y + (height - len(cell) * 9) / 2 + k * 9 + 7
                    page.text(x + 2.5, top, line, size=size)
                x += width
            y += height
        page.text(390, 570, f"第 {start // 14 + 1} 页，共 {(count + 13) // 14} 页", size=8)
        pages.append(page)
    return Made(written_pdf(pages), header, rows)


def cmb(rng: random.Random, count: int) -> Made:
    """No lines at all: amounts at the right, long texts on a second line, the English names below the Chinese ones."""
    header = ["记账日期", "货币", "交易金额", "联机余额", "交易摘要", "对手信息"]
    lefts, rights = [40, 100, 0, 0, 290, 400], [0, 0, 200, 275, 0, 0]
    rows: list[list[str]] = []
    pages: list[Canvas] = []
    page, y = Canvas(), 1000.0
    for day, _, amount, balance, memo, party, account in _movements(rng, count):
        other = f"{party}{account}"
        lines = _wrapped(other, 160, 8)
        if y + 12 * len(lines) > 780:
            page = Canvas()
            pages.append(page)
            page.text(220, 50, "招商银行交易流水", size=14)
            page.text(40, 80, "户 名：陈某", size=8)
            page.text(300, 80, "账户类型：ALL", size=8)
            for left, right, name in zip(lefts, rights, header, strict=True):
                page.text(left or right - width_of(name, 8), 110, name, size=8)
            english = ["Date", "Currency", "Amount", "Balance", "Type", "Counter Party"]
            for left, right, name in zip(lefts, rights, english, strict=True):
                page.text(left or right - width_of(name, 6), 119, name, size=6)
            page.text(280, 815, f"{len(pages)}", size=8)
            y = 140.0
        cells = [day, "CNY", f"{amount:,.2f}", f"{balance:,.2f}", memo]
        for left, right, cell in zip(lefts, rights, cells, strict=False):
            page.text(left or right - width_of(cell, 8), y, cell, size=8)
        for k, line in enumerate(lines):
            page.text(lefts[5], y + 11 * k, line, size=8)
        y += 11 * (len(lines) - 1) + 20
        rows.append([*cells, other])
    return Made(written_pdf(pages), header, rows)


def boc(rng: random.Random, count: int) -> Made:
    """Lines only between the rows, an account that wraps, a total at the end."""
    header = ["交易日期", "交易时间", "摘要", "借方发生额", "贷方发生额", "余额", "对方账号"]
    edges = [40, 95, 145, 225, 305, 385, 470, 555]
    page, y = Canvas(), 60.0
    page.text(230, 40, "中国银行账户明细清单", size=13)
    pages, rows = [page], []
    taken = given = Decimal(0)

    def row(cells: list[str], y: float) -> float:
        lines = [_wrapped(cell, edges[n + 1] - edges[n] - 6, 8) for n, cell in enumerate(cells)]
        height = max(len(cell) for cell in lines) * 10 + 6
        for n, cell in enumerate(lines):
            for k, line in enumerate(cell):
                top = y + (height - 10 * len(cell)) / 2 + 10 * k + 8
                if n in (3, 4, 5):
                    page.right(edges[n + 1] - 4, top, line, size=8)
                else:
                    page.text(edges[n] + 2, top, line, size=8)
        page.line(edges[0], y + height, edges[-1], y + height)
        return y + height

    page.line(edges[0], y, edges[-1], y)
    y = row(header, y)
    for day, time, amount, balance, memo, _, account in _movements(rng, count):
        cells = [
            day,
            time,
            memo,
            f"{-amount:,.2f}" if amount < 0 else "",
            f"{amount:,.2f}" if amount > 0 else "",
            f"{balance:,.2f}",
            account + "00",
        ]
        taken, given = taken - min(amount, Decimal(0)), given + max(amount, Decimal(0))
        if y > 760:
            page, y = Canvas(), 60.0
            pages.append(page)
            page.line(edges[0], y, edges[-1], y)
            y = row(header, y)
        y = row(cells, y)
        rows.append(cells)
    row(["合计", "", "", f"{taken:,.2f}", f"{given:,.2f}", "", ""], y)
    return Made(written_pdf(pages), header, rows)


def customs(rng: random.Random, count: int) -> Made:
    """An import declaration: boxes of a small label over a value, then the goods, three lines to an item."""
    page = Canvas(842, 595)
    page.text(330, 40, "中华人民共和国海关进口货物报关单", size=14)
    page.text(60, 62, "预录入编号：223320261234567890", size=8)
    page.text(420, 62, "海关编号：223320261234567890", size=8)
    boxes = [
        [
            ("境内收货人(91310000MA1FL0XX0X)", "上海甲贸易有限公司", 260),
            ("进境关别(2233)", "浦东机场", 150),
            ("进口日期", "20260912", 150),
            ("申报日期", "20260914", 182),
        ],
        [
            ("境外发货人", "EXAMPLE TRADING GMBH", 260),
            ("运输方式(5)", "航空运输", 150),
            ("运输工具名称及航次号", "CK204", 150),
            ("提运单号", "11234567890", 182),
        ],
    ]
    y = 72.0
    for line in boxes:
        x = 50.0
        for label, value, width in line:
            page.box(x, y, x + width, y + 26)
            page.text(x + 2, y + 9, label, size=6.5)
            page.text(x + 4, y + 21, value, size=8)
            x += width
        y += 26
    header = [
        "项号",
        "商品编号",
        "商品名称及规格型号",
        "数量及单位",
        "单价/总价/币制",
        "原产国(地区)",
        "最终目的国(地区)",
        "境内目的地",
        "征免",
    ]
    widths = [30, 66, 190, 92, 92, 72, 72, 76, 52]
    x = 50.0
    for name, width in zip(header, widths, strict=True):
        page.box(x, y, x + width, y + 16)
        page.text(x + 2, y + 11, name, size=7)
        x += width
    y += 16
    rows = []
    for n in range(1, count + 1):
        pieces, price = rng.randint(1, 500), Decimal(rng.randint(100, 99_999)) / 100
        cells = [
            [str(n)],
            [f"{rng.randint(10**9, 10**10 - 1)}"],
            ["饮料用香精", "0|3|调味用|无品牌"],
            [f"{pieces * 2}千克", "", f"{pieces}件"],
            [f"{price:.4f}", f"{price * pieces:.2f}", "美元"],
            ["德国", "(DEU)"],
            ["中国", "(CHN)"],
            ["(31222)浦东新区"],
            ["照章征税", "(1)"],
        ]
        x = 50.0
        for lines, width in zip(cells, widths, strict=True):
            page.box(x, y, x + width, y + 34)
            for k, text in enumerate(lines):
                page.text(x + 2, y + 10 + 10 * k, text, size=7)
            x += width
        y += 34
        rows.append([" ".join(line for line in lines if line) for lines in cells])
    return Made(written_pdf([page]), header, rows)
