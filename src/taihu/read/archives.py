"""Unpacking: archives, encrypted workbooks and mails inside what was received, in memory, within limits.

Members are never written to disk under their own names. A password that is tried and does not fit is not an error until
none is left.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from taihu.core.errors import ContentRefused
from taihu.formats.kind import kind_of
from taihu.formats.mail_headers import parse_mail
from taihu.formats.member_names import BROKEN_ARCHIVE, is_clutter, is_unsafe, member_name
from taihu.read.limits import MAX_DEPTH, MAX_EXPANDED, MAX_RATIO, RATIO_FROM, check_expansion

_CONTAINERS = frozenset({"zip", "7z", "gz", "eml", "encrypted-office"})
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Unpacked:
    """One file inside what was received; ``member`` is the way to it (``a.zip/b.csv``), empty when nothing was packed."""

    member: str
    name: str
    content: bytes
    kind: str


def unpack(content: bytes, name: str, passwords: Sequence[str] = (), kind: str | None = None) -> Iterator[Unpacked]:
    """The files inside ``content``, depth first; a file that is no container is given as it is.

    Args:
        content: What was received.
        name: Its name.
        passwords: Tried in this order on whatever is encrypted.
        kind: Its kind, if the caller knows it.

    Raises:
        ContentRefused: ``damaged_file``, ``wrong_password``, ``too_large`` or ``unsafe_name``.
    """
    budget = [MAX_EXPANDED]
    yield from _unpack(Unpacked("", name, content, kind or kind_of(content, name)), passwords, 0, budget)


def _unpack(file: Unpacked, passwords: Sequence[str], depth: int, budget: list[int]) -> Iterator[Unpacked]:
    if file.kind not in _CONTAINERS:
        yield file
        return
    if depth >= MAX_DEPTH:
        raise ContentRefused("too_large", f"archives are packed more than {MAX_DEPTH} deep")
    if file.kind == "encrypted-office":
        opened = decrypt_office(file.content, passwords)
        yield Unpacked(file.member, file.name, opened, kind_of(opened))
        return
    for name, content in _members(file, passwords, budget):
        if is_unsafe(name):
            raise ContentRefused("unsafe_name")
        if is_clutter(name):
            continue
        member = f"{file.member}/{name}" if file.member else name
        yield from _unpack(Unpacked(member, name, content, kind_of(content, name)), passwords, depth + 1, budget)


def _members(file: Unpacked, passwords: Sequence[str], budget: list[int]) -> Iterator[tuple[str, bytes]]:
    if file.kind == "zip":
        return _zip_members(file.content, passwords, budget)
    if file.kind == "7z":
        return _7z_members(file.content, passwords, budget)
    if file.kind == "gz":
        return iter([(file.name.removesuffix(".gz") or "content", _gunzip(file.content, budget))])
    parts = parse_mail(file.content).parts
    attached = [(part.name, part.content) for part in parts if part.is_attachment and part.name]
    # Excel saves "single file web pages" as a mail whose pages are its only content, under the name .xls.
    return iter(attached or [(f"part{part.index}.html", part.content) for part in parts if part.content_type == "text/html"])


def _spend(budget: list[int], size: int) -> None:
    budget[0] -= size
    if budget[0] < 0:
        raise ContentRefused("too_large", f"it expands to more than {MAX_EXPANDED:,} bytes")


def _zip_members(content: bytes, passwords: Sequence[str], budget: list[int]) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            check_expansion(archive)
            infos = [info for info in archive.infolist() if not info.is_dir()]
            if any(info.flag_bits & 1 for info in infos):
                yield from _encrypted_zip(content, passwords, budget)
                return
            for info in infos:
                with archive.open(info) as stream:
                    yield member_name(info), _bounded(stream, budget, info.compress_size)
    except BROKEN_ARCHIVE as error:
        raise ContentRefused("damaged_file", f"the archive cannot be unpacked ({type(error).__name__})") from None


def _bounded(stream: Any, budget: list[int], packed: int) -> bytes:
    """Read a member while counting what it really expands to; declared sizes may lie."""
    pieces, size = [], 0
    while piece := stream.read(_CHUNK):
        size += len(piece)
        _spend(budget, len(piece))
        if size > RATIO_FROM and size / max(1, packed) > MAX_RATIO:
            raise ContentRefused("too_large", "a member expands more than two hundred times")
        pieces.append(piece)
    return b"".join(pieces)


def _encrypted_zip(content: bytes, passwords: Sequence[str], budget: list[int]) -> Iterator[tuple[str, bytes]]:
    """ZipCrypto and AES; each password is proven by reading, because the header's check byte lets one in 256 pass."""
    import pyzipper

    fitting: bytes | None = None
    with pyzipper.AESZipFile(io.BytesIO(content)) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue
            data, damaged = None, False
            for password in _byte_forms(passwords, fitting):
                try:
                    with archive.open(info, pwd=password) as stream:
                        data = _bounded(stream, budget, info.compress_size)
                except (pyzipper.BadZipFile, *BROKEN_ARCHIVE) as error:
                    # AES proves a password before the content; what fails after that proof is damaged.
                    damaged |= getattr(info, "wz_aes_version", None) is not None and not isinstance(error, RuntimeError)
                    continue
                fitting = password
                break
            if data is None and damaged:
                raise ContentRefused("damaged_file", "a member of the archive is damaged")
            if data is None:
                raise ContentRefused("wrong_password")
            yield member_name(info), data


def _byte_forms(passwords: Sequence[str], fitting: bytes | None) -> Iterator[bytes]:
    """Passwords as bytes: the one that fitted before first; Chinese ones both in UTF-8 and in GBK."""
    if fitting is not None:
        yield fitting
    for password in passwords:
        yield password.encode()
        if not password.isascii():
            yield password.encode("gb18030")


def _7z_members(content: bytes, passwords: Sequence[str], budget: list[int]) -> Iterator[tuple[str, bytes]]:
    import py7zr
    import py7zr.exceptions as failures

    for password in (None, *passwords):
        try:
            with py7zr.SevenZipFile(io.BytesIO(content), password=password) as archive:
                if archive.needs_password() and password is None:
                    continue
                _spend(budget, sum(info.uncompressed for info in archive.list() if not info.is_directory))
                factory = py7zr.io.BytesIOFactory(limit=MAX_EXPANDED)
                archive.extractall(factory=factory)
                yield from ((name, product.read()) for name, product in factory.products.items())
                return
        except (
            failures.PasswordRequired,
            failures.Bad7zFile,
            failures.CrcError,
            failures.DecompressionError,
            EOFError,
            ValueError,
            OSError,
        ) as error:
            if password is None and not isinstance(error, failures.PasswordRequired):
                raise ContentRefused("damaged_file", f"the archive cannot be unpacked ({type(error).__name__})") from None
        except Exception as error:
            # lzma errors have no common class with the others, and a wrong password shows as any of them.
            if password is None or type(error).__name__ != "LZMAError":
                raise ContentRefused("damaged_file", f"the archive cannot be unpacked ({type(error).__name__})") from None
    raise ContentRefused("wrong_password")


def _gunzip(content: bytes, budget: list[int]) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
            return _bounded(stream, budget, len(content))
    except BROKEN_ARCHIVE as error:
        raise ContentRefused("damaged_file", f"the archive cannot be unpacked ({type(error).__name__})") from None


def decrypt_office(content: bytes, passwords: Sequence[str]) -> bytes:
    """An encrypted Office file in clear.

    Raises:
        ContentRefused: ``wrong_password`` when none fits, ``damaged_file``.
    """
    import msoffcrypto
    import msoffcrypto.exceptions as failures

    # Excel opens workbooks that are only protected against changes with this password of its own.
    for password in (*passwords, "VelvetSweatshop"):
        try:
            file = msoffcrypto.OfficeFile(io.BytesIO(content))
            file.load_key(password=password)
            out = io.BytesIO()
            file.decrypt(out)
            return out.getvalue()
        except (failures.InvalidKeyError, failures.DecryptionError):
            continue
        except Exception as error:
            # msoffcrypto raises whatever its parser meets on a cut-off file.
            raise ContentRefused("damaged_file", f"the encrypted file cannot be opened ({type(error).__name__})") from None
    raise ContentRefused("wrong_password")
