"""What is inside archives, mails and encrypted files comes out under its own name, or says why it does not."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.made.compound import Attachment, Message, compound_file, msg_file
from tests.made.tnef import winmail, winmail_with_mail

from taihu.core.details import detail_in
from taihu.core.ids import sha256_of
from taihu.core.reasons import REASONS
from taihu.formats.closes import closes_properly
from taihu.formats.kind import kind_of
from taihu.manifest.source import Read
from taihu.read import read_blind, read_file
from taihu.read.archives import Unpacked, unpack
from taihu.read.mapi import html_in_rtf, uncompressed

REAL = Path(__file__).parents[4] / "shared" / "real-data"
CSV = "日期,门店,数量\n2026-09-15,一店,3\n2026-09-15,二店,4\n".encode("gb18030")
OTHER = "日期,门店,数量\n2026-09-16,一店,5\n".encode()


def _found(content: bytes, name: str = "x", passwords: tuple[str, ...] = ()) -> dict[str, bytes | str]:
    """Way to content, or to the reason; every reason is a known one."""
    found: dict[str, bytes | str] = {}
    for file in unpack(content, name, passwords):
        assert file.member not in found
        assert not file.refused or (file.refused in REASONS and not file.content)
        found[file.member] = file.refused or file.content
    return found


def _zip(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _raw_zip(name: bytes, content: bytes, *, flags: int = 0, extra: bytes = b"") -> bytes:
    """One stored member whose name is exactly these bytes."""
    crc, size = zlib.crc32(content), len(content)
    local = struct.pack("<4sHHHHHLLLHH", b"PK\x03\x04", 20, flags, 0, 0, 0, crc, size, size, len(name), len(extra)) + name + extra + content
    central = struct.pack(
        "<4sHHHHHHLLLHHHHHLL", b"PK\x01\x02", 20, 20, flags, 0, 0, 0, crc, size, size, len(name), len(extra), 0, 0, 0, 0, 0
    )
    central += name + extra
    return local + central + struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(local), 0)


def _tar(members: Mapping[str, bytes], mode: str = "w", **more: object) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, **more) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


# zip -------------------------------------------------------------------------------------------------------------------


def test_names_of_zip_members() -> None:
    name = "流向/九月日报.csv"
    path = struct.pack("<BL", 1, zlib.crc32(b"x.csv")) + name.encode()
    assert _found(_raw_zip(name.encode("gbk"), CSV)) == {name: CSV}
    assert _found(_raw_zip(name.encode(), CSV, flags=0x800)) == {name: CSV}
    assert _found(_raw_zip(b"x.csv", CSV, extra=struct.pack("<HH", 0x7075, len(path)) + path)) == {name: CSV}
    # An extra field that belongs to another name (the member was renamed by a program that does not know the field) is ignored.
    assert _found(_raw_zip(b"y.csv", CSV, extra=struct.pack("<HH", 0x7075, len(path)) + path)) == {"y.csv": CSV}
    assert _found(_raw_zip("流向\\日报.csv".encode("gbk"), CSV)) == {"流向/日报.csv": CSV}


def test_zip64_data_descriptors_and_bytes_before_the_archive() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, archive.open("a.csv", "w", force_zip64=True) as member:
        member.write(CSV)
    assert _found(buffer.getvalue()) == {"a.csv": CSV}

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.out = b""

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.out += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", CSV)
    assert b"PK\x07\x08" in pipe.out
    assert _found(pipe.out) == {"a.csv": CSV}
    for before in (b"MZ\x90\x00" + bytes(500), b"\r\n", b"\xef\xbb\xbf"):
        content = before + _zip({"a.csv": CSV, "b.csv": OTHER})
        assert kind_of(content) == "zip" and closes_properly(content, "zip")
        assert _found(content) == {"a.csv": CSV, "b.csv": OTHER}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip_methods(method: int) -> None:
    assert _found(_zip({"a.csv": CSV * 200}, method)) == {"a.csv": CSV * 200}


def test_a_method_that_is_not_known_stops_its_member_alone() -> None:
    content = bytearray(_zip({"a.csv": CSV, "b.csv": OTHER}))
    at = content.index(b"PK\x01\x02")
    content[8:10] = content[at + 10 : at + 12] = struct.pack("<H", 9)
    assert _found(bytes(content)) == {"a.csv": "unsupported_archive", "b.csv": OTHER}


def _zipcrypto(name: str, content: bytes, password: bytes) -> bytes:
    """The traditional encryption of PKWARE, written from its description (APPNOTE 6.1)."""
    keys = [0x12345678, 0x23456789, 0x34567890]

    def crc32(key: int, byte: int) -> int:
        return zlib.crc32(bytes([byte]), key ^ 0xFFFFFFFF) ^ 0xFFFFFFFF

    def update(byte: int) -> None:
        keys[0] = crc32(keys[0], byte)
        keys[1] = ((keys[1] + (keys[0] & 0xFF)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = crc32(keys[2], keys[1] >> 24)

    for byte in password:
        update(byte)
    out = bytearray()
    for byte in bytes(11) + bytes([zlib.crc32(content) >> 24]) + content:
        low = (keys[2] | 2) & 0xFFFF
        out.append(byte ^ ((low * (low ^ 1)) >> 8 & 0xFF))
        update(byte)
    plain = bytearray(_raw_zip(name.encode("gbk"), bytes(out), flags=1))
    at = plain.index(b"PK\x01\x02")
    for place in (14, at + 16):
        plain[place : place + 4] = struct.pack("<L", zlib.crc32(content))
    for place in (22, at + 24):
        plain[place : place + 4] = struct.pack("<L", len(content))
    return bytes(plain)


def _aes_zip(members: Mapping[str, bytes], password: str) -> bytes:
    import pyzipper

    buffer = io.BytesIO()
    with pyzipper.AESZipFile(buffer, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(password.encode())
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize("password", ["secret9", "密码九"])
def test_encrypted_zips(password: str) -> None:
    old = _zipcrypto("流向.csv", CSV, password.encode("gbk"))
    for content, names in ((old, ["流向.csv"]), (_aes_zip({"a.csv": CSV, "b.csv": CSV}, password), ["a.csv", "b.csv"])):
        assert _found(content, passwords=("no", password)) == dict.fromkeys(names, CSV)
        assert _found(content, passwords=("no",)) == dict.fromkeys(names, "wrong_password")
        assert _found(content) == dict.fromkeys(names, "wrong_password")


def test_members_under_several_passwords_and_a_damaged_one() -> None:
    inner = _zip({"open.csv": OTHER, "one.zip": _aes_zip({"a.csv": CSV}, "one"), "two.zip": _aes_zip({"b.csv": CSV}, "two")})
    assert _found(inner, passwords=("two", "one")) == {"open.csv": OTHER, "one.zip/a.csv": CSV, "two.zip/b.csv": CSV}
    assert _found(inner, passwords=("one",)) == {"open.csv": OTHER, "one.zip/a.csv": CSV, "two.zip/b.csv": "wrong_password"}
    damaged = bytearray(_zip({"a.csv": CSV * 50, "b.csv": OTHER}, zipfile.ZIP_STORED))
    damaged[200] ^= 0xFF
    assert _found(bytes(damaged)) == {"a.csv": "damaged_file", "b.csv": OTHER}


UNSAFE = ["../x.csv", "a/../../x.csv", "/etc/passwd", "C:\\x.csv", "c:x.csv", "\\\\server\\share\\x.csv", "//server/x.csv", "a\x00b.csv"]
UNSAFE += ["a\nb.csv", "a\x1b[2Jb.csv", "\u202evsc.exe", "a\u2066b.csv", "NUL", "con.csv", "a/COM1.txt", "LPT1 .csv", "x" * 256, "流" * 90]
UNSAFE += ["/".join(["d" * 200] * 6), "a\x7fb.csv"]


@pytest.mark.parametrize("name", UNSAFE, ids=range(len(UNSAFE)))
def test_no_path_comes_from_a_name(name: str) -> None:
    found = _found(_raw_zip(name.encode(), CSV, flags=0x800))
    assert found == {"#1": "unsafe_name"}
    refused = read_blind(_raw_zip(name.encode(), CSV, flags=0x800), "x.zip")
    assert (refused.held, refused.tables) == ("unsafe_name", ())
    if "\x00" not in name:
        assert _found(_tar({"good.csv": CSV, name: OTHER}, format=tarfile.PAX_FORMAT)) == {"good.csv": CSV, "#2": "unsafe_name"}


def test_names_that_only_look_odd_are_kept() -> None:
    names = ["a..b.csv", "..流向.csv", "连接 (2).csv", "console.csv", "nullable/auxiliary.csv", "报表：九月.csv", "a b/c'd\".csv"]
    assert list(_found(_zip(dict.fromkeys(names, CSV)))) == names


def test_two_members_of_one_name_stay_two() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a.csv", CSV)
            archive.writestr("a.csv", OTHER)
    assert _found(buffer.getvalue()) == {"a.csv": CSV, "a.csv#2": OTHER}


# tar and compressed streams ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("dialect", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT], ids=["ustar", "gnu", "pax"])
def test_tar(mode: str, dialect: int) -> None:
    members = {"流向/日报.csv": CSV, "b.csv": OTHER, "leer.csv": b""}
    if dialect != tarfile.USTAR_FORMAT:
        members[f"{'很长的文件夹/' * 10}{'n' * 120}.csv"] = CSV * 100
    content = _tar(members, mode, format=dialect)
    assert kind_of(content) == {"w": "tar", "w:gz": "gz", "w:bz2": "bz2", "w:xz": "xz"}[mode]
    assert closes_properly(content, kind_of(content))
    assert _found(content, "x.tar.gz") == members
    end = len(content.rstrip(b"\0")) if mode == "w" else len(content) - 8
    for cut in range(513, end, max(1, end // 7)):
        assert "damaged_file" in _found(content[:cut]).values(), cut
        assert not closes_properly(content[:cut], kind_of(content))


def test_tar_names_in_gbk_and_sizes_in_base_256() -> None:
    content = _tar({"流向/日报.csv": CSV}, format=tarfile.GNU_FORMAT, encoding="gbk")
    assert _found(content) == {"流向/日报.csv": CSV}
    block = bytearray(content[:512])
    block[124:136] = b"\x80" + len(CSV).to_bytes(11, "big")
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + sum(block[156:512]) + 8 * 32)
    assert _found(bytes(block) + content[512:]) == {"流向/日报.csv": CSV}


def test_links_devices_and_sparse_files_are_refused_one_by_one() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number, (kind, target) in enumerate(
            [
                (tarfile.SYMTYPE, "/etc/passwd"),
                (tarfile.LNKTYPE, "a.csv"),
                (tarfile.CHRTYPE, ""),
                (tarfile.FIFOTYPE, ""),
                (tarfile.BLKTYPE, ""),
            ]
        ):
            info = tarfile.TarInfo(f"m{number}.csv")
            info.type, info.linkname = kind, target
            archive.addfile(info)
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        info = tarfile.TarInfo("sparse.csv")
        info.type, info.size = tarfile.GNUTYPE_SPARSE, 512
        archive.addfile(info, io.BytesIO(bytes(512)))
        info = tarfile.TarInfo("pax.csv")
        info.size, info.pax_headers = 1, {"GNU.sparse.major": "1", "GNU.sparse.realsize": "99999999999999"}
        archive.addfile(info, io.BytesIO(b"x"))
        info = tarfile.TarInfo("good.csv")
        info.size = len(CSV)
        archive.addfile(info, io.BytesIO(CSV))
    names = [*(f"m{n}.csv" for n in range(5)), "sparse.csv", "pax.csv"]
    assert _found(buffer.getvalue()) == {**dict.fromkeys(names, "unsafe_member"), "good.csv": CSV}


def test_single_compressed_files() -> None:
    for name, content in (("流向.csv.gz", gzip.compress(CSV)), ("流向.csv.bz2", bz2.compress(CSV)), ("流向.csv.xz", lzma.compress(CSV))):
        assert _found(content, name) == {"流向.csv": CSV}
        assert _found(content + content, name) == {"流向.csv": CSV + CSV}
        assert _found(content + bytes(100), name) == {"流向.csv": CSV}
        assert _found(content[:-6], name) == {"": "damaged_file"}
        assert _found(content + b"trailing rubbish", name) == {"": "damaged_file"}
        bad = bytearray(content)
        bad[-14] ^= 1
        assert set(_found(bytes(bad), name).values()) == {"damaged_file"}
    big = CSV * 900_000
    assert len(big) > 40 << 20
    assert _found(gzip.compress(big, 9), "big.csv.gz") == {"big.csv": big} or len(big) > 200 * len(gzip.compress(big, 9))


# 7z, rar, encrypted Office ------------------------------------------------------------------------------------------------


def _7z(members: Mapping[str, bytes], password: str | None = None, *, hidden: bool = False) -> bytes:
    import py7zr

    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w", password=password, header_encryption=hidden) as archive:
        for name, content in members.items():
            archive.writestr(content, name)
    return buffer.getvalue()


@pytest.mark.parametrize("hidden", [False, True], ids=["names-clear", "names-encrypted"])
def test_7z(hidden: bool) -> None:
    members = {"流向/日报.csv": CSV, "b.csv": OTHER, "empty.csv": b""}
    assert _found(_7z(members)) == members
    locked = _7z(members, "密码7", hidden=hidden)
    assert _found(locked, passwords=("no", "密码7")) == members
    assert _found(locked, passwords=("no",)) == {"": "wrong_password"}
    assert _found(locked) == {"": "wrong_password"}
    assert _found(_7z(members)[:-20]) == {"": "damaged_file"}


def test_rar_is_refused_with_what_to_ask_for() -> None:
    for head in (b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00"):
        read = read_blind(head + bytes(100), "流向.rar")
        assert (read.kind, read.held) == ("rar", "unsupported_archive")
    assert "zip" in REASONS["unsupported_archive"].fix.en and "zip" in REASONS["unsupported_archive"].fix.zh
    inside = read_blind(_zip({"a.csv": CSV, "b.rar": b"Rar!\x1a\x07\x00"}), "x.zip")
    assert inside.held == "unsupported_archive" and len(inside.tables) == 1


def _xlsx() -> bytes:
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet("流向")
    for row, values in enumerate([["日期", "门店", "数量"], ["2026-09-15", "一店", 3]]):
        sheet.write_row(row, 0, values)
    book.close()
    return buffer.getvalue()


def _standard_encrypted(content: bytes, password: str) -> bytes:
    """Standard encryption (MS-OFFCRYPTO 2.3.4) of Office 2007: AES-128 under a key of 50,000 rounds of SHA-1."""
    import hashlib

    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    salt = bytes(range(16))
    key = hashlib.sha1(salt + password.encode("utf-16-le")).digest()
    for number in range(50_000):
        key = hashlib.sha1(struct.pack("<L", number) + key).digest()
    key = hashlib.sha1(key + struct.pack("<L", 0)).digest()
    key = hashlib.sha1(bytes(a ^ b for a, b in zip(key.ljust(64, b"\0"), b"\x36" * 64, strict=True))).digest()[:16]

    def encrypted(data: bytes) -> bytes:
        machine = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        return machine.update(data + bytes(-len(data) % 16)) + machine.finalize()

    verifier = bytes(range(16, 32))
    name = "Microsoft Enhanced RSA and AES Cryptographic Provider\0".encode("utf-16-le")
    header = struct.pack("<LLLLLLLL", 0x24, 0, 0x660E, 0x8004, 128, 0x18, 0, 0) + name
    info = struct.pack("<HHLL", 4, 2, 0x24, len(header)) + header + struct.pack("<L", 16) + salt + encrypted(verifier)
    info += struct.pack("<L", 20) + encrypted(hashlib.sha1(verifier).digest())
    return compound_file({"EncryptionInfo": info, "EncryptedPackage": struct.pack("<Q", len(content)) + encrypted(content)})


def test_encrypted_workbooks() -> None:
    import msoffcrypto.format.ooxml as ooxml

    buffer = io.BytesIO()
    ooxml.OOXMLFile(io.BytesIO(_xlsx())).encrypt("密码x", buffer)
    for content in (buffer.getvalue(), _standard_encrypted(_xlsx(), "密码x")):
        assert kind_of(content) == "encrypted-office"
        assert _found(content, passwords=("no", "密码x")) == {"": _xlsx_of(content, "密码x")}
        assert _found(content, passwords=("no",)) == {"": "wrong_password"}
        assert read_blind(content, "x.xlsx", passwords=("密码x",)).tables[0].rows.num_rows == 1
    zipped = _aes_zip({"九月.xlsx": buffer.getvalue()}, "outer")
    assert read_blind(zipped, "x.zip", passwords=("密码x", "outer")).tables[0].rows["_src_row"].to_pylist() == ["九月.xlsx>流向!2"]


def _xlsx_of(content: bytes, password: str) -> bytes:
    import msoffcrypto

    out = io.BytesIO()
    file = msoffcrypto.OfficeFile(io.BytesIO(content))
    file.load_key(password=password)
    file.decrypt(out)
    return out.getvalue()


def _rc4_xls(password: str) -> bytes:
    """An old workbook under RC4 (MS-OFFCRYPTO 2.3.6, MS-XLS 2.2.10), one sheet of two cells, written from the description."""
    import hashlib

    from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
    from cryptography.hazmat.primitives.ciphers import Cipher

    salt, verifier = bytes(range(16)), bytes(range(16, 32))
    begun = hashlib.md5((hashlib.md5(password.encode("utf-16-le")).digest()[:5] + salt) * 16, usedforsecurity=False).digest()

    def key(block: int) -> bytes:
        return hashlib.md5(begun[:5] + struct.pack("<L", block), usedforsecurity=False).digest()

    def rc4(block: int, data: bytes) -> bytes:
        return Cipher(ARC4(key(block)), mode=None).encryptor().update(data)

    proof = rc4(0, verifier + hashlib.md5(verifier, usedforsecurity=False).digest())

    def record(kind: int, body: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def beginning(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHLL", 0x0600, kind, 0x0DBB, 0x07CC, 0x41, 6))

    pass_record = record(0x2F, struct.pack("<HHH", 1, 1, 1) + salt + proof)
    listed_at = len(beginning(5)) + len(pass_record)
    name = b"sheet"
    name += b"x" * (-(listed_at + 12 + len(name) + 4 + len(beginning(0x10)) + 2 * 18 + 4) % 4)
    place = listed_at + 4 + 8 + len(name) + 4
    plain = beginning(5) + pass_record + record(0x0085, struct.pack("<LBBBB", place, 0, 0, len(name), 0) + name) + record(0x0A)
    plain += beginning(0x10) + b"".join(record(0x0203, struct.pack("<HHHd", row, 0, 0, 1.5)) for row in (0, 1)) + record(0x0A)
    plain = plain.ljust(4096, b"\0")
    cipher = b"".join(rc4(block, bytes(1024)) for block in range(4))
    out, at = bytearray(plain), 0
    while at + 4 <= len(plain) and (kind := struct.unpack_from("<H", plain, at)[0]):
        size = struct.unpack_from("<H", plain, at + 2)[0]
        # Heads of records, the first record of a stream, the record of the password and places of sheets stay clear.
        first = at + 4 + (4 if kind == 0x0085 else 0)
        if kind not in (0x0809, 0x002F):
            for n in range(first, at + 4 + size):
                out[n] ^= cipher[n]
        at += 4 + size
    return compound_file({"Workbook": bytes(out)})


def test_an_old_workbook_under_rc4(monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    def on_disk(*_: object, **__: object) -> None:
        raise AssertionError("clear content is written to disk")

    for name in ("TemporaryFile", "NamedTemporaryFile", "mkstemp", "SpooledTemporaryFile"):
        monkeypatch.setattr(tempfile, name, on_disk)
    content = _rc4_xls("密码9")
    assert kind_of(content) == "encrypted-office"
    assert _found(content, passwords=("no",)) == {"": "wrong_password"}
    (opened,) = unpack(content, "x.xls", ("no", "密码9"))
    assert (opened.kind, opened.refused) == ("xls", "")
    assert [row["column_A"] for row in read_blind(content, "x.xls", passwords=("密码9",)).tables[0].rows.to_pylist()] == ["1.5", "1.5"]


def test_a_password_that_would_take_hours_is_not_tried() -> None:
    info = (
        struct.pack("<HHL", 4, 4, 0x40) + b'<encryption><keyEncryptors><p:encryptedKey spinCount="10000000"/></keyEncryptors></encryption>'
    )
    content = compound_file({"EncryptionInfo": info, "EncryptedPackage": bytes(5000)})
    assert _found(content, passwords=("a",)) == {"": "too_large"}


# mails ------------------------------------------------------------------------------------------------------------------


def _eml(*parts: tuple[str, bytes], subject: str = "流向", body: str = "见附件") -> bytes:
    lines = ["From: a@b.example", f"Subject: =?utf-8?b?{base64.b64encode(subject.encode()).decode()}?=", "MIME-Version: 1.0"]
    lines += [
        "Message-ID: <1@b.example>",
        'Content-Type: multipart/mixed; boundary="b"',
        "",
        "--b",
        "Content-Type: text/plain; charset=utf-8",
    ]
    lines += ["Content-Transfer-Encoding: base64", "", base64.b64encode(body.encode()).decode()]
    for name, content in parts:
        kind = "image/png" if name.endswith(".png") else "application/octet-stream"
        word = f"=?gb2312?b?{base64.b64encode(name.encode('gb18030')).decode()}?="
        lines += [
            "--b",
            f"Content-Type: {kind}",
            f'Content-Disposition: attachment; filename="{word}"',
            "Content-Transfer-Encoding: base64",
            "",
        ]
        lines += [base64.encodebytes(content).decode().strip()]
    return "\r\n".join([*lines, "--b--", ""]).encode()


def test_mails_are_containers() -> None:
    inner = _eml(("镕.csv", OTHER))
    mail = _eml(
        ("流向.zip", _zip({"a.csv": CSV})),
        ("旧邮件.eml", inner),
        ("logo.png", b"\x89PNG"),
        ("winmail.dat", winmail([("库存.csv", CSV, None)])),
    )
    assert _found(mail, "x.eml") == {"流向.zip/a.csv": CSV, "旧邮件.eml/镕.csv": OTHER, "winmail.dat/库存.csv": CSV}
    assert list(_found(_eml(body="只有正文")).values()) == ["只有正文".encode()]


def test_saved_mails_of_outlook() -> None:
    inner = Message("转发：旧流向/9月", [Attachment("内层.csv", OTHER)])
    mail = Message("流向日报", page=936)
    mail.attachments = [
        Attachment("九月流向.csv", CSV * 300),
        Attachment("", OTHER, display="报表.csv"),
        Attachment("", inner, display="转发"),
        Attachment("logo.png", b"\x89PNG", mime="image/png"),
        Attachment("明细.zip", _zip({"a.csv": CSV})),
    ]
    expected = {"九月流向.csv": CSV * 300, "报表.csv": OTHER, "转发：旧流向_9月.msg/内层.csv": OTHER, "明细.zip/a.csv": CSV}
    for mail.unicode in (True, False):
        content = msg_file(mail)
        assert kind_of(content) == "msg" and closes_properly(content, "msg")
        assert _found(content, "x.msg") == expected
    # An attached workbook brings names of its own streams along; the file is a mail all the same.
    with_workbook = msg_file(Message("x", [Attachment("a.xls", compound_file({"Workbook": bytes(5000)}))]))
    assert kind_of(with_workbook) == "msg"


PAGE = "<html><body><table><tr><th>门店</th><th>数量</th></tr><tr><td>一店</td><td>3</td></tr></table></body></html>"


def test_the_body_of_a_saved_mail_counts_where_nothing_is_attached() -> None:
    rtf = (
        rb"{\rtf1\ansi\ansicpg936\fromhtml1 \deff0{\fonttbl{\f0\fswiss Arial;}}{\*\htmltag19 <html>}{\*\htmltag50 <body>}"
        rb"{\*\htmltag84 <table>}\htmlrtf {\htmlrtf0 {\*\htmltag84 <tr>}{\*\htmltag84 <th>}" + _hex("门店") + rb"{\*\htmltag84 </th>}"
        rb"{\*\htmltag84 <th>}\u25968?\u-28209?{\*\htmltag84 </th></tr>}{\*\htmltag84 <tr><td>}"
        + _hex("一店")
        + rb"{\*\htmltag84 </td><td>}3"
        rb"{\*\htmltag84 </td></tr></table>}\htmlrtf }\htmlrtf0 {\*\htmltag27 </body></html>}}"
    )
    stored = struct.pack("<LL4sL", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf
    assert html_in_rtf(rtf) == PAGE
    for message in (Message("x", html=PAGE.encode("gbk")), Message("x", rtf=stored), Message("x", html=PAGE.encode(), page=65001)):
        read = read_blind(msg_file(message), "x.msg")
        assert read.held is None
        assert [(row["门店"], row["数量"]) for row in read.tables[0].rows.to_pylist()] == [("一店", "3")]
    assert _found(msg_file(Message("x", text="密码：abc"))) == {"body.txt": "密码：abc".encode()}


def _hex(text: str) -> bytes:
    return b"".join(b"\\'%02x" % byte for byte in text.encode("gbk"))


def test_compressed_rtf() -> None:
    """The two examples of the published format (MS-OXRTFCP 3.1 and 3.2)."""
    plain = bytes.fromhex("2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0")
    assert uncompressed(plain) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    crossing = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert uncompressed(crossing) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_winmail_dat() -> None:
    content = winmail([("LIUXIA~1.CSV", CSV, "流向明细（九月）.csv"), ("库存.csv", OTHER, None)])
    assert kind_of(content) == "tnef" and closes_properly(content, "tnef")
    assert _found(content, "winmail.dat") == {"流向明细（九月）.csv": CSV, "库存.csv": OTHER}
    assert _found(winmail([("銷售.csv", CSV, None)], page=950)) == {"銷售.csv": CSV}
    assert _found(winmail_with_mail(content, "旧邮件")) == {"旧邮件/流向明细（九月）.csv": CSV, "旧邮件/库存.csv": OTHER}
    assert read_blind(winmail([], html=PAGE.encode("gbk")), "winmail.dat").tables[0].rows["门店"].to_pylist() == ["一店"]
    assert _found(winmail([], text="只有正文")) == {"body.txt": "只有正文".encode()}
    assert _found(content[:-9]) == {"": "damaged_file"}


# what reading makes of it ---------------------------------------------------------------------------------------------------


def test_a_failed_member_is_a_reason_on_that_member() -> None:
    damaged = bytearray(_zip({"a.csv": CSV * 50, "b.csv": OTHER, "说明.txt": b"x" * 99}, zipfile.ZIP_STORED))
    damaged[300] ^= 0xFF
    read = read_file(bytes(damaged), "x.zip", read=Read.model_validate({"as": "csv", "member": "*.csv"}))
    assert read.held == "damaged_file" and [table.rows.num_rows for table in read.tables] == [1]
    assert [(member.path, member.reason) for member in read.members] == [("a.csv", "damaged_file"), ("b.csv", "unknown_layout")]
    unwanted = read_file(bytes(damaged), "x.zip", read=Read.model_validate({"as": "csv", "member": "b.csv"}))
    assert [member.path for member in unwanted.members] == ["b.csv"]


def test_members_know_what_held_them() -> None:
    inner = _zip({"a.csv": CSV})
    outer = _zip({"inner.zip": inner, "b.csv": OTHER})
    read = read_blind(outer, "x.zip")
    assert [(member.path, member.kind, member.sha256, member.parent) for member in read.members] == [
        ("inner.zip/a.csv", "csv", sha256_of(CSV), sha256_of(inner)),
        ("b.csv", "csv", sha256_of(OTHER), sha256_of(outer)),
    ]
    assert [table.rows["_src_row"].to_pylist()[0] for table in read.tables] == ["inner.zip/a.csv>2", "b.csv>2"]
    assert read_blind(CSV, "a.csv").members == ()


def test_archives_in_archives_end_somewhere() -> None:
    content = CSV
    for depth in range(6):
        content = _zip({f"{depth}.zip" if depth else "a.csv": content})
    found = _found(content)
    assert list(found.values()) == ["too_large"]
    many = _zip({f"{n}.csv": b"x" for n in range(10_001)}, zipfile.ZIP_STORED)
    assert kind_of(many) == "zip" and _found(many) == {"": "too_large"}


def test_unpacked_is_what_it_says() -> None:
    (file,) = unpack(CSV, "a.csv")
    assert file == Unpacked("", "a.csv", CSV, "csv")


def test_what_is_wrong_is_said_in_both_languages() -> None:
    """A Chinese report has a sentence of its own for whatever stops an archive, unless the reason's title says it all."""
    tarred = io.BytesIO()
    with tarfile.open(fileobj=tarred, mode="w") as archive:
        link = tarfile.TarInfo("x")
        link.type = tarfile.SYMTYPE
        archive.addfile(link)
    damaged = bytearray(_zip({"a.csv": CSV}))
    damaged[60] ^= 0xFF
    samples = [
        bytes(damaged),
        _tar({"a": CSV})[:700],
        tarred.getvalue(),
        b"Rar!\x1a\x07\x00",
        _zip({"a": CSV})[:-9],
    ]
    samples += [
        winmail([("a", b"b", None)])[:-3],
        _zip({f"{n}.csv": b"x" for n in range(10_001)}, zipfile.ZIP_STORED),
        gzip.compress(CSV)[:-5],
    ]
    for content in samples:
        *_, file = unpack(content, "x")
        assert re.search("[\u4e00-\u9fff]", detail_in(file.refused, file.detail, "zh")), file
        assert not re.search("[\u4e00-\u9fff]", detail_in(file.refused, file.detail, "en"))


SALES = "日期,商品,数量\n2026-09-01,A001,3\n2026-09-02,A002,4\n2026-09-03,A003,5\n".encode()


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz"])
def test_the_end_of_a_compressed_tar_is_proven(kind: str) -> None:
    """Its last member ends before the stream does: without the checksum behind it nobody knows that the bytes are right."""
    import bz2
    import gzip
    import lzma
    import tarfile

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("a.csv")
        info.size = len(SALES)
        archive.addfile(info, io.BytesIO(SALES))
    content = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}[kind](buffer.getvalue())
    assert read_blind(content, "a.tar").held is None
    for damaged in (content[:-6], content[:-2], content[:-6] + bytes(byte ^ 1 for byte in content[-6:])):
        assert read_blind(damaged, "a.tar").held == "damaged_file"
