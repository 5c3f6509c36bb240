"""Members of 7z archives, with passwords and encrypted names.

``py7zr`` bounds the counts of a header by the bytes that are there; its own upper limits are lowered here to what is sensible for
a received file. What members expand to is refused by the stated sizes, which govern how much is ever written.
"""

from __future__ import annotations

import io
import lzma
from collections.abc import Iterator, Sequence
from typing import Any

from taihu.core.errors import ContentRefused
from taihu.formats.member_names import BROKEN_ARCHIVE, is_unsafe
from taihu.read.expanding import Opening, Part
from taihu.read.limits import MAX_EXPANDED, MAX_MEMBERS, MAX_RATIO, RATIO_FROM
from taihu.read.zips import broken

_LONGEST_HEADER = 16 << 20
_ONE_BY_ONE = 100


def seven_zip_parts(content: bytes, opening: Opening) -> Iterator[Part]:
    """The files in a 7z archive.

    Raises:
        ContentRefused: ``damaged_file``, ``wrong_password``, ``too_large`` or ``unsupported_archive``, for the archive as a whole.
    """
    _lower_limits()
    for password in (None, *opening.candidates()):
        try:
            parts = _parts(content, password, opening)
        except _WrongPassword:
            continue
        opening.fitted = password or opening.fitted
        yield from parts
        return
    raise ContentRefused("wrong_password")


class _WrongPassword(Exception):
    """This password (or none) does not open it."""


def _lower_limits() -> None:
    from py7zr import archiveinfo

    archiveinfo.MAX_HEADER_SIZE = _LONGEST_HEADER
    archiveinfo.MAX_NUMFILES = archiveinfo.MAX_SUBSTREAMS = archiveinfo.MAX_NUMFOLDERS = 10 * MAX_MEMBERS


def _parts(content: bytes, password: str | None, opening: Opening) -> Sequence[Part]:
    import py7zr

    try:
        with py7zr.SevenZipFile(io.BytesIO(content), password=password, max_extract_size=MAX_EXPANDED) as archive:
            if password is None and archive.needs_password():
                raise _WrongPassword
            return _extracted(archive, content, password, opening)
    except Exception as error:
        raise _translated(error, password) from None


def _translated(error: Exception, password: str | None) -> Exception:
    """What went wrong: a password that does not fit shows as any damage of the unpacked bytes."""
    from py7zr import exceptions as failures

    if isinstance(error, (ContentRefused, _WrongPassword)):
        return error
    if isinstance(error, failures.UnsupportedCompressionMethodError):
        return ContentRefused("unsupported_archive", "a member is packed with a method that is not known")
    if isinstance(error, failures.DecompressionBombError):
        return ContentRefused("too_large", f"it expands to more than {MAX_EXPANDED:,} bytes")
    known = (failures.PasswordRequired, failures.ArchiveError, lzma.LZMAError, TypeError, AssertionError, AttributeError, *BROKEN_ARCHIVE)
    if isinstance(error, failures.PasswordRequired) or (password is not None and isinstance(error, known)):
        return _WrongPassword()
    return broken(error)


def _extracted(archive: Any, content: bytes, password: str | None, opening: Opening) -> list[Part]:
    infos = [info for info in archive.list() if not info.is_directory]
    _afford(infos, len(content), opening)
    refused = {info.filename: why for info in infos if (why := _refusal(info)) is not None}
    wanted = list(dict.fromkeys(info.filename for info in infos if info.filename not in refused))
    sizes = {info.filename: info.uncompressed for info in infos}
    contents, damaged = _contents(archive, wanted, password is not None)
    opening.budget.spend(sum(len(each) for each in contents.values()))
    parts: list[Part] = []
    seen: set[str] = set()
    for name in (info.filename for info in infos):
        if name in seen:
            parts.append(Part(name, refused=ContentRefused("unsafe_member", "two members have one name")))
            continue
        seen.add(name)
        why = refused.get(name) or damaged.get(name)
        found = contents.get(name, b"")
        if why is None and name not in contents and sizes[name]:
            why = ContentRefused("damaged_file", "a member of the archive is damaged")
        parts.append(Part(name, found, why))
    return parts


def _afford(infos: Sequence[Any], packed: int, opening: Opening) -> None:
    expanded = sum(info.uncompressed for info in infos)
    if len(infos) > MAX_MEMBERS or expanded > opening.budget.left or (expanded > RATIO_FROM and expanded > MAX_RATIO * packed):
        raise ContentRefused("too_large", f"{len(infos)} members that expand to {expanded:,} bytes")


def _refusal(info: Any) -> ContentRefused | None:
    if is_unsafe(info.filename):
        return ContentRefused("unsafe_name")
    if info.is_symlink or not info.is_file:
        return ContentRefused("unsafe_member", "a member is a link")
    return None


def _contents(archive: Any, names: Sequence[str], is_encrypted: bool) -> tuple[dict[str, bytes], dict[str, ContentRefused]]:
    """The bytes of members by name; where one of a few is damaged, the others are taken one by one."""
    from py7zr import exceptions as failures
    from py7zr.io import BytesIOFactory

    def extract(targets: Sequence[str]) -> dict[str, bytes]:
        factory = BytesIOFactory(limit=MAX_EXPANDED)
        archive.reset()
        archive.extract(targets=list(targets), factory=factory)
        return {name: product.read() for name, product in factory.products.items()}

    if not names:
        return {}, {}
    try:
        return _by_name(extract(names), names), {}
    except (failures.ArchiveError, lzma.LZMAError, *BROKEN_ARCHIVE):
        if is_encrypted or not 1 < len(names) <= _ONE_BY_ONE:
            raise
    contents: dict[str, bytes] = {}
    damaged: dict[str, ContentRefused] = {}
    for name in names:
        try:
            contents.update(_by_name(extract([name]), [name]))
        except (failures.ArchiveError, lzma.LZMAError, *BROKEN_ARCHIVE) as error:
            damaged[name] = broken(error)
    return contents, damaged


def _by_name(products: dict[str, bytes], names: Sequence[str]) -> dict[str, bytes]:
    """The library gives bytes under names that it has tidied for use as paths."""
    from py7zr.helpers import get_sanitized_output_path

    tidy = {get_sanitized_output_path(name, None).as_posix(): name for name in names}
    return {tidy.get(name, name): content for name, content in products.items()}
