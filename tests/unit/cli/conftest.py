"""Whatever language a test chose, the next one begins in English."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from taihu.cli import console


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    console.choose_language("en")
    yield
    console.choose_language("en")
