"""PDF files whose truth is known, made in three ways that share nothing: typst, a browser, and a writer of our own.

The writer shows texts as it is told (a glyph at a time, a line at a time, turned, unseen) and encrypts by the book
(ISO 32000-1, 7.6).
"""

from __future__ import annotations

import hashlib
import html
import os
import re
import shutil
import subprocess
import zlib
from collections.abc import Sequence
from pathlib import Path

from taihu.render.fonts import FAMILY, folder, typst_fonts

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
_HEAD = '#set page(width: {width}pt, height: {height}pt, margin: 30pt)\n#set text(font: "{family}", size: {size}pt)\n'


def typst_pdf(body: str, *, width: int = 500, height: int = 700, size: float = 9) -> bytes:
    """What typst makes of a text in its language."""
    import typst

    made = typst.compile((_HEAD.format(width=width, height=height, family=FAMILY, size=size) + body).encode(), font_paths=typst_fonts())
    assert isinstance(made, bytes)
    return made


def _text(cell: str) -> str:
    return '#"' + cell.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def table_pdf(
    rows: Sequence[Sequence[str]],
    *,
    ruled: bool,
    above: Sequence[str] = (),
    below: Sequence[str] = (),
    height: int = 700,
    width: int = 500,
    columns: Sequence[str] = (),
    align: Sequence[str] = (),
    repeat: bool = False,
    inset: str = "4pt",
    stroke: str = "0.5pt",
    extra: str = "",
) -> bytes:
    """A table with lines of text above and below it; it goes on over pages where the page is not high enough.

    Args:
        columns: Widths in typst's language; as wide as needed without.
        align: Alignment of each column.
        repeat: The first row stands on each page again.
        extra: More arguments of typst's ``table``.
    """
    cells = [", ".join("[" + _text(cell) + "]" for cell in row) for row in rows]
    body = "".join(f"{_text(line)}\n\n" for line in above)
    options = [f"columns: ({', '.join(columns)},)" if columns else f"columns: {len(rows[0])}", f"stroke: {stroke if ruled else 'none'}"]
    options += [f"inset: {inset}"] + ([f"align: ({', '.join(align)},)"] if align else []) + ([extra] if extra else [])
    head = f"table.header({cells[0]})" if repeat else cells[0]
    body += f"#table({', '.join(options)}, {head}, {', '.join(cells[1:])})\n\n"
    return typst_pdf(body + "".join(f"{_text(line)}\n\n" for line in below), height=height, width=width)


def placed_pdf(lines: Sequence[Sequence[tuple[float, str]]], *, pitch: float = 16, height: int = 700, width: int = 500) -> bytes:
    """Texts at exact places: each line a sequence of left edges (points) and texts."""
    pieces = []
    for number, line in enumerate(lines):
        pieces += [f"#place(dx: {left - 30}pt, dy: {number * pitch}pt, {_text(text).removeprefix('#')})" for left, text in line]
    return typst_pdf("\n".join(pieces), height=height, width=width)


def browser_pdf(body: str, folder_: Path, *, style: str = "") -> bytes:
    """A page of HTML as a browser prints it, in the packaged font."""
    font = (folder() / "notosanssc" / "NotoSansSC[wght].ttf").as_uri()
    sheet = (
        f"@font-face{{font-family:packaged;src:url('{font}')}}body{{font-family:packaged;font-size:9pt}}table{{border-collapse:collapse}}"
    )
    (folder_ / "page.html").write_text(f"<meta charset=utf-8><style>{sheet}{style}</style>{body}", encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--allow-file-access-from-files", "--disable-gpu", "--no-pdf-header-footer"]
    options += [f"--user-data-dir={folder_}/profile", f"--print-to-pdf={folder_}/page.pdf", (folder_ / "page.html").as_uri()]
    # Where the system has no font at all, the browser does not load that of a page either.
    settings = (
        f"<?xml version='1.0'?><fontconfig><include ignore_missing='yes'>/etc/fonts/fonts.conf</include><dir>{folder()}</dir></fontconfig>"
    )
    (folder_ / "fonts.conf").write_text(settings, encoding="utf-8")
    environment = {**os.environ, "FONTCONFIG_FILE": str(folder_ / "fonts.conf")}
    subprocess.run([CHROMIUM, *options], check=True, capture_output=True, timeout=120, env=environment)
    return (folder_ / "page.pdf").read_bytes()


def html_table(rows: Sequence[Sequence[str]], *, header: int = 1) -> str:
    """Rows as a table of HTML; the first ones are its head."""
    lines = ["<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return f"<table><thead>{''.join(lines[:header])}</thead><tbody>{''.join(lines[header:])}</tbody></table>"


# our own writer --------------------------------------------------------------------------------------------------------


class Canvas:
    """The content of one page; places are points from the left and from the top."""

    def __init__(self, width: float = 595, height: float = 842) -> None:
        self.width, self.height = width, height
        self.content: list[str] = []

    def text(
        self, left: float, top: float, text: str, *, size: float = 9, glyphwise: bool = False, mode: int = 0, turn: str = "1 0 0 1"
    ) -> None:
        """Show a text with its baseline at ``top``; ``glyphwise`` shows every character by itself."""
        for offset, piece in enumerate(text) if glyphwise else [(0, text)]:
            at = left + sum(size if ord(char) > 255 else size / 2 for char in text[:offset])
            code = piece.encode("utf-16-be").hex()
            self.content.append(f"BT {mode} Tr /F1 {size} Tf {turn} {at:.2f} {self.height - top:.2f} Tm <{code}> Tj ET")

    def right(self, right: float, top: float, text: str, *, size: float = 9) -> None:
        """Show a text that ends at ``right``."""
        self.text(right - width_of(text, size), top, text, size=size)

    def line(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self.content.append(f"0.5 w {x0:.2f} {self.height - y0:.2f} m {x1:.2f} {self.height - y1:.2f} l S")

    def box(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self.content.append(f"0.5 w {x0:.2f} {self.height - y1:.2f} {x1 - x0:.2f} {y1 - y0:.2f} re S")

    def picture(self) -> None:
        """A picture that covers the page."""
        self.content.append(f"q {self.width} 0 0 {self.height} 0 0 cm BI /W 1 /H 1 /BPC 8 /CS /G ID \x80 EI Q")


def width_of(text: str, size: float = 9) -> float:
    return sum(size if ord(char) > 255 else size / 2 for char in text)


_FONT = [
    b"<</Type/Font/Subtype/Type0/BaseFont/STSong-Light/Encoding/UniGB-UCS2-H/DescendantFonts[4 0 R]>>",
    b"<</Type/Font/Subtype/CIDFontType0/BaseFont/STSong-Light/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>"
    b"/DW 1000/W[1 95 500]/FontDescriptor 5 0 R>>",
    b"<</Type/FontDescriptor/FontName/STSong-Light/Flags 6/FontBBox[-25 -254 1000 880]/ItalicAngle 0/Ascent 880/Descent -120/StemV 93>>",
]


def written_pdf(pages: Sequence[Canvas | bytes], *, rotate: int = 0, password: str = "", filters: str = "/FlateDecode") -> bytes:
    """A PDF of these pages (or ready content streams) in one unembedded font."""
    objects: list[bytes] = [b"<</Type/Catalog/Pages 2 0 R>>", b"", *_FONT]
    kids = []
    for page in pages:
        width, height = (page.width, page.height) if isinstance(page, Canvas) else (595, 842)
        content = zlib.compress("\n".join(page.content).encode("latin-1")) if isinstance(page, Canvas) else page
        objects.append(b"<</Filter%s/Length %d>>stream\n%s\nendstream" % (filters.encode(), len(content), content))
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %g %g]/Rotate %d/Contents %d 0 R/Resources<</Font<</F1 3 0 R>>>>>>"
            % (width, height, rotate, len(objects))
        )
        kids.append(len(objects))
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids))
    ident = b"0123456789abcdef"
    trailer = b""
    if password:
        key, entry = _encryption(password.encode("latin-1"), ident)
        objects = [_encrypted(body, number, key) for number, body in enumerate(objects, start=1)]
        objects.append(entry)
        trailer = b"/Encrypt %d 0 R/ID[<%s><%s>]" % (len(objects), ident.hex().encode(), ident.hex().encode())
    out = bytearray(b"%PDF-1.6\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return bytes(out)


_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


def _rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


def _encryption(password: bytes, ident: bytes) -> tuple[bytes, bytes]:
    """Key and dictionary of 128-bit RC4 (revision 3), the same password for owner and user."""
    padded = (password + _PADDING)[:32]
    owner = hashlib.md5(padded).digest()
    for _ in range(50):
        owner = hashlib.md5(owner).digest()
    o = padded
    for n in range(20):
        o = _rc4(bytes(byte ^ n for byte in owner), o)
    key = hashlib.md5(padded + o + (-4 & 0xFFFFFFFF).to_bytes(4, "little") + ident).digest()
    for _ in range(50):
        key = hashlib.md5(key).digest()
    u = hashlib.md5(_PADDING + ident).digest()
    for n in range(20):
        u = _rc4(bytes(byte ^ n for byte in key), u)
    entry = b"<</Filter/Standard/V 2/R 3/Length 128/P -4/O<%s>/U<%s>>>" % (o.hex().encode(), (u + bytes(16)).hex().encode())
    return key, entry


def _encrypted(body: bytes, number: int, key: bytes) -> bytes:
    """An object whose texts and stream are encrypted under its number."""
    own = hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()
    head, found, rest = body.partition(b">>stream\n")
    head = re.sub(rb"\(([^)]*)\)", lambda text: b"<" + _rc4(own, text[1]).hex().encode() + b">", head)
    return head + found + (_rc4(own, rest.removesuffix(b"\nendstream")) + b"\nendstream" if found else b"")
