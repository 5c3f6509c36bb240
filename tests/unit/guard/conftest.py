"""A keyring with a known root, so that a failing test fails the same way again."""

from __future__ import annotations

from pathlib import Path

import pytest

from taihu.guard.keys import Keyring


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.create(tmp_path / "keys", root=bytes(range(32)))
