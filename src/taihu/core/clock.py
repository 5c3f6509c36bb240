"""One way to know what time it is.

Nothing below the command line asks the operating system for the time: a :class:`Clock` is handed in. A run on a
simulated morning, a replay and a test are then the same code as a live run, and every stored instant can be derived again.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import pyarrow as pa

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Anything that can tell the current instant."""

    def now(self) -> dt.datetime:
        """The current instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)


class FixedClock:
    """A clock that stands still until it is told to move; used by the demo, by replays and by tests."""

    def __init__(self, instant: dt.datetime) -> None:
        self.move_to(instant)

    def now(self) -> dt.datetime:
        return self._instant

    def move_to(self, instant: dt.datetime) -> None:
        """Set the clock; the instant must carry a zone."""
        if instant.tzinfo is None:
            raise ValueError("a clock needs an instant with a time zone")
        self._instant = instant.astimezone(dt.UTC)


def instant_text(instant: dt.datetime) -> str:
    """One canonical text of an instant: UTC, to the second, with ``Z``."""
    return instant.astimezone(dt.UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def parse_instant(text: str) -> dt.datetime:
    """Read :func:`instant_text` (or any ISO instant with a zone) back."""
    instant = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return instant.astimezone(dt.UTC)


def day_column(column: pa.ChunkedArray, zone: str) -> pa.ChunkedArray:
    """Business days of a column of dates or instants, as seen in ``zone``."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_timestamp(column.type):
        return column
    return pc.cast(pc.local_timestamp(pc.cast(column, pa.timestamp("us", tz=zone))), pa.date32())
