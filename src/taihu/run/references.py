"""What intake must know beside the file itself: who the parties are, what each still owes, what it sent last time.

Built once per source and run from the current tables and the ledger, so that reading four hundred files asks each
question once.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pyarrow as pa

from taihu.clean import personal_form
from taihu.core.types import Scope, Span
from taihu.ledger.records import Arrival
from taihu.manifest.tree import Source
from taihu.run.expecting import Owed, Party, owed
from taihu.run.meant import meant_days, stated_span
from taihu.run.recorded import Recorded, recorded

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace
    from taihu.run.intake import Intake

_FEWEST_GONE = 10


class References:
    """Parties, debts and earlier data of one source.

    Args:
        known: What is recorded of it, where that was asked for many sources at once.
    """

    def __init__(self, ws: Workspace, source: Source, known: Recorded | None = None) -> None:
        self._ws = ws
        self.source = source
        self.zone = ZoneInfo(ws.tree.file.time_zone)
        self.recorded = known or recorded(ws, [source.name])[source.name]
        self.winners: Mapping[tuple[str, dt.date], str] = self.recorded.winners()
        self.waived = self.recorded.waived if source.file.expect is not None else frozenset()
        self.parties = self._parties()
        self.debts = self._debts()
        self._lookup: dict[str, str] = self._lookup_table()
        self._settled = set(self.winners) | self._closed_without_arrival()
        self._current: pa.Table | None = None
        self._fresh: dict[str, list[tuple[list[dt.date], pa.Table | None]]] = {}

    # parties -----------------------------------------------------------------------------------------------------------

    def _reference(self) -> Source | None:
        rule, expect = self.source.file.party, self.source.file.expect
        name = (rule.in_ if rule else None) or (expect.parties if expect else None)
        return self._ws.tree.sources[name] if name else None

    def _parties(self) -> list[Party]:
        reference = self._reference()
        if reference is None:
            return [Party(self.source.name, None, None, {})]
        rows = self._ws.clean_rows(reference.table).to_pylist()
        valid, key = reference.file.valid, reference.file.key[0]
        where = self.source.file.expect.where if self.source.file.expect else {}
        parties = [
            Party(str(row[key]), row.get(valid.from_) if valid else None, row.get(valid.to) if valid and valid.to else None, row)
            for row in rows
            if all(str(row.get(name)) == value for name, value in where.items())
        ]
        return sorted(parties, key=lambda party: party.key)

    def party_column(self, source: Source) -> str | None:
        """Name of the column that the reference's key gets in the source's table; None for a source that is its own party."""
        reference = self._reference()
        if source.file.party is None or reference is None or source.file.party.in_ is None:
            return None
        return reference.file.key[0]

    def _lookup_table(self) -> dict[str, str]:
        rule = self.source.file.party
        if rule is None or rule.in_ is None:
            return {}
        column = rule.by or self._ws.tree.sources[rule.in_].file.key[0]
        return {str(party.values.get(column)): party.key for party in self.parties if party.values.get(column) is not None}

    def party_by(self, source: Source, text: str) -> str | None:
        """The party whose looked-up column has this text; personal columns are compared by token."""
        rule = source.file.party
        if rule is None or rule.in_ is None or not text.strip():
            return text.strip() or None
        reference = self._ws.tree.sources[rule.in_].file
        column = reference.columns.get(rule.by) if rule.by else None
        value = (
            self._ws.vault.token(column.personal, personal_form(column.personal, text))
            if column is not None and column.personal
            else text.strip()
        )
        return self._lookup.get(value)

    # debts -------------------------------------------------------------------------------------------------------------

    def _debts(self) -> list[Owed]:
        expect = self.source.file.expect
        if expect is None:
            return []
        today = self._ws.clock.now().astimezone(self.zone).date()
        start = self._ws.started_at.astimezone(self.zone).date()
        first = dt.date.fromisoformat(expect.since) if expect.since else start - dt.timedelta(days=1)
        debts = owed(expect, self.parties, first=first, today=today, zone=self.zone, calendar=self._ws.calendar)
        # What was due before the project began is history: it is owed by the first due time after the beginning.
        begin = min((debt.due_at for debt in debts if debt.due_at >= self._ws.started_at), default=None)
        if begin is None:
            return debts
        return [Owed(debt.party, debt.day, max(debt.due_at, begin)) for debt in debts]

    def _closed_without_arrival(self) -> set[tuple[str, dt.date]]:
        """Days that a person has waived, or for which a database was asked and had nothing new."""
        if not self.debts:
            return set()
        known = self.recorded.expectations
        return {(debt.party, debt.day) for debt in known if debt.state == "nil" and debt.arrival_id is None} | self.waived

    def open_debts(self, party: str | None = None) -> list[Owed]:
        """Debts that nothing speaks for yet, those accepted earlier in this run included; of one party or of all."""
        return [debt for debt in self.debts if party in (None, debt.party) and (debt.party, debt.day) not in self._settled]

    def oldest_owed(self, source: Source, arrival: Arrival, party: str | None) -> list[Span]:
        """What a nil return speaks for: all days of the oldest delivery that is still owed when it came."""
        from taihu.run.intake import runs_of

        name = party or source.name
        received = arrival.received_at or arrival.landed_at
        due = [debt for debt in self.open_debts(name) if debt.due_at.date() <= (received + dt.timedelta(days=1)).date()]
        if not due:
            return []
        oldest = min(debt.due_at for debt in due)
        return runs_of(debt.day for debt in due if debt.due_at == oldest)

    def presumed_scopes(self, source: Source, arrival: Arrival, party: str | None) -> list[Scope]:
        """What an arrival most likely speaks for when it cannot be read: the days that its envelope or the day it came names,
        else the party's oldest open delivery."""
        from taihu.run.intake import runs_of

        name = party or source.name
        meant = self.meant_for(source, arrival, name)
        spans = runs_of(meant) if meant else self.oldest_owed(source, arrival, name)
        return [Scope(name, span) for span in spans] if party else []

    def meant_for(self, source: Source, arrival: Arrival, party: str) -> list[dt.date]:
        """The owed days that an arrival was meant for, by its envelope or the day it came; empty if they do not tell."""
        received = arrival.received_at or arrival.landed_at
        stated = stated_span(source.file.period, arrival, received.astimezone(self.zone).date())
        own = [debt for debt in self.debts if debt.party == party]
        return meant_days(stated, own, self.open_debts(party), received, self.zone)

    def owed_with(self, party: str, intake: Intake) -> list[dt.date]:
        """Days of the deliveries that the intake belongs to: a file with Friday and Saturday owes Sunday too."""
        present = {day for scope in intake.scopes if scope.party == party for day in scope.span.days()}
        groups = {debt.due_at for debt in self.debts if debt.party == party and debt.day in present}
        return [debt.day for debt in self.open_debts(party) if debt.due_at in groups]

    def has_gap(self, party: str, intake: Intake) -> bool:
        """Whether the party still owes a day between the last one that something speaks for and the first of the intake."""
        first = min((scope.span.start for scope in intake.scopes if scope.party == party), default=None)
        if first is None:
            return False
        before = max((day for name, day in self._settled if name == party and day < first), default=None)
        return before is not None and any(before < debt.day < first for debt in self.open_debts(party))

    def known_span(self, intake: Intake) -> Span | None:
        """From the first day that is owed to the day on which the file came (not in it)."""
        first = min((debt.day for debt in self.debts), default=None)
        today = (intake.arrival.received_at or intake.arrival.landed_at).astimezone(self.zone).date()
        return Span(first, max(today, first)) if first is not None else None

    def valid_span(self, party: str) -> Span | None:
        """The days on which a party is valid; None where nothing limits them."""
        found = next((each for each in self.parties if each.key == party), None)
        if found is None or (found.valid_from is None and found.valid_to is None):
            return None
        return Span(found.valid_from or dt.date.min, found.valid_to or dt.date.max)

    # earlier data ------------------------------------------------------------------------------------------------------

    def previous_rows(self, source: Source, party: str, intake: Intake) -> pa.Table | None:
        """The party's accepted rows before the first day of the intake; None if there are none.

        Days that an arrival of this run speaks for are taken from it: what it replaced is no longer accepted.
        """
        import pyarrow.compute as pc

        first = min((scope.span.start for scope in intake.scopes), default=None)
        if first is None:
            return None
        column = self.party_column(source) or (source.file.party.column if source.file.party else None)
        table = _before(self._committed(), first, column, party)
        for days, fresh in self._fresh.get(party, ()):
            if table is not None and source.file.load == "replace":
                table = table.filter(pc.invert(pc.is_in(table.column("business_date"), value_set=pa.array(days, pa.date32()))))
            rows = _before(fresh, first, column, party) if fresh is not None else None
            if rows is not None:
                table = rows if table is None else pa.concat_tables([table, rows], promote_options="permissive")
        return table if table is not None and table.num_rows else None

    def appended_rows(self, intake: Intake) -> pa.Table | None:
        """For a source that is appended to, its accepted rows of all other arrivals; None for any other source."""
        import pyarrow.compute as pc

        if self.source.file.load != "append":
            return None
        fresh = [rows for each in self._fresh.values() for _, rows in each if rows is not None]
        known = [rows for rows in (self._committed(), *fresh) if rows.num_rows]
        if not known:
            return None
        table = pa.concat_tables(known, promote_options="permissive")
        return table.filter(pc.not_equal(table.column("_src_id"), pa.scalar(intake.arrival.id)))

    def shrunk(self, intake: Intake, column: str | None) -> str:
        """How many rows a new version has in place of how many, if it has less than half of them; else empty.

        Args:
            column: Column of the party in the rows.
        """
        if intake.rows is None or "business_date" not in intake.rows.column_names:
            return ""
        again = {(scope.party, day) for scope in intake.scopes for day in scope.span.days()} & self._settled
        if not again:
            return ""
        counts: Counter[tuple[str, dt.date]] = Counter()
        _count(counts, self._committed(), column, self.source.name, again)
        for party, fresh in self._fresh.items():
            for days, rows in fresh:
                own = {(party, day) for day in days} & again
                for at in own:
                    counts.pop(at, None)
                if rows is not None and own:
                    _count(counts, rows, column, self.source.name, own)
        after: Counter[tuple[str, dt.date]] = Counter()
        _count(after, intake.rows, column, self.source.name, again)
        before, now = counts.total(), after.total()
        if before - now < _FEWEST_GONE or 2 * now >= before or not self._is_newer(intake.arrival, again):
            return ""
        return f"{now} rows in place of {before}"

    def _is_newer(self, arrival: Arrival, days: Collection[tuple[str, dt.date]]) -> bool:
        """Whether an arrival was received after those that count for these days; one that was not replaces nothing."""
        ids = sorted({self.winners[at] for at in days if at in self.winners})
        return all(other.received_at <= arrival.received_at for other in self._ws.ledger.arrivals(ids=ids))

    def _committed(self) -> pa.Table:
        """The source's own table; read once a run."""
        if self._current is None:
            self._current = self._ws.clean_rows(self.source.table)
        return self._current

    def remember(self, intake: Intake) -> None:
        """What was accepted in this run counts as earlier data of the next intake, and what it speaks for is no longer owed."""
        days: dict[str, list[dt.date]] = {}
        for scope in intake.scopes:
            days.setdefault(scope.party, []).extend(scope.span.days())
        for party, own in days.items():
            self._fresh.setdefault(party, []).append((own, intake.rows))
            self._settled |= {(party, day) for day in own}


def _count(
    counts: Counter[tuple[str, dt.date]], rows: pa.Table, column: str | None, own: str, wanted: Collection[tuple[str, dt.date]]
) -> None:
    """Add the rows of each wanted party and day."""
    import pyarrow.compute as pc

    if rows.num_rows == 0 or "business_date" not in rows.column_names:
        return
    days = pa.array(sorted({day for _, day in wanted}), pa.date32())
    rows = rows.filter(pc.is_in(rows.column("business_date"), value_set=days))
    parties = rows.column(column).to_pylist() if column and column in rows.column_names else [own] * rows.num_rows
    counts.update(at for at in zip(parties, rows.column("business_date").to_pylist(), strict=True) if at in wanted)


def _before(rows: pa.Table, first: dt.date, column: str | None, party: str) -> pa.Table | None:
    """Rows of one party before a day; None for a table without business dates."""
    import pyarrow.compute as pc

    if rows.num_rows == 0 or "business_date" not in rows.column_names:
        return None
    keep = pc.less(rows.column("business_date"), pa.scalar(first, pa.date32()))
    if column and column in rows.column_names:
        keep = pc.and_(keep, pc.equal(rows.column(column), pa.scalar(party, pa.string())))
    return rows.filter(keep)
