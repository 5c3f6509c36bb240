"""Proposed types on what columns look like."""

from __future__ import annotations

import pytest

from taihu.read.propose import propose_type


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        ("单据日期", ["2026-09-15", "2026/9/5", "2026年9月1日", None], "date"),
        ("日期", ["20260915", "20260916"], "date"),
        ("发生时间", ["2026-09-15 08:30:00", "2026-09-15 08:30"], "timestamp"),
        ("数量", ["1", "-3", "2.5"], "quantity"),
        ("含税金额", ["1,234.50", "¥3", "--"], "money"),
        ("商品编码", ["10001", "10002"], "text"),
        ("店号", ["001", "002"], "text"),
        ("流水", ["2026091500000001", "2026091500000002"], "text"),
        ("联系电话", ["13812345678", "021-12345678"], "phone"),
        ("达成率", ["95%", "101.5%"], "percent"),
        ("行", ["1", "2"], "integer"),
        ("比", ["1.5", "2"], "number"),
        ("客户", ["东方", "西方"], "text"),
        ("空", [None, None], "text"),
        ("是否含税", ["是", "否"], "boolean"),
    ],
)
def test_proposal(header: str, cells: list[str | None], expected: str) -> None:
    assert propose_type(header, cells).type == expected
