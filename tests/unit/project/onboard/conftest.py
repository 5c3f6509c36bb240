"""A project with nothing in it but its name, and the files of the simulated company and of real senders to put into it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from taihu.core.progress import Quiet
from taihu.demo.writers import ZIP_PASSWORDS
from taihu.manifest.source import SourceFile
from taihu.manifest.strict import parse
from taihu.project.load import load_tree
from taihu.project.onboard import Proposed, Ready, Wish, propose

REAL = Path(__file__).parents[5] / "shared" / "real-data" / "cn-statements" / "example"
PASSWORDS = tuple(ZIP_PASSWORDS.values())
PROJECT = "name: company\ntitle: {zh: 公司, en: Company}\nentities:\n  main: {currency: CNY}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    project = tmp_path / "company"
    (project / "inbox").mkdir(parents=True)
    (project / "taihu.yml").write_text(PROJECT, encoding="utf-8")
    return project


def put(root: Path, name: str, content: bytes) -> Path:
    path = root / "inbox" / name
    path.write_bytes(content)
    return path


def proposed(root: Path, place: Path | None = None, passwords: Sequence[str] = PASSWORDS, **wish: object) -> Proposed:
    told = Wish(passwords=tuple(passwords), references=("env:ZIP_PASSWORD",), **wish)  # type: ignore[arg-type]
    return propose(place or root / "inbox", load_tree(root), root, told, Quiet())


def source_of(ready: Ready) -> SourceFile:
    """The proposed contract, as its text says it."""
    (text,) = (content.decode() for name, content in ready.files.items() if name.endswith("/source.yml"))
    return parse(SourceFile, text, "source.yml")
