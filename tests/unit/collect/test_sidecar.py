"""Lists beside the files, in the forms that senders write, and what they say of rows and sums."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from taihu.collect.sidecar import Listed, ManifestOptions, find_listed, listed_by
from taihu.core.types import StatedBeside

MD5 = "d41d8cd98f00b204e9800998ecf8427e"
LIST: dict[str, Any] = {"file": "清单.*", "name": "文件名", "rows": "行数", "sums": {"金额合计": "金额"}}
RECORD = {"文件名": "a.csv", "行数": 120, "金额合计": "3,400.50", "md5": MD5}
ONE: dict[str, Any] = {"file": "*.ctl", "rows": "rows", "sums": {"amount": "金额"}}


@pytest.mark.parametrize(
    ("name", "text", "options", "line"),
    [
        ("清单.csv", f'序号,文件名,行数,金额合计,校验\n1,a.csv,120,"3,400.50",{MD5}\n', LIST, 2),
        ("清单.txt", f"月末清单\n\n文件名\t金额合计\t行数\t校验\n./a.csv\t3,400.50\t120\t{MD5}\n", LIST, 4),
        ("清单.txt", f"a.csv|120|3,400.50|{MD5}", {**LIST, "columns": ["文件名", "行数", "金额合计", "校验"]}, 1),
        ("清单.json", json.dumps([RECORD]), LIST, 1),
        ("清单.json", json.dumps({"date": "2026-09-30", "files": [RECORD]}), LIST, 1),
        ("清单.json", json.dumps({"a.csv": {key: value for key, value in RECORD.items() if key != "文件名"}}), LIST, 1),
        ("清单.jsonl", json.dumps(RECORD) + "\n" + json.dumps({**RECORD, "文件名": "b.csv"}), LIST, 1),
        ("a.csv.ctl", f"rows=120\namount = 3,400.50\nmd5: {MD5}\n", ONE, 1),
        ("a.ctl", f"# end of day\nrows：120\namount：3,400.50\nmd5：{MD5}", ONE, 1),
        ("a.ctl", json.dumps({"rows": 120, "amount": "3,400.50", "md5": MD5}), ONE, 1),
        ("a.ctl", f"rows,amount,md5\n120,\"3,400.50\",{MD5}", ONE, 2),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_forms(name: str, text: str, options: dict[str, Any], line: int, encoding: str) -> None:
    agreed = ManifestOptions.model_validate(options)
    rows, total = agreed.rows or "", next(iter(agreed.sums))
    stated = StatedBeside(f"{name}>{line}", (rows, "120"), {"金额": (total, "3,400.50")})
    found = find_listed(listed_by(text.encode(encoding), name, agreed), "a.csv")
    assert found == Listed(None, "md5", MD5, stated)
    assert StatedBeside.parse(stated.text()) == stated


def test_what_is_not_said_is_absent_and_what_is_half_written_waits() -> None:
    agreed = ManifestOptions.model_validate(LIST)
    text = "文件名,行数,金额合计\na.csv,,7\nb.csv,12\nc.csv,3,33".encode()
    found = listed_by(text, "清单.csv", agreed)
    assert found["a.csv"].stated == StatedBeside("清单.csv>2", ("行数", None), {"金额": ("金额合计", "7")})
    assert sorted(found) == ["a.csv", "c.csv"]
    # Somebody is writing it still: the last number may go on.
    assert sorted(listed_by(text, "清单.csv", agreed, is_whole=False)) == ["a.csv"]
    assert sorted(listed_by(text + b"\n", "清单.csv", agreed, is_whole=False)) == ["a.csv", "c.csv"]
    for text in (b"", b"[", b"{}", b"[1, 2]", "文件,行数\na.csv,1".encode(), b"\x00\x01"):
        assert listed_by(text, "清单.csv", agreed) == {}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"file": "*", "name": "文件名"}, "go with rows: or sums:"),
        ({**LIST, "columns": ["文件名", "行数"]}, "columns: does not name 金额合计"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ManifestOptions.model_validate(options)
