"""Files that expand, nest, overlap or lie: small to send, made to fill the memory of whoever opens them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator

from tests.made.compound import END, Message, compound_file, msg_file
from tests.made.tnef import winmail

MEGABYTE = 1 << 20
ZEROS = bytes(64 * MEGABYTE)


def zip_of(name: bytes, packed: bytes, *, size: int, crc: int = 0, method: int = 8, stated: int | None = None) -> bytes:
    """One member of these packed bytes, with whatever sizes one likes to state."""
    stated = size if stated is None else stated
    extra = struct.pack("<HHQQ", 1, 16, stated, len(packed)) if stated >= 0xFFFFFFFF else b""
    small = min(stated, 0xFFFFFFFF)
    packed_size = 0xFFFFFFFF if extra else len(packed)
    local = struct.pack("<4sHHHHHLLLHH", b"PK\x03\x04", 45, 0, method, 0, 0, crc, packed_size, small, len(name), len(extra)) + name + extra
    central = struct.pack(
        "<4sHHHHHHLLLHHHHHLL", b"PK\x01\x02", 45, 45, 0, method, 0, 0, crc, packed_size, small, len(name), len(extra), 0, 0, 0, 0, 0
    )
    central += name + extra
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local) + len(packed), 0)
    return local + packed + central + end


def deflated_zeros(megabytes: int) -> bytes:
    """So many megabytes of zeros, deflated: one piece is repeated, because each begins afresh."""
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = machine.compress(ZEROS) + machine.flush(zlib.Z_FULL_FLUSH)
    return piece * (megabytes // 64) + b"\x03\x00"


def zip_in(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def overlapping_zip(count: int = 400) -> bytes:
    """Every entry of the directory means the same member (the oldest of the overlapping bombs)."""
    packed = deflated_zeros(64)
    one = zip_of(b"0000.csv", packed, size=len(ZEROS) // 64, crc=0)
    local = one[: 30 + 8 + len(packed)]
    entry = one[len(local) : len(local) + 46 + 8]
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, count, count, count * len(entry), len(local), 0)
    return local + entry * count + end


def nested_zip(width: int = 16, depth: int = 6) -> bytes:
    """As 42.zip: each archive holds several of the next kind, the last ones a large file of zeros."""
    content = zip_of(b"0.dll", deflated_zeros(4096), size=4096 * MEGABYTE)
    for level in range(depth):
        content = zip_in({f"lib {level}{number:x}.zip": content for number in range(width)})
    return content


def many_entries(count: int = 1_000_000) -> bytes:
    entry = struct.pack("<4sHHHHHHLLLHHHHHLL", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    local = struct.pack("<4sHHHHHLLLHH", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    return local + entry * count + struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(entry) * count, len(local), 0)


def repeated(compress: Callable[[bytes], bytes], content: bytes, times: int) -> bytes:
    """Compressed streams behind each other are one file in gz, bz2 and xz."""
    return compress(content) * times


def half_random(size: int) -> bytes:
    """Bytes that shrink to about a sixtieth: no ratio gives them away."""
    import random

    piece = random.Random(7).randbytes(MEGABYTE)
    return piece + bytes(size - len(piece))


def tar_with_pax_header_of(size: int) -> bytes:
    info = tarfile.TarInfo("pax")
    info.type, info.size = tarfile.XHDTYPE, size
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(2048)


def tar_member(name: str, size: int) -> bytes:
    """The header of a member alone."""
    info = tarfile.TarInfo(name)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


def workbook(members: dict[str, bytes], *, raw: dict[str, tuple[bytes, int]] | None = None) -> bytes:
    """An xlsx of one sheet; ``raw`` replaces members by packed bytes and the size to state for them."""
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    book.add_worksheet("s").write_row(0, 0, ["日期", "数量"])
    book.close()
    with zipfile.ZipFile(buffer) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()} | members
    plain = zip_in({name: content for name, content in contents.items() if name not in (raw or {})})
    for name, (packed, size) in (raw or {}).items():
        plain = with_member(plain, name.encode(), packed, size)
    return plain


def huge_strings() -> bytes:
    """Two gigabytes of valid shared strings, deflated."""
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = b'<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    out = machine.compress(head) + machine.flush(zlib.Z_FULL_FLUSH)
    piece = machine.compress((b"<si><t>" + b"a" * 1000 + b"</t></si>") * 65_536) + machine.flush(zlib.Z_FULL_FLUSH)
    return out + piece * 30 + machine.compress(b"</sst>") + machine.flush()


def with_member(archive: bytes, name: bytes, packed: bytes, size: int) -> bytes:
    """The archive with one more member of these packed bytes, stating ``size``."""
    end = archive.rindex(b"PK\x05\x06")
    count, length, start = struct.unpack_from("<HLL", archive, end + 10)
    one = zip_of(name, packed, size=size)
    local = one[: 30 + len(name) + len(packed)]
    entry = bytearray(one[len(local) : len(local) + 46 + len(name)])
    entry[42:46] = struct.pack("<L", start)
    directory = archive[start : start + length] + bytes(entry)
    tail = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, count + 1, count + 1, len(directory), start + len(local), 0)
    return archive[:start] + local + directory + tail


def far_cells_xlsx(sheets: int) -> bytes:
    """Sheets of a few cells each, two of them far apart: no sheet is too large, all of them are."""
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    for _ in range(sheets):
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["日期", "数量"])
        sheet.write(99_000, 99, "z")
    book.close()
    return buffer.getvalue()


def far_cells_xls(sheets: int) -> bytes:
    """The same as an old workbook, whose every sheet spans all that the format allows."""

    def record(kind: int, body: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def beginning(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHLL", 0x0600, kind, 0x0DBB, 0x07CC, 0x41, 6))

    cells = b"".join(record(0x0203, struct.pack("<HHHd", row, column, 0, 1.5)) for row, column in ((0, 0), (0, 1), (65_535, 255)))
    body = beginning(0x0010) + cells + record(0x000A)
    names = [f"s{number:03}".encode() for number in range(sheets)]
    head = len(beginning(5)) + sum(4 + 8 + len(name) for name in names) + 4
    places = [head + number * len(body) for number in range(sheets)]
    listed = b"".join(
        record(0x0085, struct.pack("<LBBBB", place, 0, 0, len(name), 0) + name) for place, name in zip(places, names, strict=True)
    )
    return compound_file({"Workbook": (beginning(5) + listed + record(0x000A) + body * sheets).ljust(4096, b"\0")})


def strings_without_end() -> bytes:
    """A list of texts that states four billion entries: a reader that makes room for them is ended by the system."""
    text = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="4294967295" uniqueCount="4294967295">'
    text += b"<si><t>a</t></si></sst>"
    return workbook({"xl/sharedStrings.xml": text})


def spans_page() -> bytes:
    row = b"<tr><td rowspan=65000 colspan=1000>a</td><td>b</td></tr>"
    return b"<html><body><table>" + row * 500 + b"</table></body></html>"


def frames_page(depth: int = 5000) -> bytes:
    return b"<html><body>" + b"<table><tr><td>" * depth + b"x" + b"</td></tr></table>" * depth + b"</body></html>"


def msg_with_shared_sectors(count: int = 4000) -> bytes:
    """Every attachment's bytes are the same two megabytes."""
    tree = Message("x").tree()
    for number in range(count):
        tree[f"__attach_version1.0_#{number:08X}"] = {"__properties_version1.0": bytes(8), "__substg1.0_37010102": b""}
    tree["__attach_version1.0_#00000000"] = {"__properties_version1.0": bytes(8), "__substg1.0_37010102": b"\x01\x02" * MEGABYTE}
    content = bytearray(compound_file(tree))
    start = struct.unpack_from("<L", content, 48)[0]
    at, first = (start + 1) * 512, None
    while at + 128 <= len(content):
        name = content[at : at + 64].decode("utf-16-le", errors="replace").rstrip("\0")
        if name == "__substg1.0_37010102":
            where = bytes(content[at + 116 : at + 128])
            if struct.unpack("<Q", where[4:])[0]:
                first = where
        at += 128
    assert first is not None
    at = (start + 1) * 512
    while at + 128 <= len(content):
        if content[at : at + 40] == "__substg1.0_37010102".encode("utf-16-le"):
            content[at + 116 : at + 128] = first
        at += 128
    return bytes(content)


def msg_with_endless_tables() -> bytes:
    """A header that states more allocation tables than the file has sectors, in a chain that leads into itself."""
    content = bytearray(msg_file(Message("x", html=bytes(1 << 20))))
    content[44:48] = struct.pack("<L", 0x7FFFFFFF)
    content[68:76] = struct.pack("<LL", 0, (0x7FFFFFFF - 109 + 126) // 127)
    assert END
    return bytes(content)


def seven_zip_of_zeros(megabytes: int) -> bytes:
    import py7zr

    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w", filters=[{"id": py7zr.FILTER_BZIP2}]) as archive:
        archive.writestr(bytes(megabytes * MEGABYTE), "zeros.csv")
    return buffer.getvalue()


def deep_mail(depth: int = 3000) -> bytes:
    lines = ["From: a@b.example", "Subject: x", "MIME-Version: 1.0"]
    for number in range(depth):
        lines += [f'Content-Type: multipart/mixed; boundary="b{number}"', "", f"--b{number}"]
    return "\r\n".join([*lines, "Content-Type: text/plain", "", "x", ""]).encode()


NAMES = [
    ("ten gigabytes.zip", "too_large"),
    ("two gigabytes.zip", "too_large"),
    ("says hundred bytes.zip", "damaged_file"),
    ("says a gigabyte.zip", "too_large"),
    ("says nothing of its ratio.zip", "damaged_file"),
    ("overlapping.zip", "too_large"),
    ("as 42.zip", "too_large"),
    ("a million entries.zip", "too_large"),
    ("bzip2.zip", "too_large"),
    ("mimetype.zip", "too_large"),
    ("zeros.gz", "too_large"),
    ("zeros.bz2", "too_large"),
    ("zeros.xz", "too_large"),
    ("two gigabytes.csv.gz", "too_large"),
    ("a million streams.gz", "too_large"),
    ("huge member.tar.gz", "too_large"),
    ("huge header.tar", "too_large"),
    ("huge stated.tar", "too_large"),
    ("zeros.7z", "too_large"),
    ("strings.xlsx", "too_large"),
    ("strings that lie.xlsx", "damaged_file"),
    ("sheet that lies.xlsx", "damaged_file"),
    ("strings that fit.xlsx", "too_large"),
    ("strings without end.xlsx", "damaged_file"),
    ("far cells.xlsx", "too_large"),
    ("far cells.xls", "too_large"),
    ("two far cells.xls", "too_large"),
    ("spans.html", "too_large"),
    ("frames.html", "no_table"),
    ("shared sectors.msg", "too_large"),
    ("endless tables.msg", "damaged_file"),
    ("many.winmail.dat", "too_large"),
    ("deep.eml", "damaged_file"),
]


def every() -> Iterator[tuple[str, bytes, str]]:
    """Each bomb: file name, bytes, and the reason for which it must be refused (as ``NAMES`` lists them)."""
    zeros = deflated_zeros(4096)
    yield "ten gigabytes.zip", zip_of(b"a.csv", zeros * 2, size=8192 * MEGABYTE), "too_large"
    yield "two gigabytes.zip", zip_of(b"a.csv", half_random(40 * MEGABYTE), size=2048 * MEGABYTE, stated=2048 * MEGABYTE), "too_large"
    yield "says hundred bytes.zip", zip_of(b"a.csv", zeros, size=100, stated=100), "damaged_file"
    yield "says a gigabyte.zip", zip_of(b"a.csv", deflated_zeros(64), size=1 << 30, stated=(1 << 30) - 1), "too_large"
    yield "says nothing of its ratio.zip", zip_of(b"a.csv", deflated_zeros(256), size=60 * MEGABYTE), "damaged_file"
    yield "overlapping.zip", overlapping_zip(), "too_large"
    yield "as 42.zip", nested_zip(), "too_large"
    yield "a million entries.zip", many_entries(), "too_large"
    yield "bzip2.zip", zip_of(b"a.csv", bz2.compress(ZEROS), size=len(ZEROS) * 20, method=12), "too_large"
    yield "mimetype.zip", zip_of(b"mimetype", zeros, size=4096 * MEGABYTE), "too_large"
    yield "zeros.gz", repeated(gzip.compress, ZEROS, 160), "too_large"
    yield "zeros.bz2", repeated(bz2.compress, ZEROS, 32), "too_large"
    yield "zeros.xz", repeated(lambda content: lzma.compress(content, preset=0), ZEROS, 32), "too_large"
    yield "two gigabytes.csv.gz", repeated(lambda content: gzip.compress(content, 1), half_random(64 * MEGABYTE), 32), "too_large"
    yield "a million streams.gz", gzip.compress(b"") * 1_000_000, "too_large"
    huge = gzip.compress(tar_member("a.csv", 4096 * MEGABYTE)) + repeated(gzip.compress, ZEROS, 64)
    yield "huge member.tar.gz", huge, "too_large"
    yield "huge header.tar", tar_with_pax_header_of(1 << 40), "too_large"
    yield "huge stated.tar", tar_member("a.csv", 1 << 50) + bytes(1024), "too_large"
    yield "zeros.7z", seven_zip_of_zeros(80), "too_large"
    packed = huge_strings()
    yield "strings.xlsx", workbook({}, raw={"xl/sharedStrings.xml": (packed, 2000 * MEGABYTE)}), "too_large"
    yield "strings that lie.xlsx", workbook({}, raw={"xl/sharedStrings.xml": (packed, 4000)}), "damaged_file"
    yield "sheet that lies.xlsx", workbook({}, raw={"xl/worksheets/sheet1.xml": (packed, 4000)}), "damaged_file"
    yield "strings that fit.xlsx", workbook({}, raw={"xl/sharedStrings.xml": (deflated_zeros(384), 384 * MEGABYTE)}), "too_large"
    yield "strings without end.xlsx", strings_without_end(), "damaged_file"
    yield "far cells.xlsx", far_cells_xlsx(8), "too_large"
    yield "far cells.xls", far_cells_xls(40), "too_large"
    yield "two far cells.xls", far_cells_xls(1), "too_large"
    yield "spans.html", spans_page(), "too_large"
    yield "frames.html", frames_page(), "no_table"
    yield "shared sectors.msg", msg_with_shared_sectors(), "too_large"
    yield "endless tables.msg", msg_with_endless_tables(), "damaged_file"
    yield "many.winmail.dat", winmail([("a", b"", None)] * 20_000), "too_large"
    yield "deep.eml", deep_mail(), "damaged_file"
