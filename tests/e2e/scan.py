"""The byte scan: every file of a project, taken apart, searched for planted personal values in every encoding.

Parquet is decoded (values and statistics), zip members and PDF streams are unpacked, SQLite files and their WAL, logs and all
else are read as bytes. A value counts as found in UTF-8, GB18030, UTF-16 (both orders) and in base64 of each at any alignment.
"""

from __future__ import annotations

import base64
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import ahocorasick

ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")


@dataclass(frozen=True, slots=True)
class Hit:
    """A planted value found where it must not be."""

    value: str
    path: Path
    part: str


def _forms(value: str) -> set[bytes]:
    forms = set()
    for encoding in ENCODINGS:
        plain = value.encode(encoding)
        forms.add(plain)
        for shift in range(3):
            # The characters that depend on the neighbours are left out at both ends.
            coded = base64.b64encode(b"\0" * shift + plain)
            start = -(-shift * 8 // 6)
            forms.add(coded[start : (shift + len(plain)) * 8 // 6])
    return {form for form in forms if len(form) >= 6}


def automaton(values: Iterable[str]) -> ahocorasick.Automaton:
    """One automaton for all forms of all values."""
    found = ahocorasick.Automaton()
    for value in values:
        for form in _forms(value):
            found.add_word(form.decode("latin-1"), value)
    found.make_automaton()
    return found


def parts(path: Path) -> Iterator[tuple[str, bytes]]:
    """The file's bytes and everything that can be unpacked from them."""
    content = path.read_bytes()
    yield "bytes", content
    if content[:4] == b"PAR1":
        yield from _parquet(content)
    elif content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield name, archive.read(name)
    elif content[:5] == b"%PDF-":
        for number, match in enumerate(re.finditer(rb"stream\r?\n(.*?)endstream", content, re.DOTALL)):
            try:
                yield f"stream {number}", zlib.decompressobj().decompress(match[1])
            except zlib.error:
                continue
        yield "text", _pdf_text(content)


def _parquet(content: bytes) -> Iterator[tuple[str, bytes]]:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(io.BytesIO(content))
    for name, column in zip(file.schema_arrow.names, file.read().columns, strict=True):
        yield f"column {name}", "\n".join(str(value) for value in column.to_pylist()).encode()
    metadata = file.metadata
    for group in range(metadata.num_row_groups):
        for column in range(metadata.num_columns):
            statistics = metadata.row_group(group).column(column).statistics
            if statistics is not None and statistics.has_min_max:
                yield f"statistics {column}", f"{statistics.min}\n{statistics.max}".encode()


def _pdf_text(content: bytes) -> bytes:
    import pdfplumber

    with pdfplumber.open(io.BytesIO(content)) as document:
        return "\n".join(page.extract_text() or "" for page in document.pages).encode()


def scan(folder: Path, values: Iterable[str], *, leave_out: Iterable[str] = ()) -> list[Hit]:
    """Search all files below ``folder`` but those whose relative path begins with one of ``leave_out``."""
    machine = automaton(set(values))
    skipped = tuple(leave_out)
    hits = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.relative_to(folder).as_posix().startswith(skipped or ("\0",)):
            continue
        for part, content in parts(path):
            hits += [
                Hit(value, path.relative_to(folder), part) for value in {value for _, value in machine.iter(content.decode("latin-1"))}
            ]
    return hits
