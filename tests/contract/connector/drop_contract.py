"""What every file drop promises beside the contract of connectors: which files count, when they are finished, what is refused."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.contract.connector.contract import ConnectorContract, World, source_file

from taihu.collect.interface import MOST_BYTES
from taihu.core.clock import FixedClock
from taihu.core.errors import AccessRefused, ContentRefused, NotFound
from taihu.core.types import StatedBeside
from taihu.manifest.tree import Source


def workbook() -> bytes:
    """A small archive with a proper end, as workbooks have."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>" * 50)
    return file.getvalue()


@dataclass
class DropWorld(World):
    """A drop whose files lie in a folder of this machine behind a server.

    Attributes:
        more: Options of the source beside ``path``.
        waits: Without a marker, a file that was changed just now waits.
        settled_age: A file of this age (seconds) has settled, and is not yet so old that it must be damaged.
    """

    clock: FixedClock = field(default_factory=lambda: FixedClock(dt.datetime.now(dt.UTC)))
    more: dict[str, Any] = field(default_factory=lambda: {"pattern": "*.csv", "marker": ".ok"})
    waits: bool = True
    settled_age: float = 600

    via = ""

    @property
    def folder(self) -> Path:
        """Where the files of the source lie."""
        raise NotImplementedError

    @property
    def path(self) -> str:
        """What the source names."""
        return "库存"

    @property
    def source(self) -> Source:
        return Source("drop", "sources/drop", source_file({"via": self.via, "account": "account", "path": self.path, **self.more}))

    def put(self, number: int) -> bytes:
        content = b"a,b\n%d,x\n" % number
        age = 9000 - 600 * number
        self.deliver(f"销售{number}.csv", content, age)
        if self.more.get("marker"):
            self.deliver(f"销售{number}.csv{self.more['marker']}", b"", age)
        return content

    def deliver(self, name: str, content: bytes, age: float = 3600) -> None:
        """Let a file be there that was changed so many seconds ago."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        then = dt.datetime.now().timestamp() - age
        os.utime(target, (then, then))

    def deliver_huge(self, name: str) -> None:
        """Let a file be there that is larger than what is taken."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            file.truncate(MOST_BYTES + 1)
        os.utime(target, (1_700_000_000, 1_700_000_000))

    def names(self) -> list[str]:
        """What a run collects, by name."""
        return sorted(each.item.name for each in self.run())

    def waiting(self) -> list[str]:
        """What a run leaves for later."""
        with self.connections() as connections:
            connector = connections.open(self.source)
            list(connector.discover(self.cursor, self.known))
            return sorted(connector.waiting())


class DropContract(ConnectorContract):
    """Inherit it instead of ``ConnectorContract``."""

    def test_a_file_waits_for_its_marker(self, world: DropWorld) -> None:
        world.more = {"pattern": "*.csv", "marker": ".ok"}
        world.deliver("a.csv", b"a,b\n1,")
        world.deliver("b.csv.ok", b"")
        assert world.names() == []
        assert world.waiting() == ["a.csv"]
        world.deliver("a.csv.ok", b"")
        assert world.names() == ["a.csv"]

    def test_a_changed_file_is_a_new_version_and_an_old_date_is_found(self, world: DropWorld) -> None:
        world.more = {"pattern": "*.csv", "marker": ".ok"}
        world.put(1)
        world.run()
        world.deliver("销售1.csv", b"a,b\n9,9,9\n", 60)
        world.deliver("销售1.csv.ok", b"", 60)
        world.deliver("old.csv", b"a,b\n0,0\n", 90 * 86400)
        world.deliver("old.csv.ok", b"", 90 * 86400)
        assert sorted(each.content for each in world.run()) == [b"a,b\n0,0\n", b"a,b\n9,9,9\n"]

    def test_names_and_subfolders(self, world: DropWorld) -> None:
        world.more = {"pattern": "*.csv"}
        names = ("a.csv", "a.csv.part", "~$b.csv", ".c.csv", "d.txt", "E.CSV", "一月/a 1.csv", "一月/深/b.csv", "一月/深/b.csv.filepart")
        for name in names:
            world.deliver(name, name.encode(), 7200)
        assert world.names() == ["E.CSV", "a.csv"]
        world.more = {"pattern": "*.csv", "subfolders": True}
        found = {each.item.meta["path"].removeprefix(world.path + "/"): each.content for each in world.run()}
        assert found == {name: name.encode() for name in ("一月/a 1.csv", "一月/深/b.csv")}

    def test_what_has_no_end_is_still_being_written(self, world: DropWorld) -> None:
        world.more = {}
        world.deliver("cut.xlsx", workbook()[:-30], world.settled_age)
        world.deliver("whole.xlsx", workbook(), world.settled_age)
        world.deliver("damaged.xlsx", workbook()[:-30], 2 * 86400)
        took = world.names()
        assert took == (["damaged.xlsx", "whole.xlsx"] if world.waits else ["cut.xlsx", "damaged.xlsx", "whole.xlsx"])
        if world.waits:
            assert world.waiting() == ["cut.xlsx"], "after hours it is damaged, and the reader says so"

    def test_what_was_changed_just_now_must_settle(self, world: DropWorld) -> None:
        world.more = {}
        world.deliver("fresh.csv", b"a,b\n1,2\n", 5)
        if not world.waits:
            assert world.names() == ["fresh.csv"]
            return
        assert (world.names(), world.waiting()) == ([], ["fresh.csv"])
        world.clock.move_to(world.clock.now() + dt.timedelta(minutes=6))
        assert world.names() == ["fresh.csv"]
        world.more = {"settle": "0 minutes"}
        world.deliver("trusted.csv", b"a,b\n1,2\n", 5)
        assert world.names() == ["trusted.csv"]

    def test_a_manifest_says_what_is_whole(self, world: DropWorld) -> None:
        world.more = {"manifest": {"file": "*.manifest"}, "subfolders": True}
        whole, cut, wrong = b"a,b\n1,2\n", b"a,b\n3,4\n", b"a,b\n5,6\n"
        world.deliver("whole 1.csv", whole, 5)
        world.deliver("cut.csv", cut[:-3], 5)
        world.deliver("wrong.csv", wrong, 5)
        world.deliver("below/md5.csv", whole, 5)
        world.deliver("unlisted.csv", whole, 90000)
        lines = [
            f"whole 1.csv,{len(whole)},{hashlib.sha256(whole).hexdigest()}",
            f"cut.csv,{len(cut)},{hashlib.sha256(cut).hexdigest()}",
            f"wrong.csv,{len(wrong)},{hashlib.sha256(whole).hexdigest()}",
        ]
        world.deliver("day.manifest", "\n".join(lines).encode(), 5)
        world.deliver("below/x.manifest", f"{hashlib.md5(whole, usedforsecurity=False).hexdigest()} *md5.csv\n".encode(), 5)
        with world.connections() as connections:
            connector = connections.open(world.source)
            items = {item.name: item for item in connector.discover(None, set())}
            assert sorted(items) == ["md5.csv", "whole 1.csv", "wrong.csv"]
            assert sorted(connector.waiting()) == ["cut.csv", "unlisted.csv"]
            assert [connector.fetch(items[name]).content for name in ("md5.csv", "whole 1.csv")] == [whole, whole]
            with pytest.raises(ContentRefused) as caught:
                connector.fetch(items["wrong.csv"])
            assert caught.value.reason == "manifest_disagrees"
        world.deliver("cut.csv", cut, 5)
        assert "cut.csv" in [item.name for item in connections.open(world.source).discover(None, set())]

    def test_what_a_list_states_of_the_rows_goes_with_the_file(self, world: DropWorld) -> None:
        world.more = {"pattern": "*.csv", "manifest": {"file": "清单*.csv", "name": "文件", "rows": "行数", "sums": {"合计": "a"}}}
        world.deliver("listed.csv", b"a,b\n1,2\n", 5)
        world.deliver("later.csv", b"a,b\n3,4\n", 5)
        world.deliver("清单1.csv", "文件,行数,合计\nlisted.csv,1,1\n".encode(), 5)
        with world.connections() as connections:
            connector = connections.open(world.source)
            (item,) = connector.discover(None, set())
            stated = StatedBeside("清单1.csv>2", ("行数", "1"), {"a": ("合计", "1")})
            assert (item.name, StatedBeside.parse(item.meta["stated"])) == ("listed.csv", stated)
            assert connector.fetch(item).item.meta == item.meta
            assert connector.waiting() == ["later.csv"]

    def test_what_is_too_large_is_refused_without_a_download(self, world: DropWorld) -> None:
        world.more = {}
        world.deliver_huge("huge.csv")
        with world.connections() as connections:
            connector = connections.open(world.source)
            (item,) = connector.discover(None, set())
            with pytest.raises(ContentRefused) as caught:
                connector.fetch(item)
            assert caught.value.reason == "too_large"

    def test_a_large_file_comes_piece_by_piece(self, world: DropWorld, monkeypatch: pytest.MonkeyPatch) -> None:
        world.more = {"pattern": "*.csv", "marker": ".ok"}
        monkeypatch.setattr("taihu.collect.drop_connector.HELD_BYTES", 100_000)
        content = os.urandom(1_500_000)
        world.deliver("large.csv", content)
        world.deliver("large.csv.ok", b"")
        with world.connections() as connections:
            connector = connections.open(world.source)
            (item,) = connector.discover(None, set())
            fetched = connector.fetch(item)
            assert fetched.write is not None and not fetched.content
            for _ in range(2):
                sink = io.BytesIO()
                fetched.write(sink)
                assert sink.getvalue() == content
            assert connector.cursor()

    def test_a_folder_that_is_not_there_is_told(self, world: DropWorld) -> None:
        world.put(0)
        source = world.source
        object.__setattr__(source.file.collect, "__pydantic_extra__", {**source.file.collect.options, "path": self.absent(world)})
        with world.connections() as connections, pytest.raises(NotFound):
            list(connections.open(source).discover(None, set()))

    def absent(self, world: DropWorld) -> str:
        return f"{world.path}/无"

    def test_a_file_that_may_not_be_read_does_not_stop_the_others(self, world: DropWorld) -> None:
        self.forbid(world)
        with world.connections() as connections:
            connector = connections.open(world.source)
            items = {item.name: item for item in connector.discover(None, set())}
            assert sorted(items) == ["a.csv", "b.csv"]
            assert connector.fetch(items["a.csv"]).content == b"a"
            with pytest.raises((ContentRefused, NotFound)) as caught:
                connector.fetch(items["b.csv"])
            assert not isinstance(caught.value, AccessRefused)

    def forbid(self, world: DropWorld) -> None:
        """Two files with markers, of which the second cannot be read."""
        pytest.skip("the server of this test may read everything")
