"""Engines that the contract runs on: one entry here is all that a further engine adds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taihu.engine.duckdb import DuckDBEngine
from taihu.engine.interface import Engine

ENGINES = {"duckdb": lambda folder: DuckDBEngine(memory_limit="200MB", threads=2, temp_directory=str(folder))}


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    made = ENGINES[request.param](tmp_path / "spill")
    yield made
    made.close()
