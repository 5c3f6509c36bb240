"""What a page of a PDF file shows: characters with their places, rules and shaded boxes; nothing is rendered.

The parser of PDF takes memory for whatever a file asks for, so its decoders are bounded here, and what a page draws is counted
while it is drawn. Text that nobody sees (the invisible layer that text recognition leaves over a scan) is counted apart and
never read as if the sender had written it.
"""

from __future__ import annotations

import itertools
import logging
import math
import threading
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from taihu.core.errors import ContentRefused

MAX_PAGES = 1000
_MOST_CHARS = 60_000
_MOST_CHARS_TOGETHER = 3_000_000
_MOST_RULES = 20_000
_MOST_FIGURES = 20_000
_MOST_DECODED = 160 << 20
_MOST_OF_ONE = 64 << 20
_MOST_COLUMNS = 1 << 20
_THIN = 2.5
_INVISIBLE = 3


class Char(NamedTuple):
    """A character: left and right end, baseline (growing downwards), size, all in points; ``run`` counts what was shown at once."""

    left: float
    right: float
    y: float
    size: float
    text: str
    run: int


class Rule(NamedTuple):
    """A horizontal or vertical line."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(slots=True)
class Page:
    """One page, turned so that most of its text stands upright."""

    number: int
    width: float
    height: float
    chars: list[Char] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    shades: list[Rule] = field(default_factory=list)
    pictures: int = 0
    unseen: int = 0
    unmapped: int = 0
    slanted: int = 0


class _Room(threading.local):
    """Bytes that the streams of the document that is being read may still expand to."""

    left = _MOST_DECODED


_room = _Room()


def pages_of(content: bytes, passwords: Sequence[str] = ()) -> Iterator[Page]:
    """The pages of a PDF file, one after the other.

    Raises:
        ContentRefused: ``wrong_password``, ``too_large``.
        Exception: Whatever the parser meets in a damaged file.
    """
    import io

    from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
    from pdfminer.pdfpage import PDFPage

    _bound_decoders()
    _room.left = _MOST_DECODED
    document = _opened(io.BytesIO(content), passwords)
    resources = PDFResourceManager()
    together = 0
    for number, source in enumerate(PDFPage.create_pages(document), start=1):
        if number > MAX_PAGES:
            raise ContentRefused("too_large", f"a PDF of more than {MAX_PAGES:,} pages")
        collector = _collector(resources, number)
        PDFPageInterpreter(resources, collector).process_page(source)
        page: Page = collector.page
        together += len(page.chars)
        if together > _MOST_CHARS_TOGETHER:
            raise ContentRefused("too_large", f"a PDF of more than {_MOST_CHARS_TOGETHER:,} characters")
        yield page


def _opened(file: Any, passwords: Sequence[str]) -> Any:
    """The document, opened with the first password that fits; many are encrypted against changes only, with an empty one."""
    from pdfminer.pdfdocument import PDFDocument, PDFPasswordIncorrect
    from pdfminer.pdfparser import PDFParser

    for password in ("", *passwords):
        file.seek(0)
        try:
            return PDFDocument(PDFParser(file), password)
        except PDFPasswordIncorrect:
            continue
    raise ContentRefused("wrong_password", "the PDF is protected by a password")


# limits ----------------------------------------------------------------------------------------------------------------


def _bound_decoders() -> None:
    """Let the parser's decoders stop at a limit instead of at the end of memory."""
    from pdfminer import pdftypes

    module: Any = pdftypes
    if module.zlib is _BoundZlib:
        return
    # What the parser has to say of a file is said once, by what was read or why not.
    logging.getLogger("pdfminer").setLevel(logging.CRITICAL)
    module.zlib = _BoundZlib
    module.lzwdecode = _bound_lzw
    module.rldecode = _spent(module.rldecode)
    module.ccittfaxdecode = _no_picture
    module.apply_png_predictor = _columns_checked(module.apply_png_predictor, 2)
    module.apply_tiff_predictor = _columns_checked(module.apply_tiff_predictor, 1)


def _spend(size: int) -> None:
    _room.left -= size
    if size > _MOST_OF_ONE or _room.left < 0:
        raise ContentRefused("too_large", "a stream of the PDF expands too far")


class _BoundZlib:
    """What takes the place of the module ``zlib``."""

    error = zlib.error

    @staticmethod
    def decompress(data: bytes) -> bytes:
        engine = zlib.decompressobj()
        out = engine.decompress(data, _MOST_OF_ONE + 1)
        _spend(len(out))
        if not engine.eof:
            raise zlib.error("incomplete stream")
        return out

    @staticmethod
    def decompressobj() -> Any:
        return _BoundObject()


class _BoundObject:
    """For damaged streams, which are taken byte by byte as far as they go."""

    def __init__(self) -> None:
        self._engine = zlib.decompressobj()

    def decompress(self, data: bytes) -> bytes:
        out = self._engine.decompress(data, _MOST_OF_ONE + 1)
        _spend(len(out))
        return out


def _bound_lzw(data: bytes) -> bytes:
    import io

    from pdfminer.lzw import LZWDecoder

    out = bytearray()
    for piece in LZWDecoder(io.BytesIO(data)).run():
        out += piece
        if len(out) > _MOST_OF_ONE:
            break
    _spend(len(out))
    return bytes(out)


def _spent(decode: Any) -> Any:
    """A decoder whose output is at most 128 times its input."""

    def bound(data: bytes) -> bytes:
        if len(data) > _MOST_OF_ONE // 16:
            raise ContentRefused("too_large", "a stream of the PDF expands too far")
        out: bytes = decode(data)
        _spend(len(out))
        return out

    return bound


def _no_picture(*_: Any) -> bytes:
    return b""


def _columns_checked(undo: Any, at: int) -> Any:
    def bound(*arguments: Any) -> Any:
        if any(number > _MOST_COLUMNS for number in arguments[at - 1 : at + 2] if isinstance(number, int)):
            raise ContentRefused("too_large", "a stream of the PDF states lines that are too long")
        return undo(*arguments)

    return bound


# collecting ------------------------------------------------------------------------------------------------------------


def _collector(resources: Any, number: int) -> Any:
    """A device that keeps what is drawn; a class of its own because its base is only loaded for PDF files."""
    from pdfminer.pdfdevice import PDFTextDevice
    from pdfminer.pdffont import PDFUnicodeNotDefined

    class Collector(PDFTextDevice):
        def __init__(self) -> None:
            super().__init__(resources)
            self.drawn = _Drawn(number)
            self.page: Page | None = None

        def begin_page(self, page: Any, ctm: Any) -> None:
            self.drawn.begin(page, ctm)

        def end_page(self, page: Any) -> None:
            self.page = self.drawn.page()

        def begin_figure(self, name: str, bbox: Any, matrix: Any) -> None:
            self.drawn.count_figure()

        def render_image(self, name: str, stream: Any) -> None:
            self.drawn.pictures += 1

        def render_string(self, textstate: Any, seq: Any, ncs: Any, graphicstate: Any) -> None:
            self.drawn.run += 1
            self.drawn.is_seen = textstate.render != _INVISIBLE
            super().render_string(textstate, seq, ncs, graphicstate)

        def render_char(  # type: ignore[override]
            self, matrix: Any, font: Any, fontsize: float, scaling: float, rise: float, cid: int, ncs: Any, graphicstate: Any
        ) -> float:
            advance = font.char_width(cid) * fontsize * scaling
            try:
                text = font.to_unichr(cid)
            except PDFUnicodeNotDefined:
                text = ""
            origin = 0.0
            if font.is_vertical():
                origin, width = -fontsize * 0.5, fontsize
            else:
                width = advance
            self.drawn.char(text, matrix, origin, width, rise, fontsize)
            return float(advance)

        def paint_path(self, graphicstate: Any, stroke: bool, fill: bool, evenodd: bool, path: Any) -> None:
            self.drawn.path(self.ctm, stroke, fill, path)

    return Collector()


class _Drawn:
    """What has been drawn on a page so far, in its own coordinates (growing upwards)."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.run = 0
        self.is_seen = True
        self.pictures = 0
        self._figures = 0
        self._glyphs: list[tuple[float, float, float, float, float, str, int]] = []
        self._angles: Counter[int] = Counter()
        self._lines: list[tuple[float, float, float, float]] = []
        self._shades: list[tuple[float, float, float, float]] = []
        self._box = (0.0, 0.0, 0.0, 0.0)
        self._shown = self._unseen = self._unmapped = 0

    def begin(self, page: Any, ctm: Any) -> None:
        from pdfminer.utils import apply_matrix_rect

        self._box = apply_matrix_rect(ctm, page.cropbox or page.mediabox)

    def count_figure(self) -> None:
        self._figures += 1
        if self._figures > _MOST_FIGURES:
            raise ContentRefused("too_large", f"page {self.number} draws more than {_MOST_FIGURES:,} figures")

    def char(self, text: str, matrix: Any, origin: float, width: float, rise: float, fontsize: float) -> None:
        self._shown += 1
        if self._shown > _MOST_CHARS:
            raise ContentRefused("too_large", f"page {self.number} has more than {_MOST_CHARS:,} characters")
        (a, b, c, d, e, f) = matrix
        left, bottom = a * origin + c * rise + e, b * origin + d * rise + f
        right, top = left + a * width, bottom + b * width
        if not (self._box[0] - 1 <= left <= self._box[2] + 1 and self._box[1] - 1 <= bottom <= self._box[3] + 1):
            return
        if not self.is_seen:
            self._unseen += 1
            return
        if not text:
            self._unmapped += 1
        size = math.hypot(c, d) * fontsize
        angle = round(math.degrees(math.atan2(b, a))) % 360
        self._glyphs.append((left, bottom, right, top, size, text or "\ufffd", self.run))
        self._angles[angle] += 1

    def path(self, ctm: Any, stroke: bool, fill: bool, path: Any) -> None:
        from pdfminer.utils import apply_matrix_pt

        points: list[tuple[float, float]] = []
        for segment in (*path, ("m",)):
            operator = segment[0]
            if operator == "m":
                self._shape(points, stroke, fill)
                points = []
            if operator in ("m", "l") and len(segment) == 3:
                points.append(apply_matrix_pt(ctm, (float(segment[1]), float(segment[2]))))
            elif operator == "h" and points:
                points.append(points[0])
            elif operator in ("c", "v", "y"):
                points.append(apply_matrix_pt(ctm, (float(segment[-2]), float(segment[-1]))))
        if len(self._lines) + len(self._shades) > _MOST_RULES:
            raise ContentRefused("too_large", f"page {self.number} draws more than {_MOST_RULES:,} lines")

    def _shape(self, points: Sequence[tuple[float, float]], stroke: bool, fill: bool) -> None:
        if len(points) < 2:
            return
        xs, ys = [x for x, _ in points], [y for _, y in points]
        box = (min(xs), min(ys), max(xs), max(ys))
        width, height = box[2] - box[0], box[3] - box[1]
        if min(width, height) <= _THIN:
            # A line, or a long thin box that stands for one.
            if max(width, height) > _THIN or stroke:
                x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
                self._lines.append((x, box[1], x, box[3]) if height > width else (box[0], y, box[2], y))
        elif stroke:
            for (x0, y0), (x1, y1) in itertools.pairwise(points):
                if abs(x0 - x1) <= 1 or abs(y0 - y1) <= 1:
                    self._lines.append((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)))
        elif fill and len(points) in (4, 5):
            self._shades.append(box)

    def page(self) -> Page:
        """The page as most of its text is to be read: turned by quarters where that is not upright."""
        x0, y0, x1, y1 = self._box
        quarter = self._angles.most_common(1)[0][0] if self._angles else 0
        turn = quarter if quarter in (90, 180, 270) else 0
        width, height = (x1 - x0, y1 - y0) if turn in (0, 180) else (y1 - y0, x1 - x0)

        def placed(x: float, y: float) -> tuple[float, float]:
            if turn == 90:
                return y - y0, x - x0
            if turn == 180:
                return x1 - x, y - y0
            if turn == 270:
                return y1 - y, x1 - x
            return x - x0, y1 - y

        page = Page(self.number, width, height, pictures=self.pictures, unseen=self._unseen, unmapped=self._unmapped)
        seen: set[tuple[str, int, int]] = set()
        for left, bottom, right, top, size, text, run in self._glyphs:
            (ax, ay), (bx, by) = placed(left, bottom), placed(right, top)
            if abs(by - ay) > 0.2 * abs(bx - ax) + 0.05 * size:
                page.slanted += not text.isspace()
                continue
            # Bold is often made by showing a text twice, hardly moved.
            near = (text, round(ax / (0.06 * size or 1)), round(ay / (0.06 * size or 1)))
            around = [(text, near[1] + across, near[2] + down) for across in (-1, 0, 1) for down in (-1, 0, 1)]
            if not text.isspace() and any(place in seen for place in around):
                continue
            seen.add(near)
            page.chars.append(Char(min(ax, bx), max(ax, bx), ay, size, text, run))
        page.rules = [_turned(placed, line) for line in self._lines]
        page.shades = [_turned(placed, box) for box in self._shades]
        return page


def _turned(placed: Any, box: tuple[float, float, float, float]) -> Rule:
    (ax, ay), (bx, by) = placed(box[0], box[1]), placed(box[2], box[3])
    return Rule(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))
