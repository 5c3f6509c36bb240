"""Files that carry their own fields (Parquet, JSON, XML): the rows pass through as they are, with their number as position."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from taihu.core.errors import ContentRefused
from taihu.core.types import Position, TableRead
from taihu.formats.login_page import is_login_page
from taihu.formats.text import decode, garbled
from taihu.read.archives import Unpacked
from taihu.read.limits import MAX_EXPANDED
from taihu.read.xml import parse_xml, records

_RECORDS = frozenset({"data", "list", "rows", "items", "records", "result", "results", "content"})
TYPED = frozenset({"parquet", "json", "xml"})


def read_typed(file: Unpacked) -> TableRead:
    """One typed table.

    Raises:
        ContentRefused: ``damaged_file``, ``too_large`` or ``wrong_kind``.
    """
    if file.kind not in TYPED:
        raise ContentRefused("wrong_kind", f"{file.kind} has no types of its own")
    table = _READERS[file.kind](file.content)
    prefix = f"{file.member}>" if file.member else ""
    positions = [f"{prefix}{n}" for n in range(1, table.num_rows + 1)]
    assert not positions or positions[0] == Position(1, member=file.member).text
    columns = {name: str(n) for n, name in enumerate(table.column_names, start=1)}
    rows = table.append_column("_src_row", pa.array(positions, pa.string()))
    return TableRead(name=file.member, rows=rows, header_row=None, header_cells=columns)


def _parquet(content: bytes) -> pa.Table:
    import pyarrow.parquet as parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        groups = [file.metadata.row_group(n).total_byte_size for n in range(file.metadata.num_row_groups)]
        if sum(groups) > MAX_EXPANDED:
            raise ContentRefused("too_large", f"it expands to {sum(groups):,} bytes")
        return file.read()
    except (pa.ArrowException, OSError) as error:
        raise ContentRefused("damaged_file", f"not a readable Parquet file ({type(error).__name__})") from None


def _json(content: bytes) -> pa.Table:
    """An array of objects, an object that holds one such array, or JSON lines; all values as text."""
    if is_login_page(content):
        raise ContentRefused("login_page")
    decoded = decode(content)
    text = decoded.text.removeprefix("\ufeff").rstrip("\x00")
    if decoded.replaced or garbled(text):
        raise ContentRefused("mojibake", f"{decoded.replaced} places are not valid {decoded.encoding}" if decoded.replaced else "")
    try:
        found = _records(json.loads(text, parse_float=str, parse_int=str))
    except ValueError:
        try:
            found = [json.loads(line, parse_float=str, parse_int=str) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise ContentRefused("damaged_file", f"not valid JSON ({error})") from None
    except RecursionError:
        raise ContentRefused("damaged_file", "the JSON is nested too deeply") from None
    if not all(isinstance(record, dict) for record in found):
        raise ContentRefused("no_table", "the JSON holds no list of objects")
    return _table([_flat(record) for record in found])


def _xml(content: bytes) -> pa.Table:
    return _table(records(parse_xml(content)))


def _table(flat: Sequence[Mapping[str, str | None]]) -> pa.Table:
    names = list(dict.fromkeys(name for record in flat for name in record))
    return pa.table({name: pa.array([record.get(name) for record in flat], pa.string()) for name in names})


def _records(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        found = list(_walk(value, 0))
        lists = [inner for _, inner in found if inner and all(isinstance(item, dict) for item in inner)]
        # The answer of a service that has no records to give is no record itself.
        empty = not lists and any(not inner and name.lower() in _RECORDS for name, inner in found)
        return max(lists, key=len) if lists else [] if empty else [value]
    return [value]


def _walk(value: dict[str, Any], depth: int) -> Iterator[tuple[str, list[Any]]]:
    """Lists of an object and of the objects in it, each under its name."""
    for name, inner in value.items():
        if isinstance(inner, list):
            yield name, inner
        elif isinstance(inner, dict) and depth < 5:
            yield from _walk(inner, depth + 1)


def _flat(record: dict[str, Any], prefix: str = "") -> dict[str, str | None]:
    out: dict[str, str | None] = {}
    for key, value in record.items():
        if isinstance(value, dict):
            out.update(_flat(value, f"{prefix}{key}/"))
        elif isinstance(value, list):
            out[prefix + key] = json.dumps(value, ensure_ascii=False)
        elif isinstance(value, bool):
            out[prefix + key] = "true" if value else "false"
        else:
            out[prefix + key] = None if value is None else str(value)
    return out


_READERS: dict[str, Callable[[bytes], pa.Table]] = {"parquet": _parquet, "json": _json, "xml": _xml}
