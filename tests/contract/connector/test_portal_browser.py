"""The portal connector with the browser engine: the same promises, kept by the system's Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
from tests.contract.connector.contract import ConnectorContract
from tests.contract.connector.test_portal import PortalWorld
from tests.servers.browser import keep_browser

from taihu.manifest.portal import PortalFile


@dataclass
class BrowserPortalWorld(PortalWorld):
    cannot_meet: ClassVar[dict[str, str]] = {"tls_abort": "a browser trusts the system's certificates only, and the proxy's is not one"}

    def recipe(self) -> PortalFile:
        return super().recipe().model_copy(update={"engine": "browser"})


@pytest.fixture(scope="module", autouse=True)
def browser() -> Iterator[None]:
    yield from keep_browser("127.0.0.1")


class TestPortalInABrowser(ConnectorContract):
    sampled_faults: ClassVar[tuple[str, ...]] = ("truncated",)

    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[BrowserPortalWorld]:
        world = BrowserPortalWorld(tmp_path)
        world.server.start()
        yield world
        world.server.stop()

    @pytest.mark.parametrize("seed", [0])
    def test_crashes_anywhere_lose_nothing_and_double_nothing(self, world: BrowserPortalWorld, seed: int) -> None:
        super().test_crashes_anywhere_lose_nothing_and_double_nothing(world, seed)

    def test_a_session_that_ends_in_the_middle_is_renewed(self, world: BrowserPortalWorld) -> None:
        world.server.session_requests = 3
        contents = [world.put(n) for n in range(5)]
        assert [each.content for each in world.run()] == contents
        assert world.server.logins > 1
        assert world.server.refused_logins == 0
