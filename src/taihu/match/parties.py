"""Companies, their branches and stores: what is compared of them, and how much each agreement says.

The weights stand for lists of business partners in China. They were set on generated lists with known truth
(``tests/made/parties.py``, seeds 101 and 102) and are measured on lists of other seeds (``./do soak matching``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from taihu.china.phones import canonical_phone
from taihu.china.refused import ValueRefused
from taihu.china.uscc import canonical_uscc, is_uscc
from taihu.guard.vault import PREFIX
from taihu.manifest.matching import ATTRIBUTES
from taihu.match.addresses import Address, address_parts
from taihu.match.names import company_name
from taihu.match.places import province_of
from taihu.match.resolve import Kind, Record, attribute, text_table
from taihu.match.scoring import Comparison, Level, Model

if TYPE_CHECKING:
    import pyarrow as pa

HEAD_OFFICE = "-"
NO_INDUSTRY = "-"


def comparable(records: Sequence[Record]) -> pa.Table:
    """The columns that the model compares, one row a record; what is absent or not valid is null."""
    import pyarrow as pa

    names = [company_name(text) for text in attribute(records, "name")]
    # A token is equal or it is not; it has no parts.
    doors = [Address("", text, PREFIX, "") if text.startswith(PREFIX) else address_parts(text) for text in attribute(records, "address")]
    places = [name.place or door.place for name, door in zip(names, doors, strict=True)]
    columns = {
        "uscc": [_valid_uscc(text) for text in attribute(records, "uscc")],
        "place": places,
        "province": [province_of(place) for place in places],
        "trade": [name.trade for name in names],
        "trade_first": [name.trade[:1] for name in names],
        "trade_last": [name.trade[-1:] for name in names],
        # A legal form without an industry before it is a full name that has none; without a form it may have been left out.
        "industry": [name.industry or (NO_INDUSTRY if name.form else "") for name in names],
        "stated_industry": [name.industry for name in names],
        "branch": [name.branch or HEAD_OFFICE for name in names],
        "phone": [_phone(text) for text in attribute(records, "phone")],
        "door": [f"{door.street}|{door.number}" if door.street and door.number else "" for door in doors],
        "street": [door.street for door in doors],
        "room": [door.room for door in doors],
    }
    edits = pa.array([one_edit(name.trade) for name in names], pa.list_(pa.string()))
    return text_table([record.id for record in records], columns).append_column("trade_edits", edits)


def one_edit(text: str) -> list[str]:
    """Keys of which two texts share one if they are one character apart (replaced, left out, exchanged with its neighbour).

    DuckDB's own edit distances count bytes, and a Chinese character has three.
    """
    if len(text) < 2:
        return [text]
    masked = [f"{text[:place]}_{text[place + 1 :]}" for place in range(len(text))]
    shorter = [text[:place] + text[place + 1 :] for place in range(len(text))] if len(text) > 2 else []
    return [text, "~" + "".join(sorted(text)), *masked, *shorter]


def _valid_uscc(text: str) -> str:
    code = canonical_uscc(text) if text else ""
    return code if code and is_uscc(code) else ""


def _phone(text: str) -> str:
    """The number without an extension; a token stays as it is, and what is no number says nothing."""
    if text.startswith(PREFIX):
        return text
    try:
        return canonical_phone(text).partition("-")[0] if text else ""
    except ValueRefused:
        return ""


def _equal(column: str) -> str:
    return f"{column}_l = {column}_r"


def _comparison(column: str, *levels: Level, rest: tuple[float, float]) -> Comparison:
    return Comparison(column, f"{column}_l IS NULL OR {column}_r IS NULL", levels, Level("", *rest))


_NEAR = "list_has_any(trade_edits_l, trade_edits_r)"
_LONG = "length(trade_l) > 2 AND length(trade_r) > 2"
_INSIDE = "length(trade_l) > 1 AND length(trade_r) > 1 AND (contains(trade_l, trade_r) OR contains(trade_r, trade_l))"
_WITHIN = "province_l = province_r AND (place_l = province_l OR place_r = province_r)"
_MODEL = Model(
    comparisons=(
        _comparison("uscc", Level(_equal("uscc"), 0.99, 0.00025), rest=(0.01, 0.99975)),
        _comparison(
            "trade",
            Level(_equal("trade"), 0.885, 0.0004, "trade"),
            Level(f"{_LONG} AND {_NEAR}", 0.016, 0.0002),
            Level(_INSIDE, 0.01, 0.00015),
            Level(_NEAR, 0.045, 0.0143),
            rest=(0.04, 0.985),
        ),
        _comparison(
            "industry",
            Level(_equal("industry"), 0.96, 0.067, "industry"),
            Level(f"industry_l = '{NO_INDUSTRY}' OR industry_r = '{NO_INDUSTRY}'", 0.03, 0.12),
            rest=(0.01, 0.813),
        ),
        _comparison("place", Level(_equal("place"), 0.98, 0.03, "place"), Level(_WITHIN, 0.01, 0.0012), rest=(0.005, 0.969)),
        _comparison(
            "branch",
            Level(f"{_equal('branch')} AND branch_l <> '{HEAD_OFFICE}'", 0.09, 0.001, "branch"),
            Level(_equal("branch"), 0.90, 0.82),
            rest=(0.01, 0.18),
        ),
        _comparison("phone", Level(_equal("phone"), 0.73, 0.00017, "phone"), rest=(0.27, 0.9998)),
        _comparison(
            "door",
            Level(f"{_equal('door')} AND {_equal('room')}", 0.235, 0.00006, "door"),
            Level(_equal("door"), 0.57, 0.00016, "door"),
            Level(_equal("street"), 0.13, 0.036),
            rest=(0.065, 0.9637),
        ),
    ),
    candidates=(
        ("uscc",),
        ("trade", "industry"),
        ("trade", "place"),
        ("phone",),
        ("door", "place"),
        ("place", "industry", "trade_first"),
        ("place", "industry", "trade_last"),
    ),
    partners=1.5,
)

PARTY = Kind(
    "party",
    attributes=ATTRIBUTES["party"],
    comparable=comparable,
    model=_MODEL,
    keys=(("uscc", "branch"),),
    exclusive=("uscc", "branch", "stated_industry"),
)
