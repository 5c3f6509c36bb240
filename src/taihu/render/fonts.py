"""The packaged font, and the promise that no glyph of it is missing.

Everything we draw as PDF, SVG or PNG uses Noto Sans SC from a wheel, so a report has the same bytes on every machine and no
company name turns into boxes. Typst draws a box without a word when a glyph is missing; therefore texts are checked before.
The font's tables are read here directly: ranges of its ``cmap`` and widths of its ``hmtx`` cost 2 MB, a font library 15 MB.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from taihu.core.errors import TerminalError

FAMILY = "Noto Sans SC"
FALLBACKS = ("Noto Sans JP", "Noto Sans TC", "Noto Sans KR")
_PACKAGE = "justmytype_intl_cjk"
_FILES = {
    FAMILY: "notosanssc/NotoSansSC[wght].ttf",
    "Noto Sans JP": "notosansjp/NotoSansJP[wght].ttf",
    "Noto Sans TC": "notosanstc/NotoSansTC[wght].ttf",
    "Noto Sans KR": "notosanskr/NotoSansKR[wght].ttf",
}
_IGNORED = frozenset("\n\r\t\u200b\u2060\ufeff\ufe0f\u00ad")


class MissingGlyph(TerminalError):
    """A text holds characters that the packaged fonts cannot draw."""


@dataclass(frozen=True, slots=True)
class FontFace:
    """What we need to know of one font file: which characters it draws and how wide each of them is.

    Attributes:
        starts: First characters of the ranges of the ``cmap``, ascending.
        ends: Last characters of the same ranges.
        glyphs: Glyph number of each range's first character.
        advances: Widths of the glyphs in font units; the last one repeats.
        units: Font units per em.
    """

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    glyphs: tuple[int, ...]
    advances: tuple[int, ...]
    units: int

    def glyph(self, character: str) -> int | None:
        """The glyph number of a character, None if the font lacks it."""
        code = ord(character)
        at = bisect_right(self.starts, code) - 1
        if at < 0 or code > self.ends[at]:
            return None
        return self.glyphs[at] + code - self.starts[at]

    def width(self, text: str) -> float:
        """The width of a text in em; a character that the font lacks counts as one em."""
        last = len(self.advances) - 1
        total = 0
        for character in text:
            glyph = self.glyph(character)
            total += self.units if glyph is None else self.advances[min(glyph, last)]
        return total / self.units


def folder() -> Path:
    """The folder of the packaged fonts.

    Raises:
        TerminalError: The font package is not installed.
    """
    try:
        root = resources.files(_PACKAGE)
    except ModuleNotFoundError:
        raise TerminalError("the packaged Chinese font is not installed", fix="pip install justmytype-intl-cjk") from None
    place = Path(str(root)) / "fonts" / "ofl"
    if not (place / _FILES[FAMILY]).is_file():
        raise TerminalError(f"the font package {_PACKAGE} holds no {FAMILY}", fix="pip install --force-reinstall justmytype-intl-cjk")
    return place


@lru_cache(maxsize=1)
def typst_fonts() -> Any:
    """The packaged fonts for typst, found once a process; no font of the machine is ever looked at."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder())])


@lru_cache(maxsize=4)
def face(family: str = FAMILY) -> FontFace:
    """Read the tables of a packaged font that we need."""
    with (folder() / _FILES[family]).open("rb") as file:
        header = file.read(12)
        count = struct.unpack(">H", header[4:6])[0]
        records = [struct.unpack(">4sLLL", file.read(16)) for _ in range(count)]
        places = {tag.decode("latin-1"): (offset, length) for tag, _, offset, length in records}

        def table(tag: str) -> bytes:
            offset, length = places[tag]
            file.seek(offset)
            return file.read(length)

        units = struct.unpack(">H", table("head")[18:20])[0]
        metrics = struct.unpack(">H", table("hhea")[34:36])[0]
        advances = struct.unpack(f">{metrics * 2}H", table("hmtx")[: metrics * 4])[::2]
        groups = _unicode_groups(table("cmap"))
    return FontFace(
        starts=tuple(group[0] for group in groups),
        ends=tuple(group[1] for group in groups),
        glyphs=tuple(group[2] for group in groups),
        advances=advances,
        units=units,
    )


def _unicode_groups(cmap: bytes) -> list[tuple[int, int, int]]:
    """The groups (first, last, first glyph) of the full-Unicode subtable, which is always in format 12."""
    count = struct.unpack(">H", cmap[2:4])[0]
    for n in range(count):
        platform, encoding, offset = struct.unpack(">HHL", cmap[4 + 8 * n : 12 + 8 * n])
        if (platform, encoding) in ((3, 10), (0, 4), (0, 6)) and struct.unpack(">H", cmap[offset : offset + 2])[0] == 12:
            groups = struct.unpack(">L", cmap[offset + 12 : offset + 16])[0]
            start = offset + 16
            return sorted(struct.unpack(">LLL", cmap[start + 12 * g : start + 12 * g + 12]) for g in range(groups))
    raise TerminalError("the packaged font has no full Unicode table", fix="pip install --force-reinstall justmytype-intl-cjk")


def missing_characters(texts: Iterable[str]) -> list[str]:
    """Characters of the texts that no packaged font can draw, ascending."""
    characters = set().union(*map(set, texts)) - _IGNORED
    return sorted(character for character in characters if not _is_drawn(character))


@lru_cache(maxsize=1 << 16)
def _is_drawn(character: str) -> bool:
    """Whether a packaged font has the character; asked anew for every document, which all use much the same ones."""
    return any(face(family).glyph(character) is not None for family in (FAMILY, *FALLBACKS))


def spelled_out(value: Any) -> Any:
    """Plain values with every character that no packaged font can draw written as ``[U+FFFD]``.

    What senders write (names, garbled headers) must not keep a report from being made, and a reader still sees what stood there.
    """
    missing = missing_characters(_texts(value))
    return _replaced(value, str.maketrans({character: f"[U+{ord(character):04X}]" for character in missing})) if missing else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _replaced(value: Any, table: dict[int, str]) -> Any:
    if isinstance(value, str):
        return value.translate(table)
    if isinstance(value, dict):
        return {key: _replaced(item, table) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replaced(item, table) for item in value]
    return value


def require_glyphs(texts: Iterable[str], *, where: str) -> None:
    """Refuse texts that could not be drawn.

    Args:
        texts: All that is going to be drawn.
        where: What is being drawn, for the message.

    Raises:
        MissingGlyph: A character is in none of the packaged fonts.
    """
    missing = missing_characters(texts)
    if missing:
        named = ", ".join(f"U+{ord(character):04X}" for character in missing[:10])
        raise MissingGlyph(
            f"{len(missing)} character(s) are in none of the packaged fonts: {named}",
            where=where,
            fix="write the name with a character that the font has (the workbook, which uses the reader's fonts, can keep it)",
        )
