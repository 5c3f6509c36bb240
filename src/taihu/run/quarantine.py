"""Refused rows as work for people: what was refused and why, let in or put aside with a reason, read again after a fix, sent back.

A rule may be wrong about a row, and then a person lets the row in. A value that could not be read has no value to let in: there
the fix is a correction (``corrections.yml``), a changed contract or a better file, and reading the file again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from taihu.core.errors import NotFound, UsageError
from taihu.core.reasons import REASONS
from taihu.core.types import Lang
from taihu.guard.mask import mask
from taihu.guard.roles import require
from taihu.ledger.quarantining import RowDecision
from taihu.ledger.records import Arrival, Decision
from taihu.run.explaining import cells_of, header_of
from taihu.run.intake import take_in
from taihu.run.references import References

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace

_COUNTING = ("accepted", "held")


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One refused value. ``header`` and ``text`` are known where the file was opened; personal texts are masked."""

    source: str
    arrival_id: str
    position: str
    column: str
    reason: str
    decision: Decision | None = None
    file: str = ""
    header: str = ""
    text: str | None = None


def refused_rows(ws: Workspace, *, source: str | None = None, arrival: str | None = None, decided: bool = False) -> list[RefusedRow]:
    """Refused rows of files that count or wait; those that a person has put aside only where ``decided``.

    Args:
        source: Only this source.
        arrival: Only this arrival, whatever its state; its id or the first characters of it.
    """
    if source is not None:
        ws.tree.source(source)
    own = ws.ledger.arrival(arrival).id if arrival else None
    counting = {each.id for each in ws.ledger.arrivals(source=source, states=_COUNTING)} if own is None else {own}
    decisions = ws.ledger.row_decisions()
    rows = [
        RefusedRow(row.source, row.arrival_id, row.position, row.column, row.reason, decisions.get((row.arrival_id, row.position)))
        for row in ws.ledger.quarantined(arrival=own, source=source)
        if row.arrival_id in counting
    ]
    return [row for row in rows if decided or row.decision is None]


def opened(ws: Workspace, rows: Sequence[RefusedRow]) -> list[RefusedRow]:
    """The rows with file, header and text, read from the sealed objects; each file is opened once."""
    found = []
    for arrival in ws.ledger.arrivals(ids=sorted({row.arrival_id for row in rows})):
        own = [row for row in rows if row.arrival_id == arrival.id]
        texts = cells_of(ws, arrival, [(row.position, row.column) for row in own])
        found += [_with_text(ws, arrival, row, texts.get((row.position, row.column))) for row in own]
    return found


def _with_text(ws: Workspace, arrival: Arrival, row: RefusedRow, text: str | None) -> RefusedRow:
    source = ws.tree.sources[arrival.source]
    column = source.file.columns.get(row.column)
    if text is not None and column is not None and column.personal:
        text = mask(column.personal, text)
    header = header_of(source, arrival, row.column) if column is not None else None
    return RefusedRow(row.source, row.arrival_id, row.position, row.column, row.reason, row.decision, arrival.name, header or "", text)


def decide(ws: Workspace, kind: RowDecision, arrival_id: str, places: Sequence[str], *, who: str, why: str) -> list[str]:
    """Let rows in, put them aside, or take either back; returns the places.

    Args:
        kind: ``release``, ``reject`` or ``undo``.
        arrival_id: The arrival, or the first characters of its id.
        places: Positions as ``taihu quarantine list`` shows them; none means all that are undecided (or decided, for ``undo``).

    Raises:
        AccessRefused: ``roles.yml`` names who may release, and ``who`` is not among them.
        UsageError: No reason is given, the file does not count, or a row cannot be let in because a value could not be read.
        NotFound: No row was refused there.
    """
    if not why.strip():
        raise UsageError("a refused row is decided on for a reason", fix="add --because REASON")
    require(ws.tree.roles, who, "release")
    arrival = ws.ledger.arrival(arrival_id)
    if arrival.state not in _COUNTING:
        raise UsageError(
            f"the file {arrival.id[:12]} is {arrival.state}", fix="only rows of files that count or are held can be decided on"
        )
    standing = {place for (id_, place) in ws.ledger.row_decisions() if id_ == arrival.id}
    refused = {row.position for row in ws.ledger.quarantined(arrival=arrival.id)}
    known = standing if kind == "undo" else refused - standing
    chosen = list(dict.fromkeys(places)) if places else sorted(known)
    missing = [place for place in chosen if place not in known]
    if missing or not chosen:
        raise NotFound(
            f"no such row of {arrival.id[:12]}: {', '.join(missing) or 'none'}", fix=f"see taihu quarantine show {arrival.id[:12]}"
        )
    if kind == "release":
        _require_readable(ws, arrival, chosen)
    ws.ledger.rows_decided(kind, arrival.id, chosen, who=who, why=why)
    return chosen


def _require_readable(ws: Workspace, arrival: Arrival, places: Sequence[str]) -> None:
    """The rows would be in the table if their rules were left out: tried on the file itself, nothing is written."""
    source = ws.tree.source(arrival.source)
    rows = {*places, *ws.ledger.released_rows().get(arrival.id, ())}
    intake = take_in(ws, source, arrival, References(ws, source), released=ws.ledger.released(arrival.id), released_rows=rows)
    still = sorted({refusal.position for refusal in intake.refusals} & set(places))
    if still:
        raise UsageError(
            f"a value could not be read in {', '.join(still)}",
            where=f"sources/{arrival.source}/corrections.yml",
            fix="correct the value or the contract, then: taihu quarantine rerun",
        )


def rerun(ws: Workspace, *, who: str, why: str, source: str | None = None, arrival: str | None = None) -> list[str]:
    """Have the files with undecided refused rows read again by the next run; returns their ids.

    Raises:
        AccessRefused: ``roles.yml`` names who may release, and ``who`` is not among them.
    """
    require(ws.tree.roles, who, "release")
    chosen = sorted({row.arrival_id for row in refused_rows(ws, source=source, arrival=arrival)})
    if chosen:
        ws.ledger.read_again(chosen, who=who, why=why)
    return chosen


def export(ws: Workspace, path: Path, rows: Sequence[RefusedRow], *, who: str, lang: Lang) -> int:
    """Write refused rows to a workbook for whoever has to correct them; returns their number. Audited.

    Texts go in as texts, so a cell that begins with ``=`` stays what it is.
    """
    import xlsxwriter

    words = _HEADS[lang]
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet(words[0])
        bold = book.add_format({"bold": True})
        for number, word in enumerate(words[1:]):
            sheet.write_string(0, number, word, bold)
        for line, row in enumerate(rows, start=1):
            reason = REASONS[row.reason]
            cells = (
                row.source,
                row.file,
                row.position,
                row.header or row.column,
                row.text or "",
                reason.title.in_(lang),
                reason.fix.in_(lang),
            )
            for number, text in enumerate(cells):
                sheet.write_string(line, number, text)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(words) - 2, 24)
    ws.ledger.audited("quarantine.export", path.name, who=who, detail=f"{len(rows)} rows")
    return len(rows)


_HEADS = {
    "zh": ("被拒的行", "来源", "文件", "位置", "列", "内容", "原因", "处理办法"),
    "en": ("Refused rows", "Source", "File", "Place", "Column", "Text", "Reason", "What to do"),
}
