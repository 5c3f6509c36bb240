"""The folder connector over a real folder."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.contract.connector.contract import source_file
from tests.contract.connector.drop_contract import DropContract, DropWorld

from taihu.core.errors import NotFound
from taihu.manifest.tree import Source


@dataclass
class FolderWorld(DropWorld):
    has_server: bool = False
    has_login: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def account(self) -> None:
        return None

    @property
    def source(self) -> Source:
        return Source("drop", "sources/drop", source_file({"via": "folder", "path": self.path, **self.more}))

    @property
    def path(self) -> str:
        return "inbox/drop"

    @property
    def folder(self) -> Path:
        folder = self.root / "inbox" / "drop"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def write(self, name: str, content: bytes, age: float = 3600) -> Path:
        self.deliver(name, content, age)
        return self.folder / name


class TestFolder(DropContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> Iterator[FolderWorld]:
        yield FolderWorld(tmp_path)

    def test_touching_is_nothing_new_and_changing_is_a_new_version(self, world: FolderWorld) -> None:
        path = world.write("a.csv", b"a,b\n1,2\n")
        world.run()
        path.touch()
        assert world.run() == []
        world.write("a.csv", b"a,b\n1,3\n")
        assert [each.content for each in world.run()] == [b"a,b\n1,3\n"]

    def test_a_late_file_with_an_old_date_is_found(self, world: FolderWorld) -> None:
        world.write("new.csv", b"a,b\n1,2\n", age=60)
        world.run()
        world.write("old.csv", b"a,b\n3,4\n", age=90 * 86400)
        assert [each.item.name for each in world.run()] == ["old.csv"]

    def test_unfinished_and_hidden_names_do_not_count(self, world: FolderWorld) -> None:
        for name in ("a.csv.part", ".b.csv", "~$c.xlsx", "d.csv.tmp", "E.CSV"):
            world.write(name, b"a,b\n1,2\n")
        world.more = {"pattern": "*.csv"}
        assert [each.item.name for each in world.run()] == ["E.CSV"]

    def test_without_its_marker_a_file_waits(self, world: FolderWorld) -> None:
        world.more = {"marker": ".ok"}
        world.write("a.csv", b"a,b\n1,")
        with world.connections() as connections:
            connector = connections.open(world.source)
            assert list(connector.discover(None, set())) == []
            assert connector.waiting() == ["a.csv"]
        world.write("a.csv", b"a,b\n1,2\n")
        world.write("a.csv.ok", b"")
        assert [each.content for each in world.run()] == [b"a,b\n1,2\n"]
        world.write("a.csv", b"a,b\n1,2\n3", age=100)
        assert world.run() == [], "the marker belongs to the version before"
        world.write("a.csv.ok", b"", age=50)
        assert [each.content for each in world.run()] == [b"a,b\n1,2\n3"]

    def test_a_workbook_that_is_still_being_written_waits_and_is_taken_when_it_stays_so(self, world: FolderWorld) -> None:
        world.write("a.xlsx", b"PK\x03\x04 cut off", age=10)
        assert world.run() == []
        world.write("a.xlsx", b"PK\x03\x04 cut off", age=4000)
        assert len(world.run()) == 1, "an old file that does not close is damaged: the reader shall say so"

    def test_one_file_may_be_named(self, world: FolderWorld) -> None:
        world.put(1)
        file = source_file({"via": "folder", "path": "inbox/drop/销售1.csv"})
        with world.connections() as connections:
            connector = connections.open(Source("one", "sources/one", file))
            assert [connector.fetch(item).content for item in connector.discover(None, set())] == [b"a,b\n1,x\n"]

    def test_a_missing_folder_is_told(self, world: FolderWorld) -> None:
        with pytest.raises(NotFound, match="folder"):
            world.run()

    def test_what_was_changed_just_now_must_settle(self, world: DropWorld) -> None:
        """On Linux the kernel knows whether anybody has the file open for writing, so nobody waits for a file that was just saved."""
        path = world.folder / "a.csv"
        with path.open("wb") as file:
            file.write(b"a,b\n1,")
            file.flush()
            assert (world.names(), world.waiting()) == ([], ["a.csv"])
            file.write(b"2\n")
        if sys.platform != "linux":
            world.clock.move_to(world.clock.now() + dt.timedelta(minutes=6))
        assert [each.content for each in world.run()] == [b"a,b\n1,2\n"]

    def test_asking_who_writes_harms_nobody(self, world: FolderWorld) -> None:
        """When a writer opens the file in the moment of asking, the kernel sends a signal to who asked; it must not end the process."""
        path = world.write("a.csv", b"a,b\n")
        asking = "import sys, pathlib\nfrom taihu.collect.folder import _has_no_writer as ask\n"
        asking += "for _ in range(8000): ask(pathlib.Path(sys.argv[1]))"
        asks = subprocess.Popen([sys.executable, "-c", asking, str(path)])
        while asks.poll() is None:
            with path.open("ab") as file:
                file.write(b"x")
        assert asks.returncode == 0
