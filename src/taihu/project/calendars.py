"""The working calendar of a project: the packaged table, replaced year by year by files in ``calendar/``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from taihu.core.errors import ManifestError

if TYPE_CHECKING:
    from taihu.china.calendar import Calendar


def calendar_of(root: Path, name: str) -> Calendar:
    """The calendar called ``name``; only ``cn`` is packaged.

    Raises:
        ManifestError: There is no such calendar, or an imported file cannot be read.
    """
    from taihu.china.calendar import Calendar, packaged_rows, rows_from_json

    if name != "cn":
        raise ManifestError(f"unknown calendar {name!r}", where="taihu.yml:1", fix="the packaged calendar is cn")
    rows = list(packaged_rows())
    for path in sorted((root / "calendar").glob("*.json")):
        try:
            rows += rows_from_json(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ManifestError(f"not a calendar file: {error}", where=f"calendar/{path.name}:1") from None
    return Calendar(rows)
