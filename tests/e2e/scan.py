"""The byte scan: every file of a project, taken apart, searched for planted personal values in every encoding.

Parquet is decoded (values and statistics), archive members and PDF streams are unpacked, the text of PDFs is drawn out through their
fonts, the rows of SQLite files are read with their WAL, and all else, as well as all of these, is searched as bytes. A value
counts as found in UTF-8, GB18030 and UTF-16 (both orders), as JSON, XML and URL write it, and in base64 of each at any alignment.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import re
import shutil
import sqlite3
import tempfile
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import ahocorasick

ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
SHORTEST = 6
_DEEPEST = 4
_BLANKS = re.compile(rb"(?<=[A-Za-z0-9+/]{60})\r?\n(?=[A-Za-z0-9+/])")


@dataclass(frozen=True, slots=True)
class Hit:
    """A planted value found where it must not be."""

    value: str
    path: Path
    part: str


def forms_of(value: str) -> set[bytes]:
    """The byte strings that a value may hide as."""
    texts = {value, json.dumps(value)[1:-1]}
    if re.fullmatch(r"1\d{10}", value):
        texts |= {f"{value[:3]}{mark}{value[3:7]}{mark}{value[7:]}" for mark in "- "}
    plain = {text.encode(encoding) for text in texts for encoding in ENCODINGS}
    coded = set()
    for content in plain:
        for shift in range(3):
            # The characters that depend on the neighbours are left out at both ends.
            text = base64.b64encode(b"\0" * shift + content)
            inner = text[-(-shift * 8 // 6) : (shift + len(content)) * 8 // 6]
            coded |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    escaped = {urllib.parse.quote(value, encoding=encoding).encode() for encoding in ("utf-8", "gb18030")}
    for reference in ("&#{:d};", "&#x{:x};", "&#x{:X};"):
        escaped.add("".join(reference.format(ord(character)) for character in value).encode())
    return {form for form in plain | coded | escaped if len(form) >= SHORTEST}


def automaton(values: Iterable[str]) -> ahocorasick.Automaton:
    """One automaton for all forms of all values."""
    found = ahocorasick.Automaton()
    for value in values:
        for form in forms_of(value):
            found.add_word(form.decode("latin-1"), value)
    found.make_automaton()
    return found


def parts(path: Path) -> Iterator[tuple[str, bytes]]:
    """The file's bytes and everything that can be unpacked from them."""
    content = path.read_bytes()
    yield from unpacked("bytes", content)
    if content[:16] == b"SQLite format 3\0":
        yield from _sqlite(path)


def unpacked(name: str, content: bytes, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Bytes and what they hold, archives in archives too."""
    yield name, content
    if depth >= _DEEPEST:
        return
    if _BLANKS.search(content):
        yield f"{name}, lines joined", _BLANKS.sub(b"", content)
    if content[:4] == b"PAR1":
        yield from _parquet(content)
    elif content[:4] == b"PK\x03\x04":
        yield from _members(content, depth)
    elif content[:5] == b"%PDF-":
        yield from _pdf(content)
    elif content[:2] == b"\x1f\x8b":
        yield from unpacked("gzip", gzip.decompress(content), depth + 1)
    elif content[:3] == b"BZh":
        yield from unpacked("bzip2", bz2.decompress(content), depth + 1)
    elif content[:6] == b"\xfd7zXZ\0":
        yield from unpacked("xz", lzma.decompress(content), depth + 1)


def _members(content: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        yield "names", "\n".join(archive.namelist()).encode()
        for entry in archive.infolist():
            if not entry.flag_bits & 1:  # what is encrypted cannot be looked into, by nobody else either
                yield from unpacked(entry.filename, archive.read(entry), depth + 1)


def _parquet(content: bytes) -> Iterator[tuple[str, bytes]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(io.BytesIO(content))
    for name, column in zip(file.schema_arrow.names, file.read().columns, strict=True):
        values = column.unique() if not pa.types.is_nested(column.type) else column
        yield f"column {name}", "\n".join(str(value) for value in values.to_pylist()).encode()
    metadata = file.metadata
    for group in range(metadata.num_row_groups):
        for place in range(metadata.num_columns):
            statistics = metadata.row_group(group).column(place).statistics
            if statistics is not None and statistics.has_min_max:
                yield f"statistics of {file.schema.column(place).name}", f"{statistics.min}\n{statistics.max}".encode()


def _pdf(content: bytes) -> Iterator[tuple[str, bytes]]:
    import pypdfium2

    for number, match in enumerate(re.finditer(rb"stream\r?\n(.*?)endstream", content, re.DOTALL)):
        try:
            yield f"stream {number}", zlib.decompressobj().decompress(match[1])
        except zlib.error:
            continue
    document = pypdfium2.PdfDocument(content)
    try:
        yield "text", "\n".join(page.get_textpage().get_text_bounded() for page in document).encode()
    finally:
        document.close()


def _sqlite(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every value of every row; a value that spreads over pages is in one piece here. The file itself is not opened."""
    with tempfile.TemporaryDirectory() as room:
        copy = Path(room) / path.name
        for suffix in ("", "-wal"):
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                shutil.copy(beside, copy.with_name(copy.name + suffix))
        with closing(sqlite3.connect(copy)) as database:
            for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                rows = database.execute(f'SELECT * FROM "{table}"').fetchall()
                values = (value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row)
                yield f"table {table}", b"\n".join(values)


def scan(folder: Path, values: Iterable[str], *, leave_out: Iterable[str] = ()) -> list[Hit]:
    """Search all files below ``folder`` but those whose relative path begins with one of ``leave_out``."""
    machine = automaton(set(values))
    skipped = tuple(leave_out)
    hits = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or (skipped and name.startswith(skipped)):
            continue
        for part, content in [("name", name.encode()), *parts(path)]:
            found = {value for _, value in machine.iter(content.decode("latin-1"))}
            hits += [Hit(value, path.relative_to(folder), part) for value in sorted(found)]
    return hits
