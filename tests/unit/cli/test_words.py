"""Help and errors in Chinese: complete, and never a sentence taken for another one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from tests.e2e.commands import taihu
from tests.house.words import errors_without_chinese, help_without_chinese, sentences
from tests.unit.run.conftest import Shop, shop

from taihu.cli.error_words import ERRORS, error_in_chinese, in_chinese
from taihu.core.errors import ManifestError, UsageError

__all__ = ["shop"]


def test_every_help_text_and_every_common_error_has_chinese() -> None:
    assert (help_without_chinese(), errors_without_chinese()) == ([], [])


def test_an_error_without_chinese_is_found() -> None:
    code = "raise UsageError(f'there is no {what} in {place}', where=place, fix='look elsewhere')\nraise ManifestError('odd')"
    assert list(sentences(ast.parse(code), "run/x.py")) == ["there is no {} in {}", "look elsewhere"]
    assert list(sentences(ast.parse(code), "manifest/x.py"))[-1] == "odd"


@pytest.mark.parametrize("english", ERRORS)
def test_what_is_filled_in_is_kept(english: str) -> None:
    count = english.count("{}")
    words = [f"'w{number}'" for number in range(count)]
    chinese = in_chinese(english.format(*words))
    assert all(word in chinese for word in words) and chinese == ERRORS[english].format(*words)


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("there is no source 'sale'", "没有来源 'sale'"),
        ("unknown key 'lod', did you mean 'load'?", "不认识的键 'lod'，是否指 'load'？"),
        (
            "columns.net_amount.type: unknown value 'mony', did you mean 'money'?",
            "columns.net_amount.type：不认识的值 'mony'，是否指 'money'？",
        ),
        ("unknown reference source 'dealers', did you mean 'sales'?", "不认识的参考来源 'dealers'，是否指 'sales'？"),
        ("east may not waive", "east 无权豁免"),
        ("the folder may not be read", "无权读取文件夹"),
        ("the moon may not be eaten", "the moon may not be eaten"),
        ("a sentence {that} nobody knows %s", "a sentence {that} nobody knows %s"),
    ],
)
def test_sentences(english: str, chinese: str) -> None:
    assert in_chinese(english) == chinese


def test_an_error_with_place_and_remedy() -> None:
    assert error_in_chinese(ManifestError("key 'owner' is missing", where="source.yml:1")) == "source.yml:1：缺少键 'owner'"
    assert error_in_chinese(UsageError("there is no source 'x'", fix="sources: a, b")) == "没有来源 'x'\n  已有来源：a, b"


def test_the_command_line_speaks_chinese(shop: Shop, tmp_path: Path) -> None:
    told = taihu("status", "-p", str(shop.root), "--source", "nix", "--lang", "zh")
    assert told.code == 2 and "错误：没有来源 'nix'\n  已有来源：" in told.said
    assert "不是项目" in taihu("run", "-p", str(tmp_path), "--lang", "zh").said
    assert "there is no source" in taihu("status", "-p", str(shop.root), "--source", "nix", "--lang", "en").said
    helped = taihu("--lang", "zh", "waive", "--help").said
    assert "第一个业务日" in helped and "First business day" not in helped
    assert "First business day" in taihu("--lang", "en", "waive", "--help").said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["read", "MISSING"], "错误：'files' 的值不对：路径 'MISSING' 不存在"),
        (["status", "--dayz", "3"], "错误：没有选项 --dayz，是否指 --days？"),
        (["status", "--days", "x"], "错误：'--days' 的值不对：应为整数"),
        ([], "错误：缺少命令"),
    ],
)
def test_the_argument_parser_speaks_chinese(arguments: list[str], told: str) -> None:
    said = taihu("--lang", "zh", *arguments)
    assert said.code == 2 and told in said.said and "用法：taihu" in said.said
    assert not any(word in said.said for word in ("Usage", "Error", "Try", "错误：错误"))


def test_only_commands_that_exist_are_named() -> None:
    import re

    import typer.main

    from taihu.cli.main import app

    root = Path(__file__).resolve().parents[3]
    known = set(getattr(typer.main.get_command(app), "commands", {}))
    texts = [
        node.value
        for path in (root / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value
    ]
    pages = [*(root / "docs").glob("*.md"), root / "README.md", root / "CONTRIBUTING.md"]
    named = {name for text in texts for name in re.findall(r"\btaihu ([a-z]+)\b", text)} - {"inside", "again"}
    named |= {name for page in pages for name in re.findall(r"`taihu ([a-z]+)\b", page.read_text(encoding="utf-8"))}
    assert named - known == set() and len(named) > 10
