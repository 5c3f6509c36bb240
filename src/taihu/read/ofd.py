"""OFD (GB/T 33190), China's page format for electronic invoices: a zip of XML, read without rendering anything.

An invoice's own XML is attached to it; where it is missing, the custom data of the document's head and the text on its pages say
the same. OFD that is no invoice gives the text of its pages by lines, with the place of each piece as its column.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from xml.etree import ElementTree

from taihu.core.errors import ContentRefused
from taihu.formats.member_names import BROKEN_ARCHIVE
from taihu.formats.zip_directory import open_zip, overlapping, read_member
from taihu.read.glyphs import as_written
from taihu.read.grid import Grid
from taihu.read.invoice import Invoice, invoice_grids, invoice_of_xml
from taihu.read.invoice_page import invoice_of_page
from taihu.read.limits import check_expansion
from taihu.read.placed import Word, placed_grid
from taihu.read.xml import local, parse_xml

_MOST = 256 << 20
_PART = 64 << 20
_MOST_PAGES = 2000


@dataclass(slots=True)
class OfdRead:
    """The grids of an OFD file; ``contradiction`` where its parts state different things."""

    grids: list[Grid]
    contradiction: str = ""


def read_ofd(content: bytes) -> OfdRead:
    """Read one OFD file.

    Raises:
        ContentRefused: ``damaged_file`` or ``too_large``.
    """
    try:
        with open_zip(content) as archive:
            check_expansion(archive, _MOST)
            if overlapping(archive.infolist()):
                raise ContentRefused("too_large", "members of the archive overlap")
            return _read(archive)
    except BROKEN_ARCHIVE as error:
        raise ContentRefused("damaged_file", f"not a readable OFD file ({type(error).__name__})") from None


def _read(archive: zipfile.ZipFile) -> OfdRead:
    root = _part(archive, "OFD.xml")
    custom = {element.get("Name", ""): "".join(element.itertext()).strip() for element in root.iter() if local(element) == "CustomData"}
    known = {name: text for name, text in custom.items() if name and text}
    invoice = _attached(archive)
    pages = list(_pages(archive, root))
    shown = invoice_of_page([word for page in _below_each_other(pages) for word in page], 2.0)
    if invoice is None and ("发票号码" in known or shown):
        invoice = Invoice(lines=shown.lines if shown else [], unread_goods=shown is None or shown.unread_goods)
    if invoice is None:
        return OfdRead([grid for number, page in enumerate(pages, 1) if (grid := placed_grid(page, f"page {number}")) is not None])
    invoice.add(known, "OFD.xml")
    # What stands on the page fills gaps; it is cut by its layout, so it never contradicts.
    for name, text in shown.fields.items() if shown else ():
        invoice.fields.setdefault(name, text)
    return OfdRead(invoice_grids([invoice]), ", ".join(invoice.contradictions))


def _part(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    return parse_xml(read_member(archive, archive.getinfo(name), _PART))


def _attached(archive: zipfile.ZipFile) -> Invoice | None:
    for info in archive.infolist():
        if "/attach" in f"/{info.filename}".lower() and info.filename.lower().endswith(".xml") and info.file_size:
            try:
                invoice = invoice_of_xml(_part(archive, info.filename))
            except ContentRefused:
                continue
            if invoice is not None:
                return invoice
    return None


def _pages(archive: zipfile.ZipFile, root: ElementTree.Element) -> Iterator[list[Word]]:
    names = set(archive.namelist())
    for place in (element.text for element in root.iter() if local(element) == "DocRoot"):
        path = (place or "").strip().lstrip("/")
        if path not in names:
            raise ContentRefused("damaged_file", "the document that OFD.xml names is not there")
        folder = posixpath.dirname(path)
        document = _part(archive, path)
        templates = {
            element.get("ID", ""): _inside(folder, element.get("BaseLoc", ""))
            for element in document.iter()
            if local(element) == "TemplatePage"
        }
        pages = [_inside(folder, element.get("BaseLoc", "")) for element in document.iter() if local(element) == "Page"]
        for page in pages[:_MOST_PAGES]:
            if page not in names:
                raise ContentRefused("damaged_file", "a page that the document names is not there")
            content = _part(archive, page)
            used = [templates.get(element.get("TemplateID", ""), "") for element in content.iter() if local(element) == "Template"]
            backs = [_part(archive, name) for name in used if name in names]
            yield [word for part in (*backs, content) for word in _words(part)]


def _inside(folder: str, path: str) -> str:
    return path.lstrip("/") if path.startswith("/") else posixpath.normpath(posixpath.join(folder, path))


def _below_each_other(pages: Sequence[list[Word]]) -> Iterator[list[Word]]:
    """The pages as one long page."""
    offset = 0.0
    for page in pages:
        yield [replace(word, y=word.y + offset) for word in page]
        offset += max((word.y for word in page), default=0.0) + 10


def _words(page: ElementTree.Element) -> Iterator[Word]:
    """Pieces of text with their boxes in millimetres."""
    for element in page.iter():
        if local(element) != "TextObject":
            continue
        try:
            left, top, width, height = (float(part) for part in element.get("Boundary", "").split()[:4])
        except ValueError:
            continue
        for code in element:
            if local(code) == "TextCode" and code.text and code.text.strip():
                baseline = _float(code.get("Y"), height)
                yield Word(
                    left + _float(code.get("X"), 0.0),
                    left + width,
                    top + baseline,
                    as_written(code.text.strip()),
                    _float(element.get("Size"), 0.0),
                )


def _float(text: str | None, otherwise: float) -> float:
    try:
        return float(text) if text else otherwise
    except ValueError:
        return otherwise
