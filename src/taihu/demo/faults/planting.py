"""Planting: where and when each kind of fault happens.

Each kind is planted at least three times a seed, never twice on the same sender within a few days. A fault changes one draft;
the facts stay untouched, so the truth knows what the file should have said.
"""

from __future__ import annotations

import copy
import datetime as dt
import random
from collections.abc import Iterator, Sequence

from taihu.core.ids import derived_id
from taihu.demo.dates import MORNINGS, WORK_MORNINGS
from taihu.demo.drafts import Draft
from taihu.demo.faults.catalogue import KINDS
from taihu.demo.faults.kinds import DAILY, Fault, Kind
from taihu.demo.schedule import Plan, Sending, next_workday, resend, senders


def plant(plan: Plan, seed: int) -> list[Fault]:
    """Plant every kind; the faults in the order of their mornings.

    Each kind is planted where its catalogue says, in a company of another shape wherever of these there is room; where such a
    company errs more often, further ones follow as long as there is room.

    Raises:
        RuntimeError: If a kind finds no room.
    """
    rng = random.Random(f"faults:{seed}")
    faults: list[Fault] = []
    rates = plan.facts.company.shape.faults
    for kind in KINDS:
        for number, source in enumerate(kind.sources):
            others = rng.sample(kind.sources, len(kind.sources)) if rates else []
            found = (_plant_one(plan, kind, place, number, rng) for place in (source, *others))
            fault = next((fault for fault in found if fault is not None), None)
            if fault is None:
                raise RuntimeError(f"no room to plant {kind.name} in {source}")
            faults.append(fault)
    if rates:
        wanted = [kind for kind in KINDS for _ in range(rng.randint(*rates) - len(kind.sources))]
        further = (_plant_one(plan, kind, rng.choice(kind.sources), 1, rng) for kind in rng.sample(wanted, len(wanted)))
        faults += [fault for fault in further if fault is not None]
    return sorted(faults, key=lambda fault: (fault.days, fault.fault_id))


def _plant_one(plan: Plan, kind: Kind, source: str, number: int, rng: random.Random) -> Fault | None:
    for sending in _candidates(plan, kind, source, rng):
        right = copy.deepcopy(sending.draft)
        hit = kind.apply(plan, sending, rng)
        if hit is None:
            continue
        draft = sending.draft
        sending.clean = sending.clean and bool(kind.again)
        plan.occupy(source, draft.party, sending.morning)
        corrected_on = next_workday(sending.morning, 2) if kind.corrected and number == 0 else None
        if corrected_on is not None:
            resend(plan, right, corrected_on, "_更正", remark="correction of a fault")
            plan.occupy(source, draft.party, corrected_on)
        return Fault(
            fault_id=derived_id("fault", kind.name, source, draft.party, sending.morning, length=10),
            kind=kind.name,
            source=source,
            party=draft.party,
            days=_days_at_fault(kind, right, draft),
            files=_files(plan, kind, sending),
            reasons=kind.reasons,
            outcome=kind.outcome,
            rows=_physical_rows(kind, sending, hit[0]),
            column=hit[1],
            corrected_on=corrected_on,
        )
    return None


def _candidates(plan: Plan, kind: Kind, source: str, rng: random.Random) -> Iterator[Sending]:
    daily = source in DAILY
    mornings = [morning for morning in (MORNINGS if daily else WORK_MORNINGS)[2:] if kind.mornings(morning)]
    places = [(party, morning) for party in senders(plan.facts.company, source) for morning in mornings]
    rng.shuffle(places)
    for gap in (1, 0) if daily else (4, 2, 1, 0):
        for party, morning in places:
            sending = plan.regular.get((source, party, morning))
            if sending is not None and sending.draft.rows and plan.is_free(source, party, morning, gap):
                yield sending


def _days_at_fault(kind: Kind, right: Draft, draft: Draft) -> tuple[dt.date, ...]:
    if kind.name == "missing_day":
        return tuple(sorted({row["date"] for row in right.rows} - {row["date"] for row in draft.rows}))
    return draft.days


def _files(plan: Plan, kind: Kind, sending: Sending) -> tuple[str, ...]:
    return {"": (sending.name,), "copy": (plan.sendings[-1].name,), "version": (plan.sendings[-1].name, sending.name)}[kind.again]


def _physical_rows(kind: Kind, sending: Sending, indexes: Sequence[int]) -> tuple[int, ...]:
    if not indexes or sending.draft.damage:
        return ()
    positions = sending.written().positions
    after = 1 if kind.name == "total_row" else 0
    return tuple(positions[index] + after for index in indexes)
