"""Bytes of one unpacked file to grids, by kind, with what makes the whole file unusable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pyarrow.compute as pc

from taihu.core.errors import ContentRefused
from taihu.formats.closes import closes_properly
from taihu.formats.login_page import is_login_page
from taihu.formats.text import UNUSUAL, decode, garbled
from taihu.read.archives import Unpacked
from taihu.read.delimited import read_delimited
from taihu.read.grid import Grid
from taihu.read.markup import read_html, read_spreadsheetml
from taihu.read.workbook import read_workbook

_FEW = 2000
SHEETS = frozenset({"xlsx", "xlsb", "xls", "ods", "spreadsheetml"})
PAGES = frozenset({"ofd", "pdf"})
READABLE = SHEETS | PAGES | {"html", "csv", "xml"}


@dataclass(slots=True)
class Grids:
    """What one file holds. ``held`` is set where its cells could be read but must not be used."""

    kind: str
    encoding: str | None = None
    grids: list[Grid] = field(default_factory=list)
    held: str | None = None
    held_detail: str = ""
    ends_with_newline: bool = True


def grids_of(
    file: Unpacked,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    columns_at: tuple[float, ...] = (),
    passwords: Sequence[str] = (),
) -> Grids:
    """Read the cells of a file that is no container.

    Args:
        file: The file.
        encoding: What the contract says of a text.
        delimiter: What the contract says of a text.
        columns_at: Where columns begin that nothing separates: display columns of a text of fixed width, points on a page.
        passwords: Tried on an encrypted PDF.

    Raises:
        ContentRefused: ``empty_file``, ``login_page``, ``damaged_file``, ``wrong_password``, ``too_large`` or ``wrong_kind``.
    """
    if file.kind == "empty":
        raise ContentRefused("empty_file")
    if is_login_page(file.content):
        raise ContentRefused("login_page")
    if file.kind not in READABLE:
        raise ContentRefused("wrong_kind", f"there is no table reader for {file.kind}")
    if file.kind in SHEETS | PAGES and not closes_properly(file.content, file.kind):
        raise ContentRefused("damaged_file", f"the {file.kind} file is cut off")
    if file.kind in ("ofd", "pdf", "xml"):
        result = _document_grids(file, columns_at, passwords)
    else:
        result = _text_grids(file, encoding, delimiter, columns_at) if file.kind in ("csv", "html") else _sheet_grids(file)
    for grid in result.grids:
        grid.member = file.member
        grid.name = grid.name or file.member
        if file.member:
            grid.notes = [replace(note, position=f"{file.member}>{note.position}") if note.position else note for note in grid.notes]
    return result


def is_invoice(file: Unpacked) -> bool:
    """Whether XML is the original of an invoice."""
    from taihu.read.invoice import invoice_of_xml
    from taihu.read.xml import parse_xml

    return file.kind == "xml" and invoice_of_xml(parse_xml(file.content)) is not None


def _sheet_grids(file: Unpacked) -> Grids:
    grids = read_spreadsheetml(file.content) if file.kind == "spreadsheetml" else read_workbook(file.content, file.kind)
    return checked(Grids(file.kind, grids=[grid for grid in grids if not grid.is_blank]))


def checked(result: Grids) -> Grids:
    """Hold what holds garbled text."""
    if garbled("\n".join(_unusual_texts(result.grids))) and not result.held:
        # The first one in the order of the file.
        cells = [cell for grid in result.grids for row in grid.rows for cell in row if cell is not None and not cell.isascii()]
        result.held, result.held_detail = "mojibake", _place(result.grids, garbled("\n".join(dict.fromkeys(cells))))
    return result


def _document_grids(file: Unpacked, columns_at: tuple[float, ...], passwords: Sequence[str]) -> Grids:
    """PDF, OFD, and the XML of an invoice."""
    from taihu.read.invoice import invoice_grids, invoice_of_xml
    from taihu.read.ofd import read_ofd
    from taihu.read.xml import parse_xml

    if file.kind == "pdf":
        from taihu.read.pdf import read_pdf

        return checked(read_pdf(file.content, columns_at, passwords))
    if file.kind == "xml":
        invoice = invoice_of_xml(parse_xml(file.content))
        if invoice is None:
            raise ContentRefused("wrong_kind", "the XML is no invoice; read other XML as typed")
        return Grids("xml", grids=invoice_grids([invoice]))
    read = read_ofd(file.content)
    result = Grids("ofd", grids=read.grids)
    if read.contradiction:
        result.held, result.held_detail = "invoice_disagrees", read.contradiction
    return result


def _text_grids(file: Unpacked, encoding: str | None, delimiter: str | None, columns_at: tuple[float, ...]) -> Grids:
    decoded = decode(file.content, encoding)
    if file.kind == "html":
        result = Grids("html", decoded.encoding, read_html(_html_text(file.content, encoding)))
        if not closes_properly(file.content, "html"):
            result.held, result.held_detail = "damaged_file", "a table of the page is not closed"
    else:
        result = Grids("csv", decoded.encoding, [read_delimited(decoded.text, delimiter, tuple(int(at) for at in columns_at))])
        result.ends_with_newline = decoded.text.endswith(("\n", "\r", "\x1a"))
    if decoded.replaced == 0 and file.kind == "csv" and result.grids[0].regular:
        return checked(result)
    # A page may write a character as its number.
    bad = garbled(decoded.text) or (garbled("\n".join(_unusual_texts(result.grids))) if file.kind == "html" else "")
    if decoded.replaced:
        result.held, result.held_detail = "mojibake", f"{decoded.replaced} places are not valid {decoded.encoding}"
    elif bad:
        result.held, result.held_detail = "mojibake", _place(result.grids, bad)
    return result


def _html_text(content: bytes, encoding: str | None) -> str:
    """A page's own charset is a declaration of the sender, weaker than ours and than proof."""
    import re

    declared = re.search(rb"""charset\s*=\s*["']?([A-Za-z0-9_-]{3,20})""", content[:2048])
    if encoding is None and declared:
        first = decode(content, declared[1].decode())
        if not first.replaced and not garbled(first.text):
            return first.text
    return decode(content, encoding).text


def _unusual_texts(grids: Sequence[Grid]) -> dict[str, None]:
    """Distinct cells that may be garbled; in a small grid all that are not plain ASCII."""
    seen: dict[str, None] = {}
    for grid in grids:
        for column in grid.columns(grid.width):
            if column.null_count == len(column):
                continue
            texts = column.filter(pc.invert(pc.string_is_ascii(column))).unique()
            if len(texts) > _FEW:
                texts = texts.filter(pc.match_substring_regex(texts, UNUSUAL))
            seen.update(dict.fromkeys(texts.to_pylist()))
    return seen


def _place(grids: Sequence[Grid], text: str) -> str:
    """Where garbled text was met; never the text, which may be somebody's name."""
    for grid in grids:
        for index, row in enumerate(grid.rows):
            for column, cell in enumerate(row):
                if cell is not None and not cell.isascii() and (text in cell or cell in text):
                    return f"first at {grid.position(index)}, column {grid.column(column)}"
    return "outside the tables"
