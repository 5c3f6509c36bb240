"""The shape of a simulated company: how big it is, how its senders write, who is late, and how often something goes wrong.

The default is one fixed company, which the pictures of the documentation show. Any other is drawn from its seed. Distributors are
numbered region by region, so a shape alone tells who is who.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from taihu.demo.dates import WORK_MORNINGS, days_reported_on

REGIONS = ("EAST", "NORTH", "SOUTH", "WEST")

PartyMorning = tuple[str, dt.date]
_BEFORE_THE_LAST = WORK_MORNINGS[-2]  # what comes late on the last morning is never read


def _day(month: int, day: int) -> dt.date:
    return dt.date(2026, month, day)


@dataclass(frozen=True, slots=True)
class Habits:
    """What is no fault and happens all the time: distributor and morning, and what else it takes.

    Attributes:
        month_to_date: With the first day that the file tells of.
        corrected: With the mornings of the correction and of the old mail sent again.
        stalled: Uploads of stock that are finished late.
        nil: Files without rows: nothing was sold on the day before.
        odd_text: A customer's name that reads like an order to a machine.
    """

    late: tuple[PartyMorning, ...]
    month_to_date: tuple[tuple[str, dt.date, dt.date], ...]
    corrected: tuple[tuple[str, dt.date, dt.date, dt.date], ...]
    stalled: tuple[PartyMorning, ...]
    nil: tuple[PartyMorning, ...]
    late_stock: PartyMorning
    odd_text: PartyMorning


@dataclass(frozen=True, slots=True)
class Shape:
    """One company's size and ways; ranges are (least, most).

    Attributes:
        distributors: Their number in each region of ``REGIONS``.
        assortment: Products of one distributor.
        other_layout: So many distributors of the first region write in its other layout.
        size: Range of how much a distributor sells, beside the others.
        lines: Range of sell-out lines of a distributor and day.
        orders: Range of web shop orders a day.
        returns: Share of a distributor's days with a return.
        refunds: Shares of web shop orders that are cancelled and partly refunded.
        promoted: Products on promotion in a week.
        till: Products that a store sells in a day.
        closed: Stores that close, by number, and the first day on which they are closed.
        faults: Range of how often each kind of fault is planted, where there is room; None for what its catalogue lists.
    """

    habits: Habits
    distributors: tuple[int, ...] = (5, 5, 5, 5)
    products: int = 24
    stores: int = 24
    assortment: int = 12
    other_layout: int = 2
    size: tuple[float, float] = (0.7, 1.4)
    lines: tuple[int, int] = (4, 8)
    orders: tuple[int, int] = (14, 24)
    returns: float = 0.3
    refunds: tuple[float, float] = (0.08, 0.07)
    promoted: int = 4
    till: int = 4
    closed: tuple[tuple[int, dt.date], ...] = ((17, _day(9, 20)),)
    faults: tuple[int, int] | None = None

    def as_json(self) -> dict[str, Any]:
        """What the score says of the company."""
        return {
            "distributors": dict(zip(REGIONS, self.distributors, strict=True)),
            "products": self.products,
            "stores": self.stores,
            "assortment": self.assortment,
            "other_layout": self.other_layout,
            "size": list(self.size),
            "lines": list(self.lines),
            "orders": list(self.orders),
            "returns": self.returns,
            "refunds": list(self.refunds),
            "promoted": self.promoted,
            "till": self.till,
            "closed_stores": len(self.closed),
            "late": len(self.habits.late),
            "nil_returns": len(self.habits.nil),
            "month_to_date": len(self.habits.month_to_date),
            "corrected": len(self.habits.corrected),
            "faults_of_a_kind": list(self.faults) if self.faults else None,
        }


DEFAULT = Shape(
    Habits(
        late=(("D0004", _day(9, 17)), ("D0012", _day(9, 24)), ("D0009", _day(9, 29)), ("D0019", _day(10, 9))),
        month_to_date=(("D0013", _day(9, 22), _day(9, 1)), ("D0014", _day(10, 10), _day(10, 1))),
        corrected=(("D0007", _day(9, 16), _day(9, 18), _day(9, 22)), ("D0016", _day(9, 17), _day(9, 21), _day(9, 29))),
        stalled=(("D0006", _day(9, 18)), ("D0015", _day(10, 9))),
        nil=(("D0010", _day(9, 18)), ("D0018", _day(9, 22)), ("D0002", _day(10, 10))),
        late_stock=("D0011", _day(9, 22)),
        odd_text=("D0017", _day(9, 16)),
    )
)


def shape_of(seed: int, random_company: bool) -> Shape:
    """The company of a seed: the fixed one, or one of its own shape."""
    return draw_shape(seed) if random_company else DEFAULT


def draw_shape(seed: int) -> Shape:
    """A company of another shape: 12 to 30 distributors, 24 to 36 products, 16 to 40 stores, and other ways."""
    rng = random.Random(f"shape:{seed}")
    distributors = tuple(rng.randint(3, 8) for _ in REGIONS)
    while not 12 <= sum(distributors) <= 30:
        distributors = tuple(rng.randint(3, 8) for _ in REGIONS)
    stores, least_lines, least_orders = rng.randint(16, 40), rng.randint(4, 6), rng.randint(10, 24)
    closed = rng.sample(range(1, stores + 1), rng.randint(1, 3))
    return Shape(
        _habits(sum(distributors), rng),
        distributors,
        rng.randint(24, 36),
        stores,
        rng.randint(9, 12),
        rng.randint(1, distributors[0] - 1),
        (round(rng.uniform(0.5, 0.9), 2), round(rng.uniform(1.2, 2.0), 2)),
        (least_lines, least_lines + rng.randint(2, 4)),
        (least_orders, least_orders + rng.randint(6, 14)),
        round(rng.uniform(0.15, 0.5), 2),
        (round(rng.uniform(0.05, 0.12), 2), round(rng.uniform(0.05, 0.12), 2)),
        rng.randint(2, 6),
        rng.randint(3, 6),
        tuple((number, _day(9, rng.randint(16, 21))) for number in sorted(closed)),
        (3, 6),
    )


def _habits(count: int, rng: random.Random) -> Habits:
    """Each distributor has one habit at most; the third, which sends the row that is corrected, and the last, which leaves, have none."""
    parties: Iterator[str] = iter(rng.sample([f"D{number:04d}" for number in range(1, count) if number != 3], count - 2))
    mornings = WORK_MORNINGS[2:]
    single = [morning for morning in mornings if len(days_reported_on(morning)) == 1]
    corrected = []
    for _ in range(rng.randint(1, 2)):
        first = rng.randrange(2, 7)
        while WORK_MORNINGS[first] not in single:
            first = rng.randrange(2, 7)
        corrected.append(
            (next(parties), WORK_MORNINGS[first], WORK_MORNINGS[first + 2], WORK_MORNINGS[first + 2 + rng.randint(2, 5)]),
        )
    to_date = [(next(parties), *rng.choice(((_day(9, 22), _day(9, 1)), (_day(10, 10), _day(10, 1))))) for _ in range(rng.randint(1, 2))]
    nil = [(next(parties), rng.choice(single)) for _ in range(rng.randint(2, 3))]
    late = [(next(parties), min(rng.choice(mornings), _BEFORE_THE_LAST)) for _ in range(rng.randint(1, max(2, count // 6)))]
    odd_text = (next(parties), rng.choice(mornings))
    others = rng.sample([f"D{number:04d}" for number in range(1, count)], 4)
    stalled = [(party, min(rng.choice(mornings), _BEFORE_THE_LAST)) for party in others[: rng.randint(1, 3)]]
    late_stock = (others[3], min(rng.choice(mornings), _BEFORE_THE_LAST))
    return Habits(tuple(late), tuple(to_date), tuple(corrected), tuple(stalled), tuple(nil), late_stock, odd_text)
