"""What people read on the terminal has Chinese words: help of commands and options, and the errors that they meet most."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).resolve().parents[2] / "src" / "taihu"
# Where mistakes in a project's files, in commands and in names are told.
MODULES = ("cli/*.py", "project/**/*.py", "manifest/*.py", "ledger/*.py", "guard/roles.py", "guard/secrets.py", "guard/keys.py")
MODULES += ("run/waiving.py", "run/uploading.py", "run/troubles.py", "run/portals.py", "collect/*.py")
KINDS = ("UsageError", "NotFound")
WHERE_MANIFESTS_ARE_READ = ("project/", "manifest/", "guard/")


def help_without_chinese() -> list[str]:
    """Help texts that have no Chinese."""
    import typer.main

    from taihu.cli.help_words import without_chinese
    from taihu.cli.main import app

    root: Any = typer.main.get_command(app)
    return without_chinese(root)


def errors_without_chinese() -> list[str]:
    """Sentences of errors that have no Chinese, each with its file."""
    from taihu.cli.error_words import in_chinese

    missing = []
    for path in sorted({path for pattern in MODULES for path in SOURCES.glob(pattern)}):
        name = path.relative_to(SOURCES).as_posix()
        for sentence in sentences(ast.parse(path.read_text(encoding="utf-8")), name):
            filled = [sentence.replace("{}", "x"), *(sentence.replace("{}", noun, 1).replace("{}", "x") for noun in ("hold", "arrival"))]
            if all(in_chinese(one) == one for one in filled):
                missing.append(f"{name}: {sentence}")
    return missing


def sentences(tree: ast.AST, name: str) -> Iterator[str]:
    """What and fix of every error that is raised in a module, with ``{}`` for what is filled in."""
    kinds = (*KINDS, "ManifestError") if name.startswith(WHERE_MANIFESTS_ARE_READ) else KINDS
    fixes = True
    if name.startswith("collect/"):
        # A run tells what went wrong with a source; what to do follows from its reason.
        kinds, fixes = (*kinds, "ManifestError", "AccessRefused", "TransientError"), False
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
            parts = [*node.args[:1], *(keyword.value for keyword in node.keywords if fixes and keyword.arg == "fix")]
            yield from (text for text in map(_template, parts) if text and re.search(r"[A-Za-z]{2}", text.replace("{}", "")))


def _template(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return ""
