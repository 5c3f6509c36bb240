"""The exam's marking: published marts and the ledger beside the truth.

Only two things may happen to a number: it is right to the cent, or something in the ledger says which file, party and day it
is waiting for. ``silently_wrong`` counts the rest, and must be zero.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from taihu.core.types import Lang
from taihu.demo.faults import FAULT_KINDS, Fault
from taihu.demo.senders import SENDERS
from taihu.demo.senders.platforms import SOURCES as PLATFORM_SOURCES
from taihu.demo.senders.platforms import TABLE as PLATFORM_DAYS
from taihu.demo.truth import GRAINS, SentFile, Truth

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.project.workspace import Workspace

# Remarks on a file that is as it should be; anything else said about a clean file is a false alarm.
_HARMLESS = frozenset(
    {"restated", "replaced", "late", "nil_return", "correction_expired", "corrected", "identical_content", "red_letter", "same_invoice"}
)
# The sender behind each table that only one of the further senders fills.
_SOURCES = {table: (sender.source,) for sender in SENDERS for table in sender.grains}
_UNUSED = ("held", "rejected")
_OWING = ("held", "rejected", "missing", "expected")


@dataclass(frozen=True, slots=True)
class ArrivalRecord:
    """What the ledger says of one arrival; ``scopes`` are (party, day) pairs."""

    id: str
    source: str
    name: str
    state: str
    reason: str
    scopes: frozenset[tuple[str, dt.date]] = frozenset()


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """A quarantined row or a note: reason and place on one arrival."""

    arrival_id: str
    reason: str
    position: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class ExpectationRecord:
    """What became of one party's business day."""

    source: str
    party: str
    day: dt.date
    state: str


@dataclass(frozen=True, slots=True)
class Records:
    """The ledger's rows that the score reads."""

    arrivals: Sequence[ArrivalRecord] = ()
    quarantine: Sequence[FindingRecord] = ()
    notes: Sequence[FindingRecord] = ()
    expectations: Sequence[ExpectationRecord] = ()


@dataclass(frozen=True, slots=True)
class WrongCell:
    """A mart's cell that is not what is true; ``marks`` are the ledger's words that explain it, and nothing if none do."""

    mart: str
    key: tuple[str, ...]
    column: str
    published: Decimal
    true: Decimal
    marks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FaultScore:
    """How one kind of fault fared."""

    kind: str
    planted: int
    detected: int
    located: int
    repaired: int
    held: int
    missed: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """The whole result."""

    facts_exact: bool
    wrong: Sequence[WrongCell]
    faults: Sequence[FaultScore]
    silently_wrong: Sequence[WrongCell]
    false_flags: Sequence[str]
    clean_files: int
    clean_files_read: int
    unread: Sequence[str] = field(default=())
    cells: int = 0

    @property
    def false_flag_rate(self) -> float:
        return len(self.false_flags) / self.clean_files if self.clean_files else 0.0

    @property
    def clean_files_read_rate(self) -> float:
        return self.clean_files_read / self.clean_files if self.clean_files else 1.0

    def as_json(self) -> dict[str, Any]:
        """The published keys."""
        return {
            "facts_exact": self.facts_exact,
            "cells": self.cells,
            "differing_cells": len(self.wrong),
            "faults": [
                {"kind": f.kind, "planted": f.planted, "detected": f.detected, "located": f.located, "repaired": f.repaired, "held": f.held}
                for f in self.faults
            ],
            "silently_wrong": len(self.silently_wrong),
            "silently_wrong_cells": [_cell_text(cell) for cell in self.silently_wrong[:50]],
            "false_flag_rate": round(self.false_flag_rate, 5),
            "false_flags": list(self.false_flags[:50]),
            "clean_files": self.clean_files,
            "clean_files_read_rate": round(self.clean_files_read_rate, 5),
            "unread": list(self.unread[:50]),
            "missed": [name for fault in self.faults for name in fault.missed],
        }

    def lines(self, lang: Lang, *, in_full: bool = False) -> list[str]:
        """The score for people."""
        zh = lang == "zh"
        planted, detected = sum(f.planted for f in self.faults), sum(f.detected for f in self.faults)
        others = len(self.wrong) - len(self.silently_wrong)
        marked = (
            "" if not others else f"（另 {others} 个已注明缺数或待处理）" if zh else f" ({others} others are marked as missing or held)"
        )
        lines = [
            ("得分" if zh else "Score"),
            f"  {'与真值一致的单元格' if zh else 'cells equal to the truth'}: {self.cells - len(self.wrong)} / {self.cells}{marked}",
            f"  {'错而无标记的单元格' if zh else 'silently wrong cells'}: {len(self.silently_wrong)}",
            f"  {'发现的错误' if zh else 'faults detected'}: {detected} / {planted}",
            f"  {'误报率' if zh else 'false flags'}: {self.false_flag_rate:.2%}",
            f"  {'正常文件读入率' if zh else 'clean files read'}: {self.clean_files_read_rate:.2%}",
        ]
        if in_full and self.faults:
            heads = (
                ("种类", "植入", "发现", "定位", "修复", "扣留") if zh else ("kind", "planted", "detected", "located", "repaired", "held")
            )
            lines.append("  " + f"{heads[0]:<18}" + "".join(f"{head:>10}" for head in heads[1:]))
            lines += [f"  {f.kind:<18}{f.planted:>10}{f.detected:>10}{f.located:>10}{f.repaired:>10}{f.held:>10}" for f in self.faults]
        if in_full:
            lines += [f"  ! {_cell_text(cell)}" for cell in self.silently_wrong[:20]]
            lines += [f"  ? {name}" for name in [*self.false_flags, *self.unread][:20]]
            lines += [f"  - {name}" for fault in self.faults for name in fault.missed]
        return lines


def _cell_text(cell: WrongCell) -> str:
    return f"{cell.mart} {' '.join(cell.key)} {cell.column}: {cell.published} ({cell.true})"


def score(ws: Workspace, truth: Truth) -> Score:
    """Mark a project that has seen all mornings."""
    return score_records(truth, published_marts(ws), ledger_records(ws))


def published_marts(ws: Workspace) -> dict[str, pa.Table]:
    """Each mart at the version that the newest publication pins; as built where none does."""
    pinned: dict[str, int] = {}
    for publication in sorted(ws.ledger.publications(), key=lambda publication: publication.issued_at):
        pinned.update(publication.tables)
    return {mart: ws.tables.read(mart, pinned.get(mart)) for mart in GRAINS if ws.tables.exists(mart)}


def ledger_records(ws: Workspace) -> Records:
    """The ledger's rows as plain records."""
    arrivals = [
        ArrivalRecord(
            a.id, a.source, a.name, a.state, a.reason, frozenset((scope.party, day) for scope in a.scopes for day in scope.span.days())
        )
        for a in ws.ledger.arrivals()
    ]
    return Records(
        arrivals,
        [FindingRecord(row.arrival_id, row.reason, row.position, row.column) for row in ws.ledger.quarantined()],
        [FindingRecord(row.arrival_id, row.reason, row.position, row.column) for row in ws.ledger.notes()],
        [ExpectationRecord(row.source, row.party, row.day, row.state) for row in ws.ledger.expectations()],
    )


def score_records(truth: Truth, marts: Mapping[str, pa.Table], records: Records) -> Score:
    """Mark published marts (as Arrow tables) and the ledger's rows."""
    view = _View(truth, records)
    wrong, cells = [], 0
    for mart in GRAINS:
        for key, column, published, true in compare_mart(truth, mart, marts.get(mart)):
            cells += 1
            if published != true:
                wrong.append(WrongCell(mart, key, column, published, true, view.explanation(mart, key, column, published, true)))
    clean = [file for file in truth.files if file.clean]
    unread = [file.name for file in clean if not view.is_read(file)]
    return Score(
        facts_exact=not wrong,
        wrong=wrong,
        faults=[_fault_score(kind, [fault for fault in truth.faults if fault.kind == kind], view) for kind in FAULT_KINDS if truth.faults],
        silently_wrong=[cell for cell in wrong if not cell.marks],
        false_flags=[flag for file in clean if (flag := view.false_flag(file))],
        clean_files=len(clean),
        clean_files_read=len(clean) - len(unread),
        unread=unread,
        cells=cells,
    )


def compare_mart(truth: Truth, mart: str, table: pa.Table | None) -> Iterable[tuple[tuple[str, ...], str, Decimal, Decimal]]:
    """Every cell of a mart (or of a clean table, summed by its grain) inside the simulated days: (grain, column, published, true).

    A row that is absent counts as zero. Older rows (a market's history) are compared where the truth knows them.
    """
    grain = GRAINS[mart]
    true = truth.cells[mart]
    columns = sorted({column for row in true.values() for column in row})
    published: dict[tuple[str, ...], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    if table is not None:
        present = [column for column in columns if column in table.column_names]
        for row in table.select([*grain, *present]).to_pylist():
            key = tuple(str(row[name]) for name in grain)
            if key in true or truth.first.isoformat() <= key[0] <= truth.last.isoformat():
                for column in present:
                    published[key][column] += Decimal(str(row[column] or 0))
    for key in sorted(set(true) | set(published)):
        for column in columns:
            yield key, column, published.get(key, {}).get(column, Decimal(0)), true.get(key, {}).get(column, Decimal(0))


class _View:
    """The ledger's records by file, arrival, and by source, party and day."""

    def __init__(self, truth: Truth, records: Records) -> None:
        self.truth = truth
        self.by_file: dict[tuple[str, str], list[ArrivalRecord]] = defaultdict(list)
        for arrival in records.arrivals:
            self.by_file[(arrival.source, arrival.name)].append(arrival)
        self.quarantine: dict[str, list[FindingRecord]] = defaultdict(list)
        for row in records.quarantine:
            self.quarantine[row.arrival_id].append(row)
        self.notes: dict[str, list[FindingRecord]] = defaultdict(list)
        for note in records.notes:
            self.notes[note.arrival_id].append(note)
        self.expected = {(e.source, e.party, e.day): e.state for e in records.expectations}
        self._sent = {(file.source, file.name): file for file in truth.files}
        self._marks = self._marked(records)

    def _marked(self, records: Records) -> dict[tuple[str, str, dt.date], str]:
        """(source, party, day) to what the ledger says is missing, held or refused there."""
        marks: dict[tuple[str, str, dt.date], str] = {}
        for arrival in records.arrivals:
            rows = self.quarantine.get(arrival.id, [])
            if arrival.state in _UNUSED or (rows and arrival.state != "superseded"):
                file = self._sent.get((arrival.source, arrival.name))
                named = {(file.party, day) for file in ([file] if file else []) for day in file.days}
                for party, day in arrival.scopes | named:
                    marks[(arrival.source, party, day)] = f"{arrival.name}: {arrival.reason or rows[0].reason}"
        for expectation in records.expectations:
            if expectation.state in _OWING:
                marks.setdefault((expectation.source, expectation.party, expectation.day), f"{expectation.state}")
        return marks

    def explanation(self, mart: str, key: tuple[str, ...], column: str, published: Decimal, true: Decimal) -> list[str]:
        """What the ledger says about the files behind a cell; nothing if that cannot explain so big a difference."""
        sources = _SOURCES.get(mart, ()) if mart != PLATFORM_DAYS else PLATFORM_SOURCES.get(key[1], ())
        if not sources:
            return self._behind(mart, key, column, abs(true - published))
        # What was withheld leaves less than there is; only a refund that was withheld leaves more.
        within = abs(published) <= abs(true) or column.startswith("net_")
        return self._withheld(sources, dt.date.fromisoformat(key[0])) if within else []

    def _withheld(self, sources: Collection[str], day: dt.date) -> list[str]:
        """What is missing of some sources on a day."""
        return [
            f"{source} {party} {day}: {words}"
            for (source, party, at), words in sorted(self._marks.items())
            if source in sources and at == day
        ]

    def _behind(self, mart: str, key: tuple[str, ...], column: str, difference: Decimal) -> list[str]:
        start = dt.date.fromisoformat(key[0])
        end = start + dt.timedelta(days=7 if mart == "mart.weekly_kpi" else 1)
        region = key[1]
        channel = key[-1] if len(GRAINS[mart]) == 3 else "DISTRIBUTOR"
        first = start - dt.timedelta(days=28) if column == "daily_sell_out_quantity" else start
        said, explained = [], Decimal(0)
        for (source, party, day), words in sorted(self._marks.items()):
            within = (start if source == "distributor_stock" else first) <= day < end
            if within and self._concerns(source, party, region, channel, column):
                said.append(f"{source} {party} {day}: {words}")
                explained += self.truth.weights.get(f"{source}|{party}|{day}|{region}", {}).get(column, Decimal(0))
        return said if difference <= explained else []

    def _concerns(self, source: str, party: str, region: str, channel: str, column: str) -> bool:
        regional = self.truth.regions.get(party) == region
        if column in ("sell_in_net_cny", "sell_in_quantity"):
            return source == "erp_deliveries"
        if column == "closing_quantity":
            return source == "distributor_stock" and regional
        if column == "daily_sell_out_quantity":
            return (source == "distributor_stock" or source.startswith("sell_out_")) and regional
        if column == "target_revenue_cny":
            return source == "targets"
        if channel == "DISTRIBUTOR":
            return source.startswith("sell_out_") and regional
        return source == {"ECOM": "tmall_orders", "KA": "retailer_pos"}.get(channel)

    def is_read(self, file: SentFile) -> bool:
        return any(arrival.state in ("accepted", "nil", "superseded") for arrival in self.by_file[(file.source, file.name)])

    def false_flag(self, file: SentFile) -> str:
        """What was wrongly said about a clean file; empty if nothing was."""
        for arrival in self.by_file[(file.source, file.name)]:
            if arrival.state in _UNUSED:
                return f"{file.name}: {arrival.state} {arrival.reason}"
            for row in [*self.quarantine[arrival.id], *self.notes[arrival.id]]:
                if row.reason not in _HARMLESS:
                    return f"{file.name}: {row.reason} {row.position} {row.column}".strip()
        return ""

    def findings(self, fault: Fault) -> list[FindingRecord]:
        """Rows of the ledger with an accepted reason code on one of the fault's files, or on its missing day."""
        found = []
        for name in fault.files:
            for arrival in self.by_file[(fault.source, name)]:
                rows = [FindingRecord(arrival.id, arrival.reason), *self.quarantine[arrival.id], *self.notes[arrival.id]]
                found += [row for row in rows if row.reason in fault.reasons]
        for day in fault.days:
            state = self.expected.get((fault.source, fault.party, day), "")
            if state in fault.reasons:
                found.append(FindingRecord("", state))
        return found

    def outcome(self, fault: Fault) -> str:
        """``held`` if the file, or its faulty rows, are not used; ``repaired`` if the file is used and nothing of it refused."""
        arrivals = self.by_file[(fault.source, fault.files[0])]
        refused = any(row.reason in fault.reasons for arrival in arrivals for row in self.quarantine[arrival.id])
        unused = any(arrival.state in _UNUSED or arrival.reason == "identical_content" for arrival in arrivals)
        owing = fault.outcome == "held" and any(self.expected.get((fault.source, fault.party, day)) in _OWING for day in fault.days)
        if refused or unused or owing:
            return "held"
        return "repaired" if any(arrival.state in ("accepted", "nil", "superseded") for arrival in arrivals) else ""


def _fault_score(kind: str, faults: Sequence[Fault], view: _View) -> FaultScore:
    detected = [fault for fault in faults if view.findings(fault)]
    located = [fault for fault in detected if _is_located(fault, view.findings(fault))]
    outcomes = [view.outcome(fault) for fault in detected]
    missed = [f"{fault.kind} {fault.fault_id}: {fault.files[0]}" for fault in faults if fault not in detected]
    return FaultScore(kind, len(faults), len(detected), len(located), outcomes.count("repaired"), outcomes.count("held"), missed)


def _is_located(fault: Fault, findings: Sequence[FindingRecord]) -> bool:
    """The right row, or the right column; a fault of the whole file is located by naming the file."""
    if not fault.rows:
        return True
    return any(row_number(finding.position) in fault.rows for finding in findings)


def row_number(position: str) -> int | None:
    """The physical row in a position such as ``member.csv>Sheet1!12/columns``."""
    found = re.search(r"(\d+)$", position.partition("/")[0] if "!" in position or position[:1].isdigit() else position.rsplit("/", 1)[0])
    return int(found[1]) if found else None
