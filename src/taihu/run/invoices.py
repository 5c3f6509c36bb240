"""An invoice counts once, in whatever file it comes: it is known by code and number, not by its bytes or its name.

People send the PDF and later the XML, two mails bring the same attachment printed anew, an archive repeats last month's. The
first one counts; where rows are merged by the invoice's own key, a later form that is trusted more takes its place. A second
file that states another total is held: somebody has to look at both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from taihu.core.types import Note
from taihu.manifest.tree import Source
from taihu.run.intake import Intake, stop

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace

_TRUST = {"xml": 0, "ofd": 1, "pdf": 2}
_IDENTITY, _CODE, _NUMBER, _TOTAL = "发票标识", "发票代码", "发票号码", "价税合计"


@dataclass(frozen=True, slots=True)
class _Known:
    """Where an invoice was told first, how far that form is trusted, and its total if that is listed."""

    arrival: str
    trust: int
    total: Decimal | None


class Invoices:
    """The invoices of one source: those in its clean table and those of this run."""

    def __init__(self, ws: Workspace, source: Source, identity: tuple[str, ...], total: str | None) -> None:
        self._identity = identity
        self._total = total
        self._is_key = source.file.load == "upsert" and set(source.file.key) <= set(identity)
        kinds = {arrival.id: arrival.kind for arrival in ws.ledger.arrivals(source=source.name)}
        self._known: dict[str, _Known] = {}
        rows = ws.clean_rows(source.table)
        if rows.num_rows:
            for who, row in self._each(rows):
                self._known[who] = _Known(row["_src_id"], _trust(kinds.get(row["_src_id"], ""), row["_src_row"]), self._total_of(row))

    @classmethod
    def of(cls, ws: Workspace, source: Source) -> Invoices | None:
        """The invoices of a source that reads invoices and lists what identifies them; None for others."""
        if "invoice" not in source.file.read.kinds:
            return None
        at = {header: name for name, column in source.file.columns.items() for header in column.from_ or (name,)}
        identity = (at[_IDENTITY],) if _IDENTITY in at else tuple(at[name] for name in (_CODE, _NUMBER) if name in at)
        return cls(ws, source, identity, at.get(_TOTAL)) if _IDENTITY in at or _NUMBER in at else None

    def _each(self, rows: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        wanted = [
            *self._identity,
            *([self._total] if self._total else []),
            "_src_row",
            *(["_src_id"] if "_src_id" in rows.column_names else []),
        ]
        for row in rows.select(wanted).to_pylist():
            yield "".join(str(row[name]) for name in self._identity if row[name] is not None), row

    def _total_of(self, row: dict[str, Any]) -> Decimal | None:
        return row[self._total] if self._total else None

    def judged(self, intake: Intake, released: Collection[str]) -> Intake:
        """The intake without the invoices that other arrivals have told; held if one of them was told with another total.

        Args:
            intake: What an arrival turned out to be.
            released: Reasons that a person has released it from.
        """
        rows = intake.rows
        if intake.state != "accepted" or rows is None or not rows.num_rows:
            return intake
        kept: list[int] = []
        notes: list[Note] = []
        fresh: dict[str, _Known] = {}
        for n, (who, row) in enumerate(self._each(rows)):
            mine = _Known(intake.arrival.id, _trust(intake.kind, row["_src_row"]), self._total_of(row))
            other = self._known.get(who)
            if not who or other is None or other.arrival == intake.arrival.id:
                kept.append(n)
                fresh[who] = mine
                continue
            if other.total != mine.total and None not in (other.total, mine.total) and "invoice_disagrees" not in released:
                return stop(intake, "invoice_disagrees", f"{row['_src_row']}: another total than in arrival {other.arrival}")
            notes.append(Note("same_invoice", row["_src_row"], self._identity[-1], f"arrival {other.arrival}"))
            if self._is_key and mine.trust < other.trust:
                kept.append(n)
                fresh[who] = mine
        self._known |= fresh
        if not notes:
            return intake
        intake = replace(intake, notes=[*intake.notes, *notes])
        if not kept:
            return replace(intake, state="superseded", reason="same_invoice", detail=notes[0].detail, rows=None, scopes=())
        return replace(intake, rows=rows.take(kept))


def _trust(kind: str, position: str) -> int:
    """How far a form is trusted, 0 the most; inside an archive the member's name tells it."""
    member = position.partition(">")[0] if ">" in position else ""
    return _TRUST.get(member.rsplit(".", 1)[-1].lower() if member else kind, len(_TRUST))
