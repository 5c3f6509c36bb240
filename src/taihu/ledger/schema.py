"""The ledger's tables; nobody outside this room sees them.

Columns of binary type are sealed. ``seal_same`` columns (party, subject, who, account) can be compared, never read without the keyring;
all other sealed columns can only be read back. What is in clear is what carries no name: ids, codes, states, instants, days, counts.
Instants are text in UTC with six decimals, so their order as text is their order in time; days are ISO text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Column, MetaData, Table

VERSION = "1"

Columns = Sequence["Column[Any]"]
Group = Mapping[str, tuple[str, Columns]]
"""Attribute of :class:`Tables` to the table's name in the database and its columns."""


@dataclass(frozen=True)
class Tables:
    """Every table by name."""

    metadata: MetaData
    about: Table
    lease: Table
    cursor: Table
    session: Table
    outline: Table
    trace: Table
    item: Table
    object: Table
    attempt: Table
    letter: Table
    refusal: Table
    breaker: Table
    arrival: Table
    scope: Table
    quarantine: Table
    note: Table
    expectation: Table
    hold: Table
    decision: Table
    lake_table: Table
    partition: Table
    publication: Table
    figure: Table
    output: Table
    outbox: Table
    outcome: Table
    audit: Table
    password_note: Table


@cache
def tables() -> Tables:
    """Build the tables once a process; SQLAlchemy is loaded here and not before."""
    from sqlalchemy import MetaData, Table

    metadata = MetaData()
    built: dict[str, Table] = {}
    for group in (_of_the_project, _of_collecting, _of_arrivals, _of_the_lake, _of_publications):
        built |= {name: Table(actual, metadata, *columns) for name, (actual, columns) in group().items()}
    return Tables(metadata=metadata, **built)


def _column(name: str, kind: Any, *, nullable: bool = False, **kwargs: Any) -> Column[Any]:
    from sqlalchemy import Column

    return Column(name, kind, nullable=nullable, **kwargs)


def _table(name: str, *columns: Column[Any]) -> tuple[str, Columns]:
    return name, columns


def _text(name: str, **kwargs: Any) -> Column[Any]:
    from sqlalchemy import String

    return _column(name, String, **kwargs)


def _number(name: str, **kwargs: Any) -> Column[Any]:
    from sqlalchemy import BigInteger

    return _column(name, BigInteger, **kwargs)


def _yes(name: str) -> Column[Any]:
    from sqlalchemy import Boolean

    return _column(name, Boolean)


def _sealed(name: str, **kwargs: Any) -> Column[Any]:
    from sqlalchemy import LargeBinary

    return _column(name, LargeBinary, **kwargs)


def _key(name: str) -> Column[Any]:
    return _text(name, primary_key=True)


def _order() -> Column[Any]:
    from sqlalchemy import Integer

    return _column("sequence", Integer, primary_key=True, autoincrement=True)


def _absent(maker: Callable[..., Column[Any]], name: str) -> Column[Any]:
    return maker(name, nullable=True)


def _of_the_project() -> Group:
    """The project itself: what it is, who works in it, what was done and decided."""
    return {
        "about": _table("about", _key("name"), _text("value")),
        "lease": _table(
            "lease", _key("name"), _text("host"), _text("boot"), _number("pid"), _text("started"), _text("holder"), _text("taken_at")
        ),
        "outcome": _table(
            "outcome",
            _order(),
            _text("step"),
            _sealed("subject", index=True),
            _text("status"),
            _text("reason"),
            _sealed("detail"),
            _absent(_number, "rows_in"),
            _absent(_number, "rows_out"),
            _text("at"),
        ),
        "audit": _table(
            "audit",
            _order(),
            _text("at"),
            _sealed("who"),
            _text("action"),
            _sealed("subject"),
            _sealed("detail"),
            _text("previous"),
            _text("digest"),
        ),
        "decision": _table(
            "decision",
            _order(),
            _text("id", unique=True),
            _text("kind"),
            _sealed("subject"),
            _sealed("who"),
            _sealed("why"),
            _text("decided_at"),
        ),
    }


def _of_collecting() -> Group:
    """How far each source has been collected, and what stands in the way."""
    return {
        "cursor": _table("cursor", _key("source"), _sealed("value"), _text("moved_at")),
        "session": _table("session", _sealed("account", primary_key=True), _sealed("content"), _text("stored_at")),
        "outline": _table("outline", _key("source"), _sealed("content"), _text("stored_at")),
        "trace": _table("trace", _order(), _text("source", index=True), _sealed("content"), _text("at")),
        "item": _table("item", _key("source"), _key("mark"), _sealed("item_key"), _absent(_text, "arrival_id"), _text("seen_at")),
        "object": _table("object", _key("sha256"), _number("size"), _text("kind"), _text("landed_at")),
        "attempt": _table(
            "attempt",
            _order(),
            _text("source", index=True),
            _yes("ok"),
            _sealed("error"),
            _number("items"),
            _text("at"),
            _absent(_text, "kind"),
        ),
        "letter": _table(
            "letter",
            _key("source"),
            _key("mark"),
            _sealed("item"),
            _text("reason"),
            _sealed("detail"),
            _number("failures"),
            _text("first_at"),
            _text("last_at"),
            _yes("is_dead"),
        ),
        "refusal": _table("refusal", _sealed("account", primary_key=True), _text("mark"), _sealed("what"), _text("at")),
        "breaker": _table(
            "breaker", _key("source"), _yes("is_open"), _sealed("reason"), _absent(_text, "opened_at"), _absent(_text, "retry_at")
        ),
        "password_note": _table("password_note", _key("source"), _key("mark"), _sealed("content"), _text("received_at")),
    }


def _of_arrivals() -> Group:
    """What came: its state, what it speaks for, what of it was refused or held, and what was expected."""
    return {
        "arrival": _table(
            "arrival",
            _order(),
            _text("id", unique=True),
            _text("source", index=True),
            _text("state", index=True),
            _text("reason"),
            _text("sha256", index=True),
            _number("size"),
            _text("kind"),
            _sealed("envelope"),
            _text("received_at"),
            _text("landed_at"),
            _number("rows"),
            _text("layout"),
            _text("totals_state"),
            _absent(_sealed, "reading"),
        ),
        "scope": _table(
            "scope",
            _key("arrival_id"),
            _number("ordinal", primary_key=True),
            _text("source", index=True),
            _sealed("party"),
            _text("day_from"),
            _text("day_to"),
            _yes("is_nil"),
        ),
        "quarantine": _table(
            "quarantine", _order(), _text("arrival_id", index=True), _text("source"), _text("reason"), _sealed("position"), _text("column")
        ),
        "note": _table(
            "note",
            _order(),
            _text("arrival_id", index=True),
            _text("source"),
            _text("reason"),
            _sealed("position"),
            _text("column"),
            _sealed("detail"),
        ),
        "expectation": _table(
            "expectation",
            _key("source"),
            _sealed("party", primary_key=True),
            _key("day"),
            _text("due_at"),
            _text("state"),
            _absent(_text, "arrival_id"),
            _absent(_text, "arrived_at"),
        ),
        "hold": _table(
            "hold",
            _key("id"),
            _text("arrival_id", index=True),
            _text("source"),
            _sealed("party"),
            _absent(_text, "day_from"),
            _absent(_text, "day_to"),
            _text("reason"),
            _sealed("detail"),
            _text("opened_at"),
            _absent(_text, "released_at"),
            _text("ended"),
        ),
    }


def _of_the_lake() -> Group:
    """Which version of each table counts."""
    return {
        "lake_table": _table("lake_table", _key("name"), _absent(_number, "version"), _text("definition"), _text("changed_at")),
        "partition": _table("partition_state", _key("table"), _key("partition"), _text("stamp"), _absent(_number, "version")),
    }


def _of_publications() -> Group:
    """What was published, with its figures and files, and what was sent."""
    return {
        "publication": _table(
            "publication",
            _order(),
            _text("id", unique=True),
            _text("report", index=True),
            _number("version"),
            _text("day_from"),
            _text("day_to"),
            _text("issued_at"),
            _text("tables"),
            _absent(_text, "previous"),
            _yes("complete"),
            _yes("reviewed"),
        ),
        "figure": _table(
            "figure",
            _key("publication_id"),
            _key("id"),
            _number("ordinal"),
            _text("measure"),
            _text("mart"),
            _text("day_from"),
            _text("day_to"),
            _sealed("facts"),
        ),
        "output": _table(
            "output",
            _key("publication_id"),
            _sealed("name", primary_key=True),
            _number("ordinal"),
            _text("sha256"),
            _sealed("audience"),
            _text("lang"),
            _text("format"),
        ),
        "outbox": _table(
            "outbox",
            _order(),
            _text("id", unique=True),
            _text("publication_id", index=True),
            _text("channel"),
            _sealed("letter"),
            _text("outputs"),
            _text("state", index=True),
            _number("attempts"),
            _sealed("error"),
            _sealed("receipt"),
            _text("sender"),
            _text("created_at"),
            _absent(_text, "not_before"),
            _absent(_text, "sent_at"),
        ),
    }
