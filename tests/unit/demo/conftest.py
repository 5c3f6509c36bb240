from __future__ import annotations

from pathlib import Path

import pytest

from taihu.demo.truth import Truth
from taihu.demo.world import World

SEED = 7


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder: Path = tmp_path_factory.mktemp("world")
    return World(SEED, folder, faults=True, inbox=folder / "inbox")


@pytest.fixture(scope="session")
def truth(world: World) -> Truth:
    return Truth.from_json(world.truth())
