"""Files beside the data that say what was sent: hashes and sizes, counts of rows and sums.

Hash and size are compared while a file is collected. Rows and sums can only be compared once the file is read, so they go with the
item (:class:`taihu.core.types.StatedBeside`) and the reader compares them, now and whenever the file is read again.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import Field, model_validator

from taihu.collect.interface import NOT_FINISHED
from taihu.core.types import StatedBeside
from taihu.manifest.strict import Frozen
from taihu.manifest.tree import Source
from taihu.manifest.words import OneOrMany

_ALGORITHMS = {32: "md5", 64: "sha256"}
_SEPARATORS = ("\t", "|", ";", "；", ",", "，")
_PAIR = re.compile(r"\s*[\"']?([^=:：\"']+?)[\"']?\s*[=:：]\s*(.*?)\s*")
Record = Mapping[str, str]


class ManifestOptions(Frozen):
    """Sidecar files that list what was sent; with ``rows`` or ``sums`` also what the files add up to."""

    file: str = Field(description="Name pattern of the manifests", examples=["*.md5"])
    name: str | None = Field(
        default=None,
        description="Header of the file names; without it each list speaks of the file that it is named after",
        examples=["文件名"],
    )
    size: str | None = Field(default=None, description="Header of the sizes in bytes", examples=["大小"])
    rows: str | None = Field(default=None, description="Header of the counts of rows", examples=["行数"])
    sums: dict[str, str] = Field(
        default_factory=dict, description="Header of the stated sums to the header of the data", examples=[{"金额合计": "金额"}]
    )
    columns: OneOrMany = Field(default=(), description="The list's headers, where it has no line with them", examples=[["文件名", "行数"]])

    @model_validator(mode="after")
    def _says_what_the_columns_are(self) -> ManifestOptions:
        missing = [header for header in self.headers if self.columns and header not in self.columns]
        if missing:
            raise ValueError(f"columns: does not name {', '.join(missing)}")
        if (self.name or self.size or self.columns) and not (self.rows or self.sums):
            raise ValueError("name:, size: and columns: go with rows: or sums:; hashes and sizes alone need none of them")
        return self

    @property
    def headers(self) -> list[str]:
        return [header for header in (self.name, self.size, self.rows, *self.sums) if header]


@dataclass(frozen=True, slots=True)
class Listed:
    """What a manifest says of a file; None for what it does not say."""

    size: int | None
    algorithm: str
    digest: str
    stated: StatedBeside | None = None


def is_manifest(own_name: str, options: ManifestOptions) -> bool:
    """Whether a file of this name is a manifest."""
    return fnmatchcase(own_name.casefold(), options.file.casefold()) and not own_name.lower().endswith(NOT_FINISHED)


def manifest_name(manifest: str, listed: str) -> str:
    """The name below the asked-for folder of a file that a manifest names: a manifest speaks for its own folder and those below."""
    folder = PurePosixPath(manifest).parent.as_posix()
    return listed if folder == "." else f"{folder}/{listed}"


def listed_by(content: bytes, own_name: str, options: ManifestOptions, *, is_whole: bool = True) -> dict[str, Listed]:
    """What a manifest lists, by name. A line without what could be checked is left out, so a half-written line makes its file wait.

    Args:
        own_name: The manifest's name without its folder.
        is_whole: Whether nobody writes it any more; else a last line without an end is left out.
    """
    from taihu.formats.text import decode

    text = decode(content).text.lstrip("\ufeff")
    if not (options.rows or options.sums):
        return manifest_lines(text)
    if not is_whole and not text.rstrip(" ").endswith(("\n", "\r", "}", "]")):
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1]
    found = {}
    for place, record in _records(text, options):
        name = record.get(options.name, "") if options.name else PurePosixPath(own_name).stem
        if name:
            found[_clean(name)] = _listed(record, f"{own_name}>{place}", options)
    return found


def find_listed(found: Mapping[str, Listed], name: str) -> Listed | None:
    """What is said of a file; a list without names may be named after it with its extension or without."""
    return found.get(name) or found.get(PurePosixPath(name).with_suffix("").as_posix())


def stated_beside(file: Path, source: Source) -> StatedBeside | None:
    """What the newest list in a file's own folder states of it; None if the source agrees on no lists, or none names it."""
    from taihu.collect.registry import connector

    collect = source.file.collect
    options = getattr(connector(collect.via).Options.model_validate(collect.options), "manifest", None)
    if not isinstance(options, ManifestOptions):
        return None
    lists = [path for path in file.parent.iterdir() if path.is_file() and path != file and is_manifest(path.name, options)]
    for path in sorted(lists, key=lambda each: each.stat().st_mtime_ns, reverse=True):
        found = find_listed(listed_by(path.read_bytes(), path.name, options), file.name)
        if found is not None:
            return found.stated
    return None


def _listed(record: Record, place: str, options: ManifestOptions) -> Listed:
    digest = next((cell.lower() for cell in record.values() if _is_hex(cell)), "")
    size = record.get(options.size, "").replace(",", "") if options.size else ""
    rows = (options.rows, record.get(options.rows) or None) if options.rows else None
    sums = {header: (name, record.get(name) or None) for name, header in options.sums.items()}
    return Listed(int(size) if size.isdecimal() else None, _ALGORITHMS.get(len(digest), ""), digest, StatedBeside(place, rows, sums))


def _records(text: str, options: ManifestOptions) -> Iterator[tuple[int, Record]]:
    """The entries of a list with their lines (of JSON: their numbers): JSON, a table with or without headers, or ``key=value``."""
    if text.lstrip()[:1] in ("{", "["):
        yield from enumerate(_json_records(text, options), 1)
        return
    lines = text.splitlines()
    headers = list(options.columns)
    separator = next((each for each in _SEPARATORS if any(each in line for line in lines)), None) if headers else None
    pairs: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not headers:
            separator = next((each for each in _SEPARATORS if set(options.headers) <= set(_cells(line, each))), None)
            headers = _cells(line, separator) if separator else []
            if not headers and (pair := _PAIR.fullmatch(line)):
                pairs[pair[1].strip()] = pair[2].strip("\"' ,，;；")
            continue
        cells = _cells(line, separator or " ")
        if len(cells) == len(headers):
            yield number, dict(zip(headers, cells, strict=True))
    if pairs and not headers and (options.name is None or options.name in pairs):
        yield 1, pairs


def _cells(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.split()
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]


def _json_records(text: str, options: ManifestOptions) -> list[Record]:
    """The objects of a list, wherever in the text it stands; or the one object that there is; or objects by file name."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        try:
            said = [json.loads(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError):
            return []
    if isinstance(said, dict):
        lists = [value for value in said.values() if isinstance(value, list) and value and all(isinstance(each, dict) for each in value)]
        nested = {name: value for name, value in said.items() if isinstance(value, dict)}
        own = set(options.headers) & set(said)
        said = (
            lists[0] if lists and not own else [{**each, options.name or "": name} for name, each in nested.items()] if nested else [said]
        )
    return [{str(key): _plain(value) for key, value in each.items()} for each in said if isinstance(each, dict)]


def _plain(value: Any) -> str:
    return "" if value is None else value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def manifest_lines(text: str) -> dict[str, Listed]:
    """What a list of hashes and sizes says: ``md5sum`` lines, or name, size and hash in any order between commas, tabs, bars or blanks."""
    found: dict[str, Listed] = {}
    for line in text.splitlines():
        entry = _manifest_line(line.strip())
        if entry is not None:
            found[entry[0]] = entry[1]
    return found


def _manifest_line(line: str) -> tuple[str, Listed] | None:
    digest, size, rest = "", None, []
    for field in _fields(line):
        algorithm = _ALGORITHMS.get(len(field)) if _is_hex(field) else None
        if algorithm and not digest:
            digest = field.lower()
        elif field.isdecimal() and size is None:
            size = int(field)
        else:
            rest.append(field)
    name = _clean(" ".join(rest))
    if not name or (size is None and not digest):
        return None
    return name, Listed(size, _ALGORITHMS.get(len(digest), ""), digest)


def _clean(name: str) -> str:
    return name.removeprefix("*").removeprefix("./").replace("\\", "/").removeprefix("./")


def _is_hex(text: str) -> bool:
    return len(text) in _ALGORITHMS and not set(text.lower()) - set("0123456789abcdef")


def _fields(line: str) -> list[str]:
    for separator in ("\t", "|", ";", ","):
        if separator in line:
            return [field.strip().strip('"') for field in line.split(separator)]
    head, _, tail = line.partition(" ")
    if _is_hex(head):  # md5sum and sha256sum: the rest of the line is the name, blanks and all
        return [head, tail.strip()]
    return line.split()
