"""The folder connector over a real folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.contract.connector.contract import NOW, ConnectorContract, World, source_file

from taihu.core.errors import NotFound
from taihu.manifest.tree import Source


@dataclass
class FolderWorld(World):
    has_server: bool = False
    has_login: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def account(self) -> None:
        return None

    @property
    def source(self) -> Source:
        return Source("drop", "sources/drop", source_file({"via": "folder", "path": "inbox/drop", **self.more}))

    @property
    def folder(self) -> Path:
        folder = self.root / "inbox" / "drop"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def put(self, number: int) -> bytes:
        content = b"a,b\n%d,x\n" % number
        self.write(f"销售{number}.csv", content)
        return content

    def write(self, name: str, content: bytes, age: float = 3600) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        os.utime(path, (NOW.timestamp() - age, NOW.timestamp() - age))
        return path


class TestFolder(ConnectorContract):
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
        world.write("a.xlsx", b"PK\x03\x04 cut off", age=3600)
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
