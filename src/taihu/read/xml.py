"""XML that strangers send: any encoding, no entities of its own, no depth that a stack could not bear; and its records as rows.

The parser of the standard library knows few encodings and expands what the document declares; so the text is decoded here, and
a document that declares entities is refused before its first element.
"""

from __future__ import annotations

import contextlib
import json
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from xml.parsers import expat

from taihu.core.errors import ContentRefused
from taihu.formats.text import decode

MAX_XML = 256 << 20
MAX_DEPTH = 64
_DECLARATION = re.compile(r"\s*<\?xml\b([^>]*)\?>")
_ENCODING = re.compile(rb"""<\?xml[^>]{0,100}?encoding\s*=\s*["']([A-Za-z0-9_-]{3,20})["']""")
Record = dict[str, str | None]


class _Begun(Exception):
    """The first element is reached: the document type is behind."""


def parse_xml(content: bytes) -> ElementTree.Element:
    """The root element.

    Raises:
        ContentRefused: ``damaged_file`` (not well-formed, entities, too deep), ``mojibake`` or ``too_large``.
    """
    if len(content) > MAX_XML:
        raise ContentRefused("too_large", f"XML of {len(content):,} bytes")
    declared = _ENCODING.search(content[:200])
    decoded = decode(content, declared[1].decode() if declared else None)
    if decoded.replaced:
        raise ContentRefused("mojibake", f"{decoded.replaced} places are not valid {decoded.encoding}")
    text = decoded.text.removeprefix("\ufeff").rstrip("\x00 \t\r\n\x1a")
    text = _DECLARATION.sub("", text, count=1)
    try:
        _refuse_entities(text)
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, expat.ExpatError, ValueError) as error:
        raise ContentRefused("damaged_file", f"not well-formed XML ({error})") from None
    if _is_deep(root):
        raise ContentRefused("damaged_file", "the XML is nested too deeply")
    return root


def _refuse_entities(text: str) -> None:
    def declares(*_: object) -> None:
        raise ContentRefused("damaged_file", "the XML declares entities")

    def begins(*_: object) -> None:
        raise _Begun

    parser = expat.ParserCreate("utf-8")
    parser.EntityDeclHandler = declares
    parser.StartElementHandler = begins
    with contextlib.suppress(_Begun):
        parser.Parse(text.encode(errors="surrogatepass"), True)


def _is_deep(root: ElementTree.Element) -> bool:
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return False
    return True


def local(element: ElementTree.Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def records(root: ElementTree.Element) -> list[Record]:
    """The elements that repeat most, as flat records; a document without repetition is one record."""
    best: tuple[int, ElementTree.Element, str] | None = None
    for element in root.iter():
        tag, count = Counter(child.tag for child in element if isinstance(child.tag, str)).most_common(1)[0] if len(element) else ("", 0)
        if count > 1 and (best is None or count > best[0]) and any(len(child) or child.attrib for child in element if child.tag == tag):
            best = (count, element, tag)
    if best is None:
        return [_flat(root)]
    return [_flat(child) for child in best[1] if child.tag == best[2]]


def _flat(element: ElementTree.Element) -> Record:
    found: dict[str, list[str | None]] = {}
    for name, text in _leaves(element, ""):
        found.setdefault(name, []).append(text)
    return {name: texts[0] if len(texts) == 1 else json.dumps(texts, ensure_ascii=False) for name, texts in found.items()}


def _leaves(element: ElementTree.Element, prefix: str) -> Iterator[tuple[str, str | None]]:
    for name, value in element.attrib.items():
        yield prefix + name.rpartition("}")[2], value.strip() or None
    children = [child for child in element if isinstance(child.tag, str)]
    if not children:
        text = (element.text or "").strip()
        if text or not element.attrib:
            yield prefix.removesuffix("/") or local(element), text or None
    for child in children:
        yield from _leaves(child, f"{prefix}{local(child)}/")
