"""What the marts would say if every sender were careful, and everything that was planted, as one value.

The arithmetic is done here a second time, in Decimal and by other means than the models' SQL; two ways to one number.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from taihu.demo.dates import ALL_DAYS, FIRST_MORNING, WORK_MORNINGS
from taihu.demo.drafts import STYLES
from taihu.demo.facts import Delivery, Facts, cents, net_of
from taihu.demo.faults import Fault
from taihu.demo.schedule import Plan, Sending, TableDrop
from taihu.demo.senders import SENDERS
from taihu.demo.senders.platforms import GRAIN as PLATFORM_DAY
from taihu.demo.senders.platforms import TABLE as PLATFORM_DAYS
from taihu.demo.senders.platforms import platform_days

ZERO = Decimal(0)
GRAINS = {
    "mart.daily_kpi": ("business_date", "region_code", "channel_code"),
    "mart.daily_revenue": ("business_date", "region_code", "channel_code"),
    "mart.stock_days": ("business_date", "region_code"),
    "mart.weekly_kpi": ("business_date", "region_code", "channel_code"),
    **{table: grain for sender in SENDERS for table, grain in sender.grains.items()},
    PLATFORM_DAYS: PLATFORM_DAY,
}
"""Tables that are compared, and by which columns: a day first. Rows of one grain are added up."""
Cells = dict[str, dict[tuple[str, ...], dict[str, Decimal]]]


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as it was sent: whom and which days it speaks for, and whether it is as it should be."""

    source: str
    party: str
    name: str
    days: tuple[dt.date, ...]
    clean: bool
    remark: str


@dataclass(frozen=True, slots=True)
class Truth:
    """The answer to the exam.

    Attributes:
        cells: Table of ``GRAINS`` to (grain values as text) to column to value; a row that is absent is zero everywhere.
        weights: ``source|party|day|region`` to column to how much of a cell hangs on it (line values without their sign): what
            a mark there can explain at most.
        regions: Region of every distributor.
        phones: Telephone numbers in columns that the project reads.
        names: Names of persons in columns that the project reads; at least three characters.
        numbers: Identity numbers and bank cards in columns that the project reads.
        unread_names: Names of persons in columns that no contract lists, unless somebody of that name stands in another one.
        mail_addresses: Contact addresses of those who send by mail.
    """

    seed: int
    first: dt.date
    last: dt.date
    cells: Mapping[str, Mapping[tuple[str, ...], Mapping[str, Decimal]]]
    faults: Sequence[Fault]
    files: Sequence[SentFile]
    weights: Mapping[str, Mapping[str, Decimal]]
    regions: Mapping[str, str]
    phones: Sequence[str]
    names: Sequence[str]
    numbers: Sequence[str]
    unread_names: Sequence[str]
    mail_addresses: Sequence[str]
    restated: Sequence[str] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON text; decimals and dates as text."""
        cells = {
            mart: [["|".join(key), {name: str(value) for name, value in row.items()}] for key, row in rows.items()]
            for mart, rows in self.cells.items()
        }
        weights = {key: {name: str(value) for name, value in row.items()} for key, row in self.weights.items()}
        return {**_plain(asdict(self)), "cells": cells, "weights": weights}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Truth:
        """Read :meth:`to_json` back."""
        cells = {
            mart: {tuple(key.split("|")): {name: Decimal(text) for name, text in row.items()} for key, row in rows}
            for mart, rows in value["cells"].items()
        }
        weights = {key: {name: Decimal(text) for name, text in row.items()} for key, row in value["weights"].items()}
        faults = [Fault(**_restored(fault, ("files", "reasons", "rows"))) for fault in value["faults"]]
        files = [SentFile(**_restored(file, ())) for file in value["files"]]
        first, last = dt.date.fromisoformat(value["first"]), dt.date.fromisoformat(value["last"])
        return cls(**{**value, "cells": cells, "weights": weights, "faults": faults, "files": files, "first": first, "last": last})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if key not in ("cells", "weights")}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value


def _restored(record: Mapping[str, Any], tuples: Iterable[str]) -> dict[str, Any]:
    changed: dict[str, Any] = {name: tuple(record[name]) for name in tuples}
    changed["days"] = tuple(dt.date.fromisoformat(day) for day in record["days"])
    if record.get("corrected_on"):
        changed["corrected_on"] = dt.date.fromisoformat(record["corrected_on"])
    return {**record, **changed}


def make_truth(
    facts: Facts, plan: Plan, drops: Sequence[TableDrop], faults: Sequence[Fault], restated: Sequence[Delivery], seed: int
) -> Truth:
    """Put the answer together."""
    daily, stock, weekly = _daily(facts), _stock_days(facts), _weekly(facts)
    revenue = {
        key: {name: row.get(name, ZERO) for name in ("net_revenue_cny", "sell_out_quantity", "target_revenue_cny")}
        for key, row in daily.items()
    }
    company = facts.company
    orders = [order for rows in facts.orders.values() for order in rows]
    others = [sender.personal(facts) for sender in SENDERS]
    names = {order.buyer for order in orders}.union(*(other.names for other in others))
    salespeople = {party.salesperson for party in company.distributors if "salesperson" in STYLES[party.style].headers}
    return Truth(
        seed=seed,
        first=ALL_DAYS[0],
        last=ALL_DAYS[-1],
        cells={
            **{"mart.daily_kpi": daily, "mart.daily_revenue": revenue, "mart.stock_days": stock, "mart.weekly_kpi": weekly},
            **{table: _plain_cells(cells) for sender in SENDERS for table, cells in sender.truth(facts).items()},
            PLATFORM_DAYS: platform_days(facts),
        },
        faults=faults,
        files=[
            *(_sent(sending) for sending in plan.sendings),
            *(SentFile(d.source, d.source, d.name, (), True, "reference table") for d in drops),
        ],
        weights=_weights(facts),
        regions={party.code: party.region for party in company.distributors},
        phones=sorted({order.phone for order in orders}.union(_customer_phones(facts), *(other.phones for other in others))),
        names=sorted(names),
        numbers=sorted(set[str]().union(*(other.numbers for other in others))),
        unread_names=sorted(salespeople.union(*(other.unread_names for other in others)) - names),
        mail_addresses=sorted({party.mail for party in company.distributors}.union(*(other.mail_addresses for other in others))),
        restated=[f"{line.number}/{line.line}" for line in restated],
    )


def _plain_cells(cells: Mapping[tuple[str, ...], Mapping[str, Decimal]]) -> dict[tuple[str, ...], dict[str, Decimal]]:
    return {key: {name: Decimal(value) for name, value in row.items()} for key, row in sorted(cells.items())}


def _customer_phones(facts: Facts) -> set[str]:
    """Telephone numbers of customers that stand in sell-out files."""
    writing = {party.code for party in facts.company.distributors if "phone" in STYLES[party.style].headers}
    return {line.phone for (party, _), lines in facts.sell_out.items() if party in writing for line in lines}


def _sent(sending: Sending) -> SentFile:
    return SentFile(sending.draft.source, sending.draft.party, sending.name, sending.draft.days, sending.clean, sending.remark)


class _Sums:
    """Adds amounts up by grain."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, ...], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))

    def add(self, key: tuple[str, ...], **amounts: Decimal | int) -> None:
        row = self.rows[key]
        for name, amount in amounts.items():
            row[name] += amount

    def plain(self) -> dict[tuple[str, ...], dict[str, Decimal]]:
        return {key: dict(row) for key, row in sorted(self.rows.items())}


def counted_days(facts: Facts) -> dict[str, list[dt.date]]:
    """The days for which each distributor sends its stock."""
    days = [morning - dt.timedelta(days=1) for morning in WORK_MORNINGS if morning >= FIRST_MORNING]
    return {party.code: [day for day in days if party.sells_on(day)] for party in facts.company.distributors}


def net_in_cny(line: Delivery, facts: Facts) -> Decimal:
    """A delivery line in CNY at the latest rate on or before its day."""
    if line.currency == "CNY":
        return line.final_net
    rate = [rate.mid for rate in facts.rates if rate.currency == line.currency and rate.day <= line.day][-1]
    return cents(line.final_net * rate / 100)


def _share(units: int) -> Decimal:
    """A sale's part of a 28-day average, rounded to a millionth, half away from zero."""
    return (Decimal(units) / 28).quantize(Decimal("0.000001"), ROUND_HALF_UP)


def _units_sold(facts: Facts) -> dict[str, list[tuple[dt.date, int, Decimal]]]:
    """For each distributor: (day, single units, net amount) of every line."""
    sold: dict[str, list[tuple[dt.date, int, Decimal]]] = defaultdict(list)
    for (party, day), lines in facts.sell_out.items():
        for line in lines:
            product = facts.company.product(line.product)
            sold[party].append(
                (day, line.quantity * (product.pack_size if line.unit == product.pack_unit else 1), net_of(line.gross, product))
            )
    return sold


def _flows(facts: Facts, sums: _Sums, key_of: Any) -> None:
    """Add revenue, quantities, sell-in and targets of every day; ``key_of(day)`` is the mart's date."""
    company = facts.company
    for party, sales in _units_sold(facts).items():
        region = company.distributor(party).region
        for day, units, net in sales:
            sums.add((key_of(day), region, "DISTRIBUTOR"), net_revenue_cny=net, sell_out_quantity=units)
    for order in (row for rows in facts.orders.values() for row in rows):
        if order.status != "交易关闭":
            net = net_of(order.paid - order.refund, company.product(order.product))
            sums.add((key_of(order.day), order.region, "ECOM"), net_revenue_cny=net, sell_out_quantity=order.quantity)
    regions = {store.code: store.region for store in company.stores}
    for till in (row for rows in facts.pos.values() for row in rows):
        net = net_of(till.gross, company.product(till.product))
        sums.add((key_of(till.day), regions[till.store], "KA"), net_revenue_cny=net, sell_out_quantity=till.quantity)
    for line in facts.deliveries:
        units = line.quantity * company.product(line.product).pack_size
        key = (key_of(line.day), company.distributor(line.party).region, "DISTRIBUTOR")
        sums.add(key, sell_in_net_cny=net_in_cny(line, facts), sell_in_quantity=units)
    for day in ALL_DAYS:
        for target in facts.targets:
            if target.month == (day.year, day.month):
                length = {8: 31, 9: 30, 10: 31}[day.month]
                sums.add((key_of(day), target.region, target.channel), target_revenue_cny=cents(target.amount / length))


def _counts(facts: Facts, sums: _Sums, counted: Mapping[str, Iterable[tuple[str, dt.date]]], with_channel: bool) -> None:
    """Add closing stock and the 28-day selling rate on the given (mart date, counted day) pairs of each distributor."""
    sold = _units_sold(facts)
    for party, pairs in counted.items():
        region = facts.company.distributor(party).region
        for date, day in pairs:
            key = (date, region, "DISTRIBUTOR") if with_channel else (date, region)
            closing = sum(count.closing for count in facts.stock[(party, day)])
            window = day - dt.timedelta(days=28)
            rate = sum((_share(units) for sale_day, units, _ in sold[party] if window < sale_day <= day), ZERO)
            sums.add(key, closing_quantity=closing, daily_sell_out_quantity=rate)


def _daily(facts: Facts) -> dict[tuple[str, ...], dict[str, Decimal]]:
    sums = _Sums()
    _flows(facts, sums, dt.date.isoformat)
    _counts(facts, sums, {party: [(day.isoformat(), day) for day in days] for party, days in counted_days(facts).items()}, True)
    return _without(sums.plain(), "sell_in_quantity")


def _weekly(facts: Facts) -> dict[tuple[str, ...], dict[str, Decimal]]:
    sums = _Sums()
    _flows(facts, sums, _monday)
    last: dict[str, list[tuple[str, dt.date]]] = {}
    for party, days in counted_days(facts).items():
        last[party] = list({_monday(day): day for day in days}.items())
    _counts(facts, sums, last, True)
    return sums.plain()


def _stock_days(facts: Facts) -> dict[tuple[str, ...], dict[str, Decimal]]:
    sums = _Sums()
    _counts(facts, sums, {party: [(day.isoformat(), day) for day in days] for party, days in counted_days(facts).items()}, False)
    company = facts.company
    for party, sales in _units_sold(facts).items():
        for day, units, _ in sales:
            sums.add((day.isoformat(), company.distributor(party).region), sell_out_quantity=units)
    for line in facts.deliveries:
        key = (line.day.isoformat(), company.distributor(line.party).region)
        sums.add(key, sell_in_quantity=line.quantity * company.product(line.product).pack_size)
    return sums.plain()


def _monday(day: dt.date) -> str:
    return (day - dt.timedelta(days=day.weekday())).isoformat()


def _weights(facts: Facts) -> dict[str, dict[str, Decimal]]:
    """How much hangs on each source, party, day and region."""
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))

    def add(source: str, party: str, day: dt.date, region: str, **amounts: Decimal | int) -> None:
        for name, amount in amounts.items():
            sums[f"{source}|{party}|{day}|{region}"][name] += abs(Decimal(amount))

    company = facts.company
    sold = _units_sold(facts)
    for code, sales in sold.items():
        party = company.distributor(code)
        for day, units, net in sales:
            add(party.source, code, day, party.region, net_revenue_cny=net, sell_out_quantity=units, daily_sell_out_quantity=_share(units))
    for order in (row for rows in facts.orders.values() for row in rows):
        net = net_of(order.paid - order.refund, company.product(order.product))
        add("tmall_orders", "tmall_orders", order.day, order.region, net_revenue_cny=net, sell_out_quantity=order.quantity)
    regions = {store.code: store.region for store in company.stores}
    for till in (row for rows in facts.pos.values() for row in rows):
        net = net_of(till.gross, company.product(till.product))
        add("retailer_pos", "retailer_pos", till.day, regions[till.store], net_revenue_cny=net, sell_out_quantity=till.quantity)
    for code, days in counted_days(facts).items():
        for day in days:
            closing = sum(count.closing for count in facts.stock[(code, day)])
            window = day - dt.timedelta(days=28)
            rate = sum((_share(abs(units)) for sale_day, units, _ in sold[code] if window < sale_day <= day), ZERO)
            # When a count is not used, an earlier one of the same week may stand in for it.
            add(
                "distributor_stock",
                code,
                day,
                company.distributor(code).region,
                closing_quantity=2 * closing,
                daily_sell_out_quantity=2 * rate,
            )
    return {key: dict(row) for key, row in sorted(sums.items())}


def _without(rows: dict[tuple[str, ...], dict[str, Decimal]], name: str) -> dict[tuple[str, ...], dict[str, Decimal]]:
    return {key: {column: value for column, value in row.items() if column != name} for key, row in rows.items()}


def misreport(plan: Plan) -> None:
    """Let the row that corrections.yml knows be sent as its distributor sent it: 288 cases instead of 12."""
    party, day, document, product = plan.facts.company.corrected_row
    first = plan.regular[(plan.facts.company.distributor(party).source, party, FIRST_MORNING)]
    assert day in first.draft.days
    for row in first.draft.rows:
        if row["document"] == document and row["product"] == product:
            row["quantity"] = Decimal(288)
