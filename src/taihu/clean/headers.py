"""Which of the sender's headers each column comes from."""

from __future__ import annotations

from collections.abc import Iterable

from taihu.china.characters import header_form
from taihu.core.errors import ContentRefused
from taihu.manifest.source import SourceFile


def bind_headers(names: Iterable[str], source: SourceFile) -> dict[str, str]:
    """Map each column of the source to the one header that provides it; optional columns may be absent.

    Raises:
        ContentRefused: ``unknown_layout`` if a header is absent, or two stand for one column.
    """
    present: dict[str, list[str]] = {}
    for name in names:
        if not name.startswith("_src_"):
            present.setdefault(header_form(name), []).append(name)
    bound: dict[str, str] = {}
    for column, meaning in source.read_columns.items():
        wanted = [header_form(header) for header in meaning.from_ or (column,)]
        found = [name for header in dict.fromkeys(wanted) for name in present.get(header, ())]
        if len(found) > 1:
            raise ContentRefused("unknown_layout", f"the headers {found} both stand for column {column!r}")
        if found:
            bound[column] = found[0]
        elif not meaning.optional:
            raise ContentRefused("unknown_layout", f"no header for column {column!r}; expected {list(meaning.from_ or (column,))}")
    return bound
