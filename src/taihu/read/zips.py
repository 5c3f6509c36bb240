"""Members of zip archives: names in any encoding, ZipCrypto and AES, zip64, data descriptors, bytes before the archive."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from taihu.core.errors import ContentRefused
from taihu.formats.member_names import BROKEN_ARCHIVE, member_name
from taihu.formats.zip_directory import TooManyEntries, open_zip, overlapping
from taihu.read.expanding import Counted, Exhausted, Opening, Part
from taihu.read.limits import MAX_MEMBERS, check_expansion

_ENCRYPTED = 1
_STRONG_ENCRYPTION = 0x40
_METHODS = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 96: "JPEG", 97: "WavPack", 98: "PPMd"}


def zip_parts(content: bytes, opening: Opening) -> Iterator[Part]:
    """The files in a zip archive, in the order of its directory.

    Raises:
        ContentRefused: ``damaged_file`` or ``too_large``, for the archive as a whole.
    """
    try:
        archive, infos = _opened(content)
    except TooManyEntries:
        raise ContentRefused("too_large", f"more than {MAX_MEMBERS:,} members") from None
    except Exception as error:  # pyzipper's errors are not those of zipfile
        raise broken(error) from None
    with archive:
        check_expansion(archive)
        if overlapping(infos):
            raise ContentRefused("too_large", "members of the archive overlap")
        for info in infos:
            name = member_name(info)
            if name.endswith("/"):
                continue
            try:
                yield Part(name, _content(archive, info, opening))
            except Exhausted:
                raise
            except ContentRefused as refused:
                yield Part(name, refused=refused)


def _opened(content: bytes) -> tuple[Any, Sequence[zipfile.ZipInfo]]:
    archive = open_zip(content)
    if any(info.flag_bits & _ENCRYPTED for info in archive.infolist()):
        import pyzipper

        archive.close()
        archive = open_zip(content, pyzipper.AESZipFile)
    return archive, archive.infolist()


def broken(error: Exception) -> ContentRefused:
    """An archive that makes no sense; the type of the error says how, its text could quote content."""
    return ContentRefused("damaged_file", f"the archive cannot be unpacked ({type(error).__name__})")


def _content(archive: Any, info: zipfile.ZipInfo, opening: Opening) -> bytes:
    opening.budget.afford(info.file_size)
    if info.flag_bits & _STRONG_ENCRYPTION or info.compress_type in _METHODS:
        method = _METHODS.get(info.compress_type, "its encryption")
        raise ContentRefused("unsupported_archive", f"a member is packed with {method}")
    try:
        return _decrypted(archive, info, opening) if info.flag_bits & _ENCRYPTED else _read(archive, info, opening, None)
    except ContentRefused:
        raise
    except NotImplementedError:
        raise ContentRefused("unsupported_archive", "a member is packed with a method that is not known") from None
    except Exception as error:  # pyzipper's errors are not those of zipfile
        raise broken(error) from None


def _read(archive: Any, info: zipfile.ZipInfo, opening: Opening, password: bytes | None) -> bytes:
    with archive.open(info, pwd=password) as stream:
        content = Counted(stream, info.compress_size, opening.budget).exactly(info.file_size)
        # The checksum is compared when the end is met, so one must look beyond the last byte.
        if len(content) != info.file_size or stream.read(1):
            raise zipfile.BadZipFile("a member is not as long as the archive says")
    return content


def _decrypted(archive: Any, info: zipfile.ZipInfo, opening: Opening) -> bytes:
    """ZipCrypto and AES; each password is proven by reading, because the header's check byte lets one in 256 pass."""
    import pyzipper

    damaged = False
    for password in opening.candidates():
        for form in byte_forms(password):
            try:
                content = _read(archive, info, opening, form)
            except (ContentRefused, NotImplementedError):
                raise
            except (pyzipper.BadZipFile, *BROKEN_ARCHIVE) as error:
                # AES proves a password before the content; what fails after that proof is damaged.
                damaged |= getattr(info, "wz_aes_version", None) is not None and not isinstance(error, RuntimeError)
                continue
            opening.fitted = password
            return content
    if damaged:
        raise ContentRefused("damaged_file", "a member of the archive is damaged")
    raise ContentRefused("wrong_password")


def byte_forms(password: str) -> Iterator[bytes]:
    """A password as bytes: a Chinese one both in UTF-8 and in GBK."""
    yield password.encode("utf-8", errors="replace")
    if not password.isascii():
        yield password.encode("gb18030", errors="replace")
