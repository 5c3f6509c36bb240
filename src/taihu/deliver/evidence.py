"""What the figures of a report rest on, as tables of words: what came and what did not, what is held, what was restated and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from taihu.core.details import detail_in
from taihu.core.figures import Arrivals, Holds, RestatementRow, Restatements, SourceArrivals
from taihu.core.types import Lang
from taihu.deliver.elements import Cell, Column, Listing, Row, Section
from taihu.deliver.words import joined, reason_words, word
from taihu.render.numbers import DASH, MINUS, Scale, number_text, scale_for, unit_word

_SMALL = Decimal("0.05")  # percent: what is less would be rounded to nothing
_LEAST = Decimal("0.005")  # percent: what is less would be rounded to nothing even with two digits
_WEIGHTS = {"source": 1.3, "sender": 1.85, "reason": 3.1, "missing": 2.6, "cause": 2.6}


def _words_columns(lang: Lang, *keys: str, wide: str) -> list[Column]:
    return [Column("wide" if key == wide else "text", word(key, lang), weight=_WEIGHTS.get(key, 0)) for key in keys]


def sources_section(block: Arrivals, lang: Lang) -> Section:
    """A row for each source that lacks something or was late; all others are listed below, so that few are found among many."""
    columns = _words_columns(lang, "source", "reported", "late", "missing", "until", wide="missing")
    fine = [source for source in block.sources if _is_in(source)]
    rows = [_source_row(source, lang) for source in block.sources if not _is_in(source)]
    return Section("rows", word("arrivals", lang), columns=columns, rows=rows, listing=_all_in(fine, bool(rows), lang) if fine else None)


def _is_in(source: SourceArrivals) -> bool:
    return not source.missing and not source.late and source.reported >= source.expected


def _source_row(source: SourceArrivals, lang: Lang) -> Row:
    itself = [name for name in source.missing if name.zh in (source.source, source.title.zh)]
    missing = word("not_in", lang) if itself else joined([name.in_(lang) for name in source.missing], lang, most=6)
    return Row(
        [
            Cell(source.title.in_(lang)),
            Cell(f"{source.reported} / {source.expected}", tone="good" if not source.missing else "warn"),
            Cell(str(source.late) if source.late else DASH, tone="warn" if source.late else "flat"),
            Cell(missing or DASH, tone="warn" if missing else "flat"),
            Cell(source.as_of.isoformat() if source.as_of else DASH),
        ]
    )


def _all_in(fine: Sequence[SourceArrivals], others: bool, lang: Lang) -> Listing:
    """Sources of which everything is in; the day up to which most have data stands once, in the title."""
    days = Counter(source.as_of.isoformat() for source in fine if source.as_of)
    usual = max(days, key=lambda day: (days[day], day), default="")
    items = []
    for source in fine:
        day = source.as_of.isoformat() if source.as_of else DASH
        notes = [f"{source.reported} / {source.expected}"] if source.expected > 1 else []
        items.append(Cell(source.title.in_(lang), tone="good", note="  ".join([*notes, *([day] if day != (usual or DASH) else [])])))
    title = word("others_in" if others else "sources_in", lang, len(fine))
    return Listing(f"{title}{word('comma', lang)}{word('as_of_within', lang, usual)}" if usual else title, items)


def holds_section(block: Holds, lang: Lang) -> Section:
    """What is held or refused: from whom, for which days, why, and what to do."""
    columns = _words_columns(lang, "sender", "period", "reason", "rows", "arrival", wide="reason")
    rows = []
    for row in block.rows:
        title, fix = reason_words(row.reason, lang)
        note = ("；" if lang == "zh" else "; ").join(part for part in (detail_in(row.reason, row.detail, lang), fix) if part)
        party = "" if row.party.zh in (row.source.zh, row.source.en) else row.party.in_(lang)  # a source without parties is its own
        rows.append(
            Row(
                [
                    Cell(row.source.in_(lang), note="" if party == "-" else party),
                    Cell(_span_words(row.span)),
                    Cell(title, tone="warn", note=note),
                    Cell(f"{row.rows:,}" if row.rows else DASH),
                    Cell(row.arrival[:12], tone="flat"),
                ]
            )
        )
    paragraphs = [] if rows else [word("no_holds", lang)]
    return Section("rows", word("holds", lang), columns=columns, rows=rows, paragraphs=paragraphs)


def _span_words(span: str) -> str:
    """``2026-11-20..2026-11-22`` as ``2026-11-20 – 11-22``."""
    first, _, last = span.partition("..")
    if first in ("", "-"):
        return DASH
    return f"{first} – {last.removeprefix(first[:5])}" if last else first


def restatements_section(block: Restatements, currency: str, lang: Lang) -> Section:
    """Published figures that have changed since, and why."""
    columns = _words_columns(lang, "day", "measure", "before", "after", "change", "cause", wide="cause")
    rows = []
    for row in block.rows:
        before, after, change = restated(row, currency, lang)
        known = f"cause_{row.cause}"
        cause = word(known, lang) if known in ("cause_data", "cause_definition", "cause_matching", "cause_reference") else row.cause
        rows.append(
            Row(
                [
                    Cell(row.business_date.isoformat()),
                    Cell(row.measure.in_(lang)),
                    Cell(before, tone="flat"),
                    Cell(after),
                    Cell(change),
                    Cell(cause, note=row.detail.in_(lang)),
                ]
            )
        )
    paragraphs = [] if rows else [word("no_restatements", lang)]
    since = word("since", lang, block.since) if block.since and rows else ""
    return Section("rows", word("restatements", lang), since, columns=columns, rows=rows, paragraphs=paragraphs)


def restated(row: RestatementRow, currency: str, lang: Lang) -> tuple[str, str, str]:
    """A restated figure before and after, and how it moved: to its last digit where it would round to the same."""
    unit = currency if row.format == "money" else ""
    scale = scale_for(row.format, unit, lang, [row.before, row.after], together=True)
    if row.format != "percent" and scale.text(row.before) == scale.text(row.after):
        scale = Scale(Decimal(1), 2, unit_word(unit, lang))
    move = signed_change(row.before, row.after, row.format, lang)
    if row.before and abs(row.after / row.before - 1) * 100 < _LEAST and row.format != "percent":
        move = ("+" if row.after > row.before else MINUS) + scale.with_unit(abs(row.after - row.before))
    return scale.with_unit(row.before), scale.with_unit(row.after), move


def signed_change(before: Decimal, after: Decimal, format: str, lang: Lang) -> str:
    """How a restated figure moved, always with its sign: a restatement is neither good nor bad."""
    if format == "percent":
        move, unit = (after - before) * 100, word("points", lang)
    elif before:
        move, unit = (after / before - 1) * 100, "%"
    else:
        return DASH
    text = number_text(abs(move), 1 if abs(move) >= _SMALL else 2)
    return f"{'+' if move > 0 else MINUS if move < 0 else ''}{text}{unit}"
