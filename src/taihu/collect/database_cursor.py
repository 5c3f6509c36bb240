"""Where collecting from a database stands: the newest change, what the next window shows again, when the keys were compared."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace

from taihu.core.errors import TerminalError

_FRACTION = re.compile(r"\.(\d+)")
_ZONE = re.compile(r"(Z|[+-]\d\d(:?\d\d)?)$")
MOST_ASKED_AGAIN = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """The cursor of a database source.

    Attributes:
        watermark: The newest change that was seen.
        rows: Mark of the last object.
        seen: Short hashes of the rows that the next window shows again.
        compared: Day on which the key set was last collected (ISO), or the first rows were.
        again: Keys of rows that are in the database and were never collected; asked for by the next poll.
    """

    watermark: str = ""
    rows: str = ""
    seen: str = ""
    compared: str = ""
    again: tuple[tuple[str, ...], ...] = ()

    @property
    def text(self) -> str:
        return json.dumps({name: value for name, value in asdict(self).items() if value}, sort_keys=True, ensure_ascii=False)

    @classmethod
    def of(cls, text: str | None) -> Standing:
        if not text:
            return cls()
        known = {field.name for field in fields(cls)}
        stored = {name: value for name, value in json.loads(text).items() if name in known}
        return cls(**{**stored, "again": tuple(tuple(key) for key in stored.get("again", ()))})

    def asking_again(self, keys: Sequence[Sequence[str]]) -> Standing:
        """The standing with which the rows of ``keys`` come with the next poll; of many, the whole table comes."""
        if not self.watermark or len(keys) > MOST_ASKED_AGAIN:
            return replace(self, watermark="", seen="", rows="", again=())
        return replace(self, again=tuple(tuple(key) for key in keys))


def earlier(watermark: str, overlap: dt.timedelta, where: str) -> str:
    """A watermark moved back by the overlap, written exactly as the database writes its own (separator, fraction, zone)."""
    if watermark.isdecimal():
        return str(int(watermark) - int(overlap.total_seconds()))
    try:
        instant = dt.datetime.fromisoformat(watermark.replace("Z", "+00:00")) - overlap
    except ValueError:
        raise TerminalError("the watermark is not a time", where=where, fix="watermark: names columns with ISO times") from None
    if len(watermark) == 10:
        return instant.date().isoformat()
    fraction = _FRACTION.search(watermark)
    digits = f"{instant.microsecond:06d}"[: len(fraction[1])].ljust(len(fraction[1]), "0") if fraction else ""
    whole = instant.replace(microsecond=0, tzinfo=None).isoformat(sep=watermark[10])
    zone = _ZONE.search(watermark)
    kept = len(watermark.split(".")[0].removesuffix(zone[1] if zone else ""))
    return whole[:kept] + (f".{digits}" if digits else "") + (zone[1] if zone else "")
