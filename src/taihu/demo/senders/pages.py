"""Pages of PDF as offices print them: texts at places, lines between them, in the font that every Chinese reader brings along."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

_FONT = (
    b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[4 0 R]>>",
    b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>"
    b"/DW 1000/W[1 95 500]/FontDescriptor 5 0 R>>",
    b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 880/Descent -120/StemV 93>>",
)


class Page:
    """One page; places are points from the left and from the top.

    Args:
        width: Of the page, in points.
        height: Of the page, in points.
    """

    def __init__(self, width: float = 842, height: float = 595) -> None:
        self._width, self._height = width, height
        self._drawn: list[str] = []

    def text(self, left: float, top: float, text: str, size: float = 8) -> None:
        """Write a text whose baseline is at ``top``."""
        code = text.encode("utf-16-be").hex()
        self._drawn.append(f"BT /F1 {size} Tf 1 0 0 1 {left:.2f} {self._height - top:.2f} Tm <{code}> Tj ET")

    def text_to(self, right: float, top: float, text: str, size: float = 8) -> None:
        """Write a text that ends at ``right``."""
        self.text(right - width_of(text, size), top, text, size)

    def line(self, left: float, top: float, right: float, bottom: float) -> None:
        """Draw a thin line."""
        self._drawn.append(f"0.5 w {left:.2f} {self._height - top:.2f} m {right:.2f} {self._height - bottom:.2f} l S")

    def grid(self, edges: Sequence[float], tops: Sequence[float]) -> None:
        """Draw the lines of a table: its columns' edges and its rows' tops, the last bottom included."""
        for top in tops:
            self.line(edges[0], top, edges[-1], top)
        for edge in edges:
            self.line(edge, tops[0], edge, tops[-1])

    def objects(self, number: int) -> tuple[bytes, bytes]:
        """The content stream and the page that shows it, the stream being object ``number``."""
        content = zlib.compress("\n".join(self._drawn).encode("ascii"))
        stream = b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(content), content)
        box = b"/MediaBox[0 0 %g %g]" % (self._width, self._height)
        return stream, b"<</Type/Page/Parent 2 0 R%s/Contents %d 0 R/Resources<</Font<</F1 3 0 R>>>>>>" % (box, number)


def width_of(text: str, size: float) -> float:
    """Width of a text in points: a Chinese character is as wide as it is high, a Latin one half of that."""
    return sum(size if ord(character) > 255 else size / 2 for character in text)


def pdf(pages: Sequence[Page]) -> bytes:
    """The pages as one file; equal pages give equal bytes."""
    objects: list[bytes] = [b"<</Type/Catalog/Pages 2 0 R>>", b"", *_FONT]
    shown = []
    for page in pages:
        objects += page.objects(len(objects) + 1)
        shown.append(b"%d 0 R" % len(objects))
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(shown), b" ".join(shown))
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return bytes(out + end % (len(objects) + 1, table, len(objects) + 1, len(out)))
