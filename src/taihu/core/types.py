"""Small frozen values that pass between rooms of the house and belong to none of them."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO, Literal

if TYPE_CHECKING:
    import pyarrow as pa

Lang = Literal["zh", "en"]
KEY_SET = "keys"
_POSITION = re.compile(r"(?:(?P<member>.*)>)?(?:(?P<sheet>.*)!)?(?P<row>\d+)(?:/(?P<columns>[A-Z0-9,]*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Text:
    """One text in Chinese and English."""

    zh: str
    en: str

    def in_(self, lang: Lang) -> str:
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open span of business days: ``start`` is in it, ``end`` is not."""

    start: dt.date
    end: dt.date

    def days(self) -> list[dt.date]:
        return [self.start + dt.timedelta(days=n) for n in range((self.end - self.start).days)]

    def __contains__(self, day: dt.date) -> bool:
        return self.start <= day < self.end

    def __str__(self) -> str:
        last = self.end - dt.timedelta(days=1)
        return str(self.start) if last == self.start else f"{self.start}..{last}"


@dataclass(frozen=True, slots=True)
class Item:
    """Something a connector could fetch.

    Attributes:
        key: Stable identity inside the source (mail part, path with size and time, query window).
        name: File name as the sender wrote it, for people; never used as a path.
        meta: What the envelope says: ``sender``, ``subject``, ``folder``, ``path``, ``url``, ``query``; ``kind`` is ``KEY_SET`` where
            the bytes are no rows but the keys of all rows that there are; ``stated`` is a :class:`StatedBeside`.
        received_at: When it reached the server (aware), if the server says so.
    """

    key: str
    name: str
    size: int | None = None
    received_at: dt.datetime | None = None
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of an item with what is known of where they come from.

    Attributes:
        content: All bytes; empty where they are too many for memory.
        write: For those: writes them to an empty file from the first to the last, and gives the item as it is known then (how many
            rows there were, say). Called again it begins anew.
    """

    item: Item
    content: bytes = b""
    meta: Mapping[str, str] = field(default_factory=dict)
    write: Callable[[BinaryIO], Item] | None = None


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """A sealed object of the landing zone: SHA-256 of the clear bytes, their size and kind by magic bytes."""

    sha256: str
    size: int
    kind: str


@dataclass(frozen=True, slots=True)
class Position:
    """Where a row stands in what was received.

    ``text`` is the value of the column ``_src_row``: ``sheet!row`` for workbooks, ``row`` for text, with ``member>`` in
    front for archives and ``/column`` behind for unpivoted rows. The cell of a value follows from the layout's header map.
    """

    row: int
    sheet: str = ""
    member: str = ""
    columns: str = ""

    @property
    def text(self) -> str:
        place = f"{self.sheet}!{self.row}" if self.sheet else str(self.row)
        place = f"{self.member}>{place}" if self.member else place
        return f"{place}/{self.columns}" if self.columns else place

    @classmethod
    def parse(cls, text: str) -> Position:
        """The position that a ``_src_row`` value names; ``ValueError`` if it names none."""
        match = _POSITION.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a position")
        return cls(int(match["row"]), match["sheet"] or "", match["member"] or "", match["columns"] or "")

    def cell(self, column: str) -> str:
        """The cell of this row in a column of ``TableRead.header_cells``: ``Sheet1!G7``, or ``7:5`` (line and field) in texts.

        ``/2`` means the second of the row's own columns: an unpivoted row's values stand in other columns than its neighbour's.
        """
        if column.startswith("/"):
            column = self.columns.split(",")[int(column[1:]) - 1]
        name = f"{column}{self.row}" if column.isalpha() else f"{self.row}:{column}"
        place = f"{self.sheet}!{name}" if self.sheet else name
        return f"{self.member}>{place}" if self.member else place


@dataclass(frozen=True, slots=True)
class StatedTotal:
    """A control total that the file itself states, beside what its rows add up to.

    ``column`` is None for a count of rows. ``agrees`` is None when nothing could be computed to compare it with.
    """

    label: str
    column: str | None
    stated: Decimal
    computed: Decimal | None
    position: str = ""

    @property
    def agrees(self) -> bool | None:
        return None if self.computed is None else self.stated == self.computed


@dataclass(frozen=True, slots=True)
class StatedBeside:
    """What a list beside a file states of its rows; it goes with the item, so that the file is read the same again without the list.

    Attributes:
        place: The list and its line or record: ``清单.csv>2``.
        rows: Its header for the count of rows, and the count as it is written (None if it is not there); None if none was agreed.
        sums: Headers of the file to the list's header and the sum as it is written.
    """

    place: str
    rows: tuple[str, str | None] | None = None
    sums: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)

    def text(self) -> str:
        """As one text, for :attr:`Item.meta`."""
        return json.dumps([self.place, self.rows, dict(self.sums)], ensure_ascii=False)

    @classmethod
    def parse(cls, text: str) -> StatedBeside:
        place, rows, sums = json.loads(text)
        return cls(place, tuple(rows) if rows else None, {header: (name, stated) for header, (name, stated) in sums.items()})


@dataclass(frozen=True, slots=True)
class Note:
    """Something noticed about a file that does not stop it: a reason code with its place."""

    reason: str
    position: str = ""
    column: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class TableRead:
    """One table found in a file.

    Attributes:
        name: Sheet (or archive member) name; empty for plain text.
        rows: Text columns named by the sender's headers, plus ``_src_row``. Cells that are empty are null.
        header_row: 1-based physical row of the (last) header line; None without a header.
        header_cells: Header name to spreadsheet column letter (or 1-based field number for text).
        totals: Control totals stated for this table, reconciled with its rows.
        notes: Skipped rows, moved columns, repaired cells: each with its position.
        layout: Name of the layout that read it; empty when read blind.
        more: Rows of a large file that were handed on and are not among ``rows``.
    """

    name: str
    rows: pa.Table
    header_row: int | None
    header_cells: Mapping[str, str]
    totals: Sequence[StatedTotal] = ()
    notes: Sequence[Note] = ()
    layout: str = ""
    more: int = 0

    @property
    def count(self) -> int:
        """How many rows the table has."""
        return int(self.rows.num_rows) + self.more


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside what was received: a child of the object (or member) whose SHA-256 is ``parent``.

    ``path`` is the way to it and stands in front of its rows' positions; ``reason`` says why it could not be had or read.
    """

    path: str
    kind: str
    size: int
    sha256: str
    parent: str
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class FileRead:
    """What a reader made of one object. ``held`` is the reason code why its rows must not be used, or None."""

    kind: str
    encoding: str | None
    tables: Sequence[TableRead]
    held: str | None = None
    held_detail: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)
    members: Sequence[Member] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row or a value that was refused: by code, position and column, never by its content."""

    reason: str
    position: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an arrival speaks for: one party and a span of business days."""

    party: str
    span: Span
    is_nil: bool = False
