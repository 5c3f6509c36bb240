"""Manifests, names, listings of FTP servers, addresses of buckets, ends of files: the small parts of file drops."""

from __future__ import annotations

import datetime as dt
import io
import random
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contract.connector.contract import NOW

from taihu.collect.completeness import ContentCheck
from taihu.collect.drop import DropOptions, FileSeen, Versions
from taihu.collect.ftp_listing import from_list, from_mlsd
from taihu.collect.remote_names import bytes_of, name_of, path_of, ways_to_write
from taihu.collect.s3 import address_of
from taihu.collect.sftp_protocol import PIECE, SftpProtocol, SftpStatus
from taihu.collect.sidecar import Listed, ManifestOptions, listed_by, manifest_name
from taihu.core.errors import ContentRefused
from taihu.formats.closes import end_closes

HASHES = ManifestOptions(file="*.md5")
MD5, SHA = "d41d8cd98f00b204e9800998ecf8427e", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("line", "name", "listed"),
    [
        (f"{MD5}  销售 1.csv", "销售 1.csv", Listed(None, "md5", MD5)),
        (f"{SHA.upper()} *./a.csv", "a.csv", Listed(None, "sha256", SHA)),
        (f"a.csv,123,{MD5}", "a.csv", Listed(123, "md5", MD5)),
        (f'"a b.csv"|{SHA}|7', "a b.csv", Listed(7, "sha256", SHA)),
        ("a.csv\t0", "a.csv", Listed(0, "", "")),
        ("a.csv 12", "a.csv", Listed(12, "", "")),
        ("below\\a.csv;12", "below/a.csv", Listed(12, "", "")),
    ],
)
def test_lines_of_manifests(line: str, name: str, listed: Listed) -> None:
    for text in (line, f"file,size,hash\n{line}\r\n", f"\ufeff{line}"):
        assert listed_by(text.encode(), "a.md5", HASHES)[name] == listed
    assert listed_by(line.encode("gb18030"), "a.md5", HASHES)[name] == listed


@pytest.mark.parametrize("line", ["", "a.csv", f"a.csv {MD5[:-1]}", MD5, "file;size", "a.csv,12x"])
def test_lines_that_prove_nothing_are_left_out(line: str) -> None:
    assert listed_by(line.encode(), "a.md5", HASHES) == {}


def test_a_manifest_speaks_for_its_own_folder() -> None:
    assert manifest_name("day/x.md5", "a.csv") == "day/a.csv"
    assert manifest_name("x.md5", "below/a.csv") == "below/a.csv"


def test_what_is_watched_stays_in_the_cursor_until_it_is_done() -> None:
    first = Versions(None)
    since = first.first_seen("aa", NOW)
    again = Versions(first.text())
    assert since == again.first_seen("aa", NOW + dt.timedelta(minutes=4)) == NOW
    assert again.text() == first.text(), "a wait does not begin anew"
    done = Versions(again.text())
    done.first_seen("aa", NOW)
    done.done("aa")
    assert done.text() == "aa"
    assert Versions(again.text()).text() is None, "what is gone is forgotten"


def test_a_settle_window_is_a_duration() -> None:
    with pytest.raises(ValueError, match="duration"):
        DropOptions(settle="bald")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_names_are_read_as_they_were_written(name: str) -> None:
    assert name_of(name.encode()) == name
    assert name.encode() in ways_to_write(name)


@given(st.binary())
def test_a_path_keeps_its_bytes(raw: bytes) -> None:
    assert bytes_of(path_of(raw)) == raw
    assert name_of(raw).encode("utf-8", "strict") is not None


def test_names_in_gbk() -> None:
    assert name_of("流向销售.csv".encode("gbk")) == "流向销售.csv"
    assert name_of(b"\xff\xfe.csv") == "\\xff\\xfe.csv"


LISTS = [
    ("-rw-r--r--    1 1000     1000          123 Nov 24 02:07 a b.csv", ("a b.csv", 123, False, None)),
    ("-rw-r--r-- 1 ftp ftp 5 Mar  3  2024 x", ("x", 5, False, dt.datetime(2024, 3, 3, tzinfo=dt.UTC))),
    ("-rw-r--r-- 1 ftp 5 3 Mar 2024 x", ("x", 5, False, dt.datetime(2024, 3, 3, tzinfo=dt.UTC))),
    ("drwxr-xr-x+ 2 u g 4096 2024-03-03 09:15 out", ("out", 4096, True, dt.datetime(2024, 3, 3, 9, 15, tzinfo=dt.UTC))),
    ("-rw-r--r-- 1 u g 9 Nov 24 02:07  leading", (" leading", 9, False, None)),
    ("03-05-24  09:15PM       <DIR>          out", ("out", 0, True, dt.datetime(2024, 3, 5, 21, 15, tzinfo=dt.UTC))),
    ("03-05-2024  21:15       1,234 a.csv", ("a.csv", 1234, False, dt.datetime(2024, 3, 5, 21, 15, tzinfo=dt.UTC))),
]


@pytest.mark.parametrize(("line", "entry"), LISTS)
def test_lines_of_list(line: str, entry: tuple[str, int, bool, dt.datetime | None]) -> None:
    (found,) = from_list([line])
    assert (found.name, found.size, found.is_folder, found.modified_at) == entry


def test_what_is_no_file_is_left_out() -> None:
    link = "lrwxrwxrwx 1 u g 9 Nov 24 02:07 link -> /etc/passwd"
    assert (
        from_list(["total 12", link, "drwxr-xr-x 2 u g 4096 Nov 24 02:07 .", "", "rubbish", "crw-rw-rw- 1 u g 1, 3 Nov 24 02:07 null"])
        == []
    )


def test_lines_of_mlsd() -> None:
    lines = [
        "type=cdir;modify=20260101000000; .",
        "Type=file;Size=12;Modify=20260915003000.123;UNIX.mode=0644; a; b.csv",
        "type=dir;modify=20260101000000; out",
        "type=OS.unix=slink:/etc;size=1; link",
        "type=file;size=; empty time.csv",
    ]
    found = [(each.name, each.size, each.is_folder, each.modified_at) for each in from_mlsd(lines)]
    assert found == [
        ("a; b.csv", 12, False, dt.datetime(2026, 9, 15, 0, 30, tzinfo=dt.UTC)),
        ("out", 0, True, dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        ("empty time.csv", 0, False, None),
    ]


@pytest.mark.parametrize(
    ("url", "address", "in_host", "region"),
    [
        ("https://oss-cn-hangzhou.aliyuncs.com", "https://b.oss-cn-hangzhou.aliyuncs.com", True, "oss-cn-hangzhou"),
        ("https://oss-cn-hangzhou-internal.aliyuncs.com", "https://b.oss-cn-hangzhou-internal.aliyuncs.com", True, "oss-cn-hangzhou"),
        ("https://s3.oss-cn-beijing.aliyuncs.com", "https://b.s3.oss-cn-beijing.aliyuncs.com", True, "oss-cn-beijing"),
        ("https://cos.ap-guangzhou.myqcloud.com", "https://b.cos.ap-guangzhou.myqcloud.com", True, "ap-guangzhou"),
        ("https://s3.cn-north-1.amazonaws.com.cn", "https://b.s3.cn-north-1.amazonaws.com.cn", True, "cn-north-1"),
        ("https://{bucket}.cos.ap-guangzhou.myqcloud.com/", "https://b.cos.ap-guangzhou.myqcloud.com", True, "ap-guangzhou"),
        ("https://{bucket}.store.example:9000", "https://b.store.example:9000", True, ""),
        ("https://minio.company-a.example:9000/", "https://minio.company-a.example:9000", False, ""),
    ],
)
def test_where_a_bucket_is(url: str, address: str, in_host: bool, region: str) -> None:
    assert address_of(url, "b") == (address, in_host, region)


def test_the_end_of_a_large_file() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(20):
            archive.writestr(f"{number}.csv", random.Random(number).randbytes(20_000))
    content = file.getvalue()
    for kind, whole in (("zip", content), ("pdf", b"%PDF" + bytes(90_000) + b"%%EOF\n"), ("parquet", b"PAR1" + bytes(90_000) + b"PAR1")):
        assert end_closes(whole[-70_000:], len(whole), kind)
        assert not end_closes(whole[-75_000:-40], len(whole) - 40, kind), kind
    assert not end_closes(content[-70_000:], len(content) - 5_000, "zip"), "something in the middle is missing"
    assert end_closes(b"a,b\n", 4, "csv") and not end_closes(b"", 0, "csv")


def test_a_check_sees_pieces_as_it_sees_the_whole() -> None:
    content = random.Random(3).randbytes(300_000)
    import hashlib

    listed = Listed(None, "sha256", hashlib.sha256(content).hexdigest())
    for size in (1_000, 65_536, 300_000):
        check = ContentCheck(FileSeen("a.bin", len(content), 1, NOW), listed, True)
        for at in range(0, len(content), size):
            check.update(content[at : at + size])
        check.finish()
    check.update(b"x")
    with pytest.raises(ContentRefused, match="manifest"):
        check.finish()


class Script:
    """A channel whose other end gives at most ``most`` bytes a read, and reads in its own order."""

    def __init__(self, files: dict[bytes, bytes], most: int, chance: random.Random) -> None:
        self.files, self.most, self.chance = files, most, chance
        self.inbox, self.answers = b"", bytearray()

    def sendall(self, data: bytes) -> None:
        self.inbox += data
        answers = []
        while len(self.inbox) >= 4 and len(self.inbox) >= 4 + struct.unpack(">I", self.inbox[:4])[0]:
            length = struct.unpack(">I", self.inbox[:4])[0]
            packet, self.inbox = self.inbox[4 : 4 + length], self.inbox[4 + length :]
            answers.append(self.answer(packet))
        self.chance.shuffle(answers)
        for answer in answers:
            self.answers += struct.pack(">I", len(answer)) + answer

    def recv(self, most: int) -> bytes:
        size = min(most, self.chance.randrange(1, 5000))
        taken, self.answers = bytes(self.answers[:size]), self.answers[size:]
        return taken

    def answer(self, packet: bytes) -> bytes:
        kind = packet[0]
        if kind == 1:
            return struct.pack(">BI", 2, 3)
        request, rest = packet[1:5], packet[5:]
        length = struct.unpack_from(">I", rest)[0]
        name, rest = rest[4 : 4 + length], rest[4 + length :]
        if name not in self.files:
            return b"\x65" + request + struct.pack(">I", 2)
        if kind == 3:
            return b"\x66" + request + struct.pack(">I", len(name)) + name
        if kind == 5:
            at, size = struct.unpack(">QI", rest)
            piece = self.files[name][at : at + min(size, self.most)]
            return b"\x67" + request + struct.pack(">I", len(piece)) + piece if piece else b"\x65" + request + struct.pack(">I", 1)
        if kind == 8:
            return b"\x69" + request + struct.pack(">IQ", 1, len(self.files[name]))
        return b"\x65" + request + struct.pack(">I", 0)


@pytest.mark.parametrize("most", [1 << 20, PIECE, 5_000])
def test_answers_in_any_order_and_of_any_length(most: int) -> None:
    chance = random.Random(most)
    files = {f"f{n}".encode(): chance.randbytes(size) for n, size in enumerate([0, 1, PIECE - 1, PIECE, PIECE + 1, 200_000])}
    protocol = SftpProtocol(Script(files, most, chance))
    read = protocol.read_many([(name, len(content)) for name, content in files.items()])
    assert [each.content for each in read] == list(files.values())
    assert [each.after.size for each in read] == [len(content) for content in files.values()]
    assert b"".join(protocol.chunks(b"f5", 200_000)) == files[b"f5"]
    (shorter,) = protocol.read_many([(b"f5", 300_000)])
    assert shorter.content == files[b"f5"], "a file that ended early is given as far as it goes"
    with pytest.raises(SftpStatus):
        protocol.read_many([(b"f1", 1), (b"none", 1)])
    assert protocol.read_many([(b"f1", 1)])[0].content == files[b"f1"], "and the conversation goes on"


def test_a_server_that_speaks_something_else() -> None:
    class Rubbish:
        def sendall(self, data: bytes) -> None: ...

        def recv(self, most: int) -> bytes:
            return b"This account is not available.\n"

    with pytest.raises(EOFError):
        SftpProtocol(Rubbish())
