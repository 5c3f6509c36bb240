"""Watermarks, patterns of names, cursors, the registry."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contract.connector.contract import NOW, Clear, source_file

from taihu.collect import connector
from taihu.collect.database import earlier
from taihu.collect.drop import DropOptions, FileSeen, Versions, finished
from taihu.collect.hosts import is_this_machine
from taihu.collect.interface import Connector, Surroundings
from taihu.collect.mail_items import Envelope
from taihu.collect.mail_rules import like
from taihu.collect.mailbox import Position, _batches, _parse_cursor
from taihu.collect.registry import CONNECTORS
from taihu.collect.upload import UploadConnector, handed_in
from taihu.core.clock import FixedClock
from taihu.core.errors import NotFound, TerminalError
from taihu.manifest.tree import Source

DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("written", "before"),
    [
        ("2026-09-15 08:30:00", "2026-09-14 08:30:00"),
        ("2026-09-15T08:30:00Z", "2026-09-14T08:30:00Z"),
        ("2026-09-15T08:30:00.123", "2026-09-14T08:30:00.123"),
        ("2026-09-15 08:30:00.123456+08:00", "2026-09-14 08:30:00.123456+08:00"),
        ("2026-09-01", "2026-08-31"),
        ("1757900000", "1757813600"),
    ],
)
def test_a_watermark_moves_back_in_its_own_writing(written: str, before: str) -> None:
    assert earlier(written, DAY, "") == before


def test_a_watermark_that_is_no_time_is_told() -> None:
    with pytest.raises(TerminalError, match="not a time"):
        earlier("gestern", DAY, "sources/x/source.yml")


@given(
    st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1)),
    st.sampled_from([" ", "T"]),
    st.sampled_from(["seconds", "milliseconds", "microseconds"]),
)
def test_moved_watermarks_sort_before(instant: dt.datetime, separator: str, precision: str) -> None:
    written = instant.isoformat(separator, precision)
    moved = earlier(written, DAY, "")
    assert moved < written
    assert len(moved) == len(written)


def test_every_connector_is_there() -> None:
    for via in CONNECTORS:
        assert issubclass(connector(via), Connector)
    with pytest.raises(NotFound, match="fax"):
        connector("fax")


def test_markers_and_patterns() -> None:
    def seen(name: str, modified: int = 0) -> FileSeen:
        return FileSeen(name, 1, modified, NOW)

    waiting: list[str] = []
    entries = [seen("b.CSV", 5), seen("b.CSV.ok", 5), seen("a.csv", 3), seen("a.csv.ok", 2), seen("c.csv"), seen("x.txt"), seen("x.txt.ok")]
    found = finished(entries, DropOptions(pattern="*.csv", marker=".ok"), waiting)
    assert [entry.name for entry in found] == ["b.CSV"]
    assert sorted(waiting) == ["a.csv", "c.csv"]


def test_versions_that_are_gone_leave_the_cursor() -> None:
    first = Versions(None)
    first.done("a")
    first.done("b")
    second = Versions(first.text())
    assert second.seen_before("a")
    assert not second.seen_before("c")
    assert second.text() == "a"
    assert Versions(None).text() is None


@pytest.mark.parametrize(
    ("cursor", "parsed"),
    [
        (None, {}),
        ("rubbish", {}),
        ("rule", {}),
        ("other a:7:12", {}),
        ("rule a:7:12 b:8:0:1,2", {"a": Position(7, 12), "b": Position(8, 0, {1, 2})}),
    ],
)
def test_mail_cursors(cursor: str | None, parsed: dict[str, Position]) -> None:
    assert _parse_cursor(cursor, "rule") == parsed


def test_mails_come_in_batches_of_bounded_number_and_size() -> None:
    def envelope(uid: int, size: int) -> Envelope:
        return Envelope(("INBOX", uid), size, None, "", "", "")

    assert [len(batch) for batch in _batches(envelope(n, 10) for n in range(120))] == [50, 50, 20]
    assert [len(batch) for batch in _batches(envelope(n, 9_000_000) for n in range(3))] == [1, 1, 1]


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [("A@B.example", "*@b.EXAMPLE", True), ("华东销售流向.XLSX", "*销售流向*.xls*", True), ("x.zip", "*.xls*", False), ("", "*", True)],
)
def test_rules(text: str, pattern: str, fits: bool) -> None:
    assert like(text, [pattern]) is fits


@pytest.mark.parametrize(
    ("host", "here"), [("127.0.0.1", True), ("localhost", True), ("::1", True), ("10.0.0.1", False), ("127.0.0.1.evil.example", False)]
)
def test_this_machine(host: str, here: bool) -> None:
    assert is_this_machine(host) is here


def test_an_upload_is_an_item(tmp_path: Path) -> None:
    file = tmp_path / "手工.xlsx"
    file.write_bytes(b"PK")
    uploads = UploadConnector(
        Source("u", "sources/u", source_file({"via": "upload"})), Surroundings(FixedClock(NOW), tmp_path, lambda _: Clear(""))
    )
    fetched = handed_in(file, FixedClock(NOW), who="lead")
    assert (fetched.item.name, fetched.content, fetched.item.meta["who"]) == ("手工.xlsx", b"PK", "lead")
    assert handed_in(file, FixedClock(NOW), who="lead").item.key == fetched.item.key
    assert list(uploads.discover(None, set())) == []
    with pytest.raises(NotFound):
        handed_in(tmp_path / "none.xlsx", FixedClock(NOW), who="lead")
