"""What happens to files on their way: another name, a cut, a changed byte, an archive, a mail, a password."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from random import Random

from tests.corpus import other_kinds
from tests.corpus.documents import EITHER, HELD, READ
from tests.corpus.hostile import Hostile, sound
from tests.made.compound import Attachment, Message, msg_file
from tests.made.tnef import winmail

_WORKBOOKS = ("xlsx", "xlsb", "xls", "ods", "spreadsheetml")
_TEXTS = ("csv", "tsv", "fixed", "html")
_CHECKED = ("xlsx", "xlsb", "ods")
_EXTENSIONS = (".xls", ".xlsx", ".csv", ".txt", ".dat", ".pdf", ".zip", "", ".html", ".json", ".XLS", ".csv.xls", ".et", ".rar")
_PASSWORD = "2026-Lieferung"
_CLAIMED = "count and sum above, amounts last"


def files(chance: Random) -> Iterator[Hostile]:
    yield from _renamed(chance)
    yield from _cut(chance)
    yield from _damaged(chance)
    yield from _packed(chance)
    yield from _locked(chance)
    yield from _mailed(chance)


def _renamed(chance: Random) -> Iterator[Hostile]:
    for kind in (*_WORKBOOKS, *_TEXTS):
        for extension in chance.sample(_EXTENSIONS, 2):
            yield replace(sound(kind, chance, "total row"), name=f"数据{extension}", fault=f"under the name {extension or 'without any'}")


def _cut(chance: Random) -> Iterator[Hostile]:
    """Cut at places anywhere; texts state above what they should hold."""
    for kind in (*_WORKBOOKS, *_TEXTS):
        for _ in range(6 if kind in _TEXTS else 3):
            file = sound(kind, chance, _CLAIMED)
            yield _shortened(file, chance)
    for file in [*other_kinds.records(chance), *other_kinds.pages(chance)]:
        if file.must == READ and file.fault in ("none", "lines", "invoice"):
            yield _shortened(file, chance)


def _shortened(file: Hostile, chance: Random) -> Hostile:
    # What stands behind the last table of a page is no loss.
    end = file.content.rfind(b"</table") if file.kind == "html" else len(file.content) - 8
    at = chance.randint(1, end)
    if file.fault == "lines":
        # Between two lines nobody could see it.
        while file.content[at - 1 : at] in b"\r\n" or file.content[at : at + 1] in b"\r\n":
            at -= 1
    return replace(file, content=file.content[:at], fault=f"cut off at {at} of {len(file.content)}", must=HELD)


def _damaged(chance: Random) -> Iterator[Hostile]:
    for kind in (*_CHECKED, *_CHECKED):
        file = sound(kind, chance, "total row")
        content = bytearray(file.content)
        at = chance.randrange(len(content))
        content[at] ^= 1 << chance.randrange(8)
        yield replace(file, content=bytes(content), fault=f"a bit flipped at {at}", must=EITHER)
    for kind in (*_WORKBOOKS, "html", "csv"):
        file = sound(kind, chance, "total row")
        yield replace(file, content=file.content + b"\0" * chance.randint(1, 512), fault="padded with zeros", must=EITHER)
    for kind in _WORKBOOKS:
        file = sound(kind, chance, "total row")
        yield replace(file, content=file.content + b"\r\n<!-- 0.012 s -->\r\n", fault="a remark of the web server behind it", must=EITHER)
    for kind in ("csv", "tsv", "fixed"):
        file = sound(kind, chance, "total row")
        wide = [n for n, byte in enumerate(file.content) if byte > 127]
        if wide and not file.content.startswith((b"\xff\xfe", b"\xfe\xff")) and 0 not in file.content:
            at = chance.choice(wide)
            content = file.content[:at] + b"\xff" + file.content[at + 1 :]
            yield replace(file, content=content, fault=f"a byte replaced at {at}", must=HELD)


def _zip(members: dict[str, bytes], *, gbk: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    packed = buffer.getvalue()
    if gbk:
        # Windows writes names in its own code page and does not say so.
        for name in members:
            coded, plain = name.encode("gbk"), name.encode()
            assert len(plain) >= len(coded)
            packed = packed.replace(plain, coded.ljust(len(plain), b"x"))
        packed = _without_utf8_flag(packed)
    return packed


def _without_utf8_flag(packed: bytes) -> bytes:
    out = bytearray(packed)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = out.find(mark)
        while at >= 0:
            out[at + offset + 1] &= ~0x08 & 0xFF
            at = out.find(mark, at + 4)
    return bytes(out)


def _tar_gz(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def _seven(content: bytes, name: str, password: str | None = None) -> bytes:
    import py7zr

    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w", password=password, header_encryption=password is not None) as archive:
        archive.writestr(content, name)
    return buffer.getvalue()


def _deep(content: bytes, name: str, depth: int) -> bytes:
    for n in range(depth):
        content, name = _zip({name: content}), f"{n}.zip"
    return content


_PACKERS: dict[str, Callable[[Hostile], bytes]] = {
    "in a zip": lambda file: _zip({file.name: file.content}),
    "in a zip with names in GBK": lambda file: _zip({file.name: file.content}, gbk=True),
    "in a zip in a zip": lambda file: _deep(file.content, file.name, 2),
    "in a folder of a zip, with clutter": lambda file: _zip(
        {f"九月/{file.name}": file.content, "__MACOSX/._x": b"\0\x05", "Thumbs.db": b"x"}
    ),
    "in a zip with a note": lambda file: _zip({"说明.txt": "请查收附件，谢谢！\r\n".encode("gbk"), file.name: file.content}),
    "in a tar.gz": lambda file: _tar_gz(file.name, file.content),
    "gzipped": lambda file: gzip.compress(file.content),
    "bzipped": lambda file: bz2.compress(file.content),
    "as xz": lambda file: lzma.compress(file.content),
    "in a 7z": lambda file: _seven(file.content, file.name),
    "in an Outlook mail": lambda file: msg_file(Message("流向", [Attachment(file.name, file.content)], text="请查收")),
    "in winmail.dat": lambda file: winmail([("a.xls", file.content, file.name)]),
}


def _packed(chance: Random) -> Iterator[Hostile]:
    for fault, pack in _PACKERS.items():
        for kind in chance.sample((*_WORKBOOKS, "csv", "html"), 2):
            file = sound(kind, chance, "total row")
            yield replace(file, name="数据包", content=pack(file), fault=fault)
    first, second = sound("csv", chance, "total row"), sound("xlsx", chance, "total row")
    both = {"1.csv": first.content, "2.xlsx": second.content}
    yield replace(first, content=_zip(both), fault="two files in a zip", tables=(*first.tables, *second.tables))
    yield replace(first, content=_zip({**both, "2.xlsx": second.content[:-300]}), fault="one of two files in a zip is cut off", must=HELD)
    yield replace(first, content=_zip({"../../etc/a.csv": first.content}), fault="a zip that wants to write elsewhere", must=HELD)
    yield replace(first, content=_deep(first.content, "a.csv", 12), fault="twelve zips in each other", must=HELD)
    yield replace(first, content=b"Rar!\x1a\x07\x01\x00" + first.content, fault="a rar archive", must=HELD)
    beside = {"说明.docx": other_kinds.office("word/document.xml"), "公章.png": other_kinds.picture(), "1.csv": first.content}
    yield replace(first, content=_zip(beside), fault="a zip with a letter and a picture beside the table")
    whole = _PACKERS["in a zip"](second)
    for name in ("in a zip", "in a tar.gz", "gzipped", "bzipped", "as xz", "in a 7z", "in an Outlook mail", "in winmail.dat"):
        file = sound(chance.choice(("csv", "xlsx")), chance, _CLAIMED)
        yield _shortened(replace(file, name="数据包", content=_PACKERS[name](file), fault=name), chance)
    at = whole.find(b"PK\x01\x02") - 40
    broken = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
    yield replace(second, content=broken, fault="a zip with a damaged member", must=HELD)


@cache
def _encrypted(content: bytes, password: str) -> bytes:
    import msoffcrypto.format.ooxml as ooxml

    out = io.BytesIO()
    ooxml.OOXMLFile(io.BytesIO(content)).encrypt(password, out)
    return out.getvalue()


def _aes(content: bytes, name: str) -> bytes:
    import pyzipper

    buffer = io.BytesIO()
    with pyzipper.AESZipFile(buffer, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(_PASSWORD.encode())
        archive.writestr(name, content)
    return buffer.getvalue()


def _locked(chance: Random) -> Iterator[Hostile]:
    book, text = sound("xlsx", chance, "total row"), sound("csv", chance, "total row")
    locked = {
        "workbook": replace(book, content=_encrypted(book.content, _PASSWORD)),
        "zip": replace(text, content=_aes(text.content, "a.csv")),
        "7z": replace(text, content=_seven(text.content, "a.csv", _PASSWORD)),
    }
    for name, file in locked.items():
        yield replace(file, fault=f"{name} with its password", passwords=("wrong", _PASSWORD))
        yield replace(file, fault=f"{name} without its password", must=HELD)
        yield replace(file, fault=f"{name} with a wrong password", passwords=("wrong",), must=HELD)
        # The last sectors of a container may hold nothing.
        cut = file.content[: chance.randint(len(file.content) // 10, len(file.content) * 8 // 10)]
        yield replace(file, content=cut, passwords=(_PASSWORD,), fault=f"{name} cut off at {len(cut)}", must=HELD)
    yield replace(book, content=_encrypted(book.content, "VelvetSweatshop"), fault="workbook locked with the password that Excel knows")


def _mail(parts: list[tuple[str, str, bytes]], body: str = "您好，请查收附件。", html: str = "") -> bytes:
    head = (
        "From: =?gb2312?B?u6q2q77sz/o=?= <a@b.example>\r\nTo: c@d.example\r\nSubject: =?utf-8?B?5rWB5ZCR?=\r\n"
        'Date: Tue, 1 Sep 2026 08:00:00 +0800\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="=_b"\r\n\r\n'
    )
    out = [head.encode()]
    kind = "text/html" if html else "text/plain"
    coded = "Content-Transfer-Encoding: base64\r\n\r\n"
    words = base64.encodebytes((html or body).encode("gbk", errors="xmlcharrefreplace"))
    out.append(f"--=_b\r\nContent-Type: {kind}; charset=gbk\r\n{coded}".encode() + words)
    for disposition, mime, content in parts:
        about = f"--=_b\r\nContent-Type: {mime}\r\nContent-Disposition: attachment; {disposition}\r\n{coded}"
        out.append(about.encode("gbk") + base64.encodebytes(content))
    return b"".join([*out, b"--=_b--\r\n"])


def _named(name: str) -> list[str]:
    """The ways in which mail programs write a Chinese name."""
    coded = base64.b64encode(name.encode("gbk")).decode()
    percent = "".join(f"%{byte:02X}" for byte in name.encode("gbk"))
    return [f'filename="{name}"', f'filename="=?gbk?B?{coded}?="', f"filename*=gbk''{percent}"]


def _mailed(chance: Random) -> Iterator[Hostile]:
    for number, way in enumerate(_named("流向表.dat")):
        file = sound(chance.choice((*_WORKBOOKS, "csv")), chance, "total row")
        content = _mail([(way, "application/octet-stream", file.content)])
        yield replace(file, name="流向.eml", content=content, fault=f"attached to a mail, named in way {number + 1}")
    first, second = sound("csv", chance, "total row"), sound("xls", chance, "total row")
    both = [('filename="1.csv"', "text/csv", first.content), ('filename="2.xls"', "application/vnd.ms-excel", second.content)]
    yield replace(first, name="a.eml", content=_mail(both), fault="a mail with two files", tables=(*first.tables, *second.tables))
    zipped = [('filename="1.zip"', "application/zip", _zip({"a.csv": first.content}))]
    yield replace(first, name="a.eml", content=_mail(zipped), fault="a zip in a mail")
    cut = _mail([('filename="1.xls"', "application/vnd.ms-excel", second.content)])
    yield replace(second, name="a.eml", content=cut[: len(cut) * 2 // 3], fault="a mail that is cut off", must=HELD)
    claimed = sound("csv", chance, _CLAIMED)
    cut = _mail([('filename="1.csv"', "text/csv", claimed.content)])
    yield replace(claimed, name="a.eml", content=cut[: len(cut) - chance.randint(30, 200)], fault="a mail that is cut off", must=HELD)
    yield replace(first, name="a.eml", content=_mail([]), fault="a mail without anything", must=HELD)
    page = sound("html", chance, "total row")
    from taihu.formats.text import decode

    yield replace(page, name="a.eml", content=_mail([], html=decode(page.content).text), fault="a table in the text of a mail")
