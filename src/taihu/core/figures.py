"""The set of figures of one report: computed once, rendered by every format.

``run`` fills these values from a publication's pinned tables; ``deliver`` only lays them out. A number that is equal here is
equal in the workbook, the PDF and the mail, and the canonical JSON of a :class:`ReportFigures` is what is archived.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from taihu.core.types import Span, Text

Format = Literal["money", "quantity", "percent", "days", "number"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure beside what it is compared with.

    ``against`` is ``target``, ``day``, ``week`` or ``year``; ``base`` the compared value; ``change`` the ratio minus one (for
    ``target``: value over target; for a percent figure: the difference in points as a ratio); None prints as a dash.
    """

    against: str
    base: Decimal | None
    change: Decimal | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with all that is needed to print it and to trace it.

    Attributes:
        id: ``f-`` and a derived id; ``taihu explain`` takes it.
        filter: Column and value pairs, and the span of business dates, that select the mart's rows.
        parts: For a ratio, its numerator and denominator.
        is_estimated: True if an estimate is in it; printed in italics with an ``E``.
    """

    id: str
    measure: str
    label: Text
    value: Decimal | None
    format: Format
    unit: str
    good: Literal["up", "down", "none"]
    mart: str
    span: Span
    filter: Sequence[tuple[str, str]]
    comparisons: Sequence[Comparison] = ()
    parts: Sequence[tuple[str, Decimal]] = ()
    is_estimated: bool = False


@dataclass(frozen=True, slots=True)
class Tiles:
    """A row of key figures. ``trends`` holds for each figure its daily values over the last days, oldest first."""

    figures: Sequence[Figure]
    trends: Sequence[Sequence[Decimal | None]] = ()
    as_of: dt.date | None = None


@dataclass(frozen=True, slots=True)
class TableRow:
    """Labels of the row's members, its figures in column order, its trend; ``level`` 0 is the grand total."""

    labels: Sequence[Text]
    figures: Sequence[Figure]
    trend: Sequence[Decimal | None] = ()
    level: int = 1


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table of figures: dimensions down, measures across, the grand total last."""

    title: Text
    dimensions: Sequence[Text]
    rows: Sequence[TableRow]
    as_of: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one set of bars."""

    label: Text
    values: Sequence[Decimal | None]


@dataclass(frozen=True, slots=True)
class ChartBlock:
    """A chart over days (``kind`` line or stacked bars) or over members of a dimension (bars)."""

    title: Text
    kind: Literal["line", "stacked", "bar"]
    x: Sequence[Text]
    series: Sequence[Series]
    format: Format
    unit: str
    as_of: dt.date | None = None


@dataclass(frozen=True, slots=True)
class SourceArrivals:
    """How complete one source is for the period of the report."""

    source: str
    title: Text
    expected: int
    reported: int
    late: int
    missing: Sequence[Text]
    as_of: dt.date | None


@dataclass(frozen=True, slots=True)
class EstimatedGap:
    """What is probably missing from the figures: an estimate that no figure holds.

    Attributes:
        parties: Parties whose missing days are estimated.
        unknown: Parties of which too little is known to estimate theirs.
        amount: The middle, between ``lower`` and ``upper`` with the probability ``within``.
        unit: Currency.
        tax: ``included``, ``excluded`` or ``none``.
    """

    parties: int
    unknown: int
    amount: Decimal
    lower: Decimal
    upper: Decimal
    within: Decimal
    unit: str
    tax: str


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The completeness banner and the table behind it. ``completeness`` is by value (share of usual sales), 0 to 1.

    ``parties_are`` is what the parties are called in the banner (经销商, distributors); None where nothing names them.
    """

    parties_expected: int
    parties_reported: int
    completeness: Decimal
    sources: Sequence[SourceArrivals]
    parties_are: Text | None = None
    estimates: Sequence[EstimatedGap] = ()


@dataclass(frozen=True, slots=True)
class HoldRow:
    """Something that is not in the figures: a held or rejected file, or quarantined rows of an accepted one."""

    source: Text
    party: Text
    span: str
    reason: str
    detail: str
    rows: int
    arrival: str


@dataclass(frozen=True, slots=True)
class Holds:
    rows: Sequence[HoldRow]


@dataclass(frozen=True, slots=True)
class RestatementRow:
    """A published figure of an earlier day that has changed, and why (``data``, ``definition``, ``matching``, ``reference``)."""

    business_date: dt.date
    measure: Text
    before: Decimal
    after: Decimal
    format: Format
    cause: str
    detail: Text


@dataclass(frozen=True, slots=True)
class Restatements:
    since: str
    rows: Sequence[RestatementRow]


@dataclass(frozen=True, slots=True)
class Notes:
    paragraphs: Sequence[str]


Block = Tiles | TableBlock | ChartBlock | Arrivals | Holds | Restatements | Notes


@dataclass(frozen=True, slots=True)
class ReportFigures:
    """Everything that one rendering of a report says.

    Attributes:
        audience: The row filter as a text (``East China``), None for everybody's data.
        issued_at: The publication's own clock, aware; never the clock of the renderer.
        complete: All that ``ready_when`` asks for is in.
    """

    report: str
    title: Text
    publication: str
    version: int
    span: Span
    issued_at: dt.datetime
    time_zone: str
    currency: str
    complete: bool
    reviewed: bool
    finding: Text
    audience: Text | None
    blocks: Sequence[Block]
