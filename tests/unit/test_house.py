"""The rules of the house, each as a test that fails when somebody breaks it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.house.pages import pages

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
HEAVY = (
    "duckdb",
    "pyarrow",
    "sqlglot",
    "sqlalchemy",
    "deltalake",
    "typst",
    "pydantic",
    "httpx",
    "asyncssh",
    "xlsxwriter",
    "pptx",
    "pygraphviz",
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "src").as_posix())
def test_module_is_at_most_600_lines_and_says_why(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 600
    if text.strip():
        assert text.lstrip().startswith('"""'), "a module opens with a paragraph of why"


def test_no_module_is_named_for_nothing() -> None:
    empty_nouns = {"utils", "helpers", "common", "misc", "manager", "util"}
    assert [path for path in SOURCES if path.stem in empty_nouns] == []


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['taihu', '--help']\nfrom taihu.cli.main import main\n"
        f"try: main()\nexcept SystemExit: pass\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT / "src", check=True)
    assert ran.stdout.strip().splitlines()[-1] == "[]"
    assert "run" in ran.stdout


def test_reference_pages_are_fresh() -> None:
    stale = [name for name, text in pages().items() if (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") != text]
    assert stale == [], "run ./do docs"


def test_every_news_fragment_has_a_known_kind() -> None:
    kinds = {"feature", "bugfix", "doc", "removal", "misc"}
    for path in (ROOT / "changelog.d").glob("*.md"):
        assert path.name.split(".")[-2] in kinds, path.name


def test_locks_name_no_address() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"https?://|--index-url|--find-links", text)
        assert text.count("--hash=sha256:") > 100


def test_decision_records_have_their_headings() -> None:
    for path in (ROOT / "docs" / "decisions").glob("*.md"):
        text = path.read_text(encoding="utf-8").lower()
        for heading in ("context", "options", "decision", "risk", "revisit"):
            assert heading in text, f"{path.name} lacks {heading}"
        assert re.match(r"\d{4}-\d{2}-\d{2}-", path.name)
