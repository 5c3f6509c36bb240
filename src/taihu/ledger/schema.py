"""The ledger's tables; nobody outside this room sees them.

Columns of binary type are sealed. ``seal_same`` columns (party, subject, who, account) can be compared, never read without the keyring;
all other sealed columns can only be read back. What is in clear is what carries no name: ids, codes, states, instants, days, counts.
Instants are text in UTC with six decimals, so their order as text is their order in time; days are ISO text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

VERSION = "1"


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
    import sqlalchemy as sa

    metadata = sa.MetaData()

    def text(name: str, **kwargs: Any) -> sa.Column[Any]:
        return sa.Column(name, sa.String, nullable=kwargs.pop("nullable", False), **kwargs)

    def number(name: str, **kwargs: Any) -> sa.Column[Any]:
        return sa.Column(name, sa.BigInteger, nullable=kwargs.pop("nullable", False), **kwargs)

    def yes(name: str) -> sa.Column[Any]:
        return sa.Column(name, sa.Boolean, nullable=False)

    def sealed(name: str, **kwargs: Any) -> sa.Column[Any]:
        return sa.Column(name, sa.LargeBinary, nullable=kwargs.pop("nullable", False), **kwargs)

    def key(name: str) -> sa.Column[Any]:
        return text(name, primary_key=True)

    def order() -> sa.Column[Any]:
        return sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True)

    def table(name: str, *parts: Any) -> sa.Table:
        return sa.Table(name, metadata, *parts)

    def absent(maker: Any, name: str) -> sa.Column[Any]:
        column: sa.Column[Any] = maker(name, nullable=True)
        return column

    return Tables(
        metadata=metadata,
        about=table("about", key("name"), text("value")),
        lease=table("lease", key("name"), text("host"), text("boot"), number("pid"), text("started"), text("holder"), text("taken_at")),
        cursor=table("cursor", key("source"), sealed("value"), text("moved_at")),
        session=table("session", sealed("account", primary_key=True), sealed("content"), text("stored_at")),
        outline=table("outline", key("source"), sealed("content"), text("stored_at")),
        trace=table("trace", order(), text("source", index=True), sealed("content"), text("at")),
        item=table("item", key("source"), key("mark"), sealed("item_key"), absent(text, "arrival_id"), text("seen_at")),
        object=table("object", key("sha256"), number("size"), text("kind"), text("landed_at")),
        attempt=table(
            "attempt", order(), text("source", index=True), yes("ok"), sealed("error"), number("items"), text("at"), absent(text, "kind")
        ),
        letter=table(
            "letter",
            key("source"),
            key("mark"),
            sealed("item"),
            text("reason"),
            sealed("detail"),
            number("failures"),
            text("first_at"),
            text("last_at"),
            yes("is_dead"),
        ),
        refusal=table("refusal", sealed("account", primary_key=True), text("mark"), sealed("what"), text("at")),
        breaker=table("breaker", key("source"), yes("is_open"), sealed("reason"), absent(text, "opened_at"), absent(text, "retry_at")),
        arrival=table(
            "arrival",
            order(),
            text("id", unique=True),
            text("source", index=True),
            text("state", index=True),
            text("reason"),
            text("sha256", index=True),
            number("size"),
            text("kind"),
            sealed("envelope"),
            text("received_at"),
            text("landed_at"),
            number("rows"),
            text("layout"),
            text("totals_state"),
            absent(sealed, "reading"),
        ),
        scope=table(
            "scope",
            key("arrival_id"),
            number("ordinal", primary_key=True),
            text("source", index=True),
            sealed("party"),
            text("day_from"),
            text("day_to"),
            yes("is_nil"),
        ),
        quarantine=table(
            "quarantine", order(), text("arrival_id", index=True), text("source"), text("reason"), sealed("position"), text("column")
        ),
        note=table(
            "note",
            order(),
            text("arrival_id", index=True),
            text("source"),
            text("reason"),
            sealed("position"),
            text("column"),
            sealed("detail"),
        ),
        expectation=table(
            "expectation",
            key("source"),
            sealed("party", primary_key=True),
            key("day"),
            text("due_at"),
            text("state"),
            absent(text, "arrival_id"),
            absent(text, "arrived_at"),
        ),
        hold=table(
            "hold",
            key("id"),
            text("arrival_id", index=True),
            text("source"),
            sealed("party"),
            absent(text, "day_from"),
            absent(text, "day_to"),
            text("reason"),
            sealed("detail"),
            text("opened_at"),
            absent(text, "released_at"),
            text("ended"),
        ),
        decision=table(
            "decision", order(), text("id", unique=True), text("kind"), sealed("subject"), sealed("who"), sealed("why"), text("decided_at")
        ),
        lake_table=table("lake_table", key("name"), absent(number, "version"), text("definition"), text("changed_at")),
        partition=table("partition_state", key("table"), key("partition"), text("stamp"), absent(number, "version")),
        publication=table(
            "publication",
            order(),
            text("id", unique=True),
            text("report", index=True),
            number("version"),
            text("day_from"),
            text("day_to"),
            text("issued_at"),
            text("tables"),
            absent(text, "previous"),
            yes("complete"),
            yes("reviewed"),
        ),
        figure=table(
            "figure",
            key("publication_id"),
            key("id"),
            number("ordinal"),
            text("measure"),
            text("mart"),
            text("day_from"),
            text("day_to"),
            sealed("facts"),
        ),
        output=table(
            "output",
            key("publication_id"),
            sealed("name", primary_key=True),
            number("ordinal"),
            text("sha256"),
            sealed("audience"),
            text("lang"),
            text("format"),
        ),
        outbox=table(
            "outbox",
            order(),
            text("id", unique=True),
            text("publication_id", index=True),
            text("channel"),
            sealed("letter"),
            text("outputs"),
            text("state", index=True),
            number("attempts"),
            sealed("error"),
            sealed("receipt"),
            text("sender"),
            text("created_at"),
            absent(text, "not_before"),
            absent(text, "sent_at"),
        ),
        outcome=table(
            "outcome",
            order(),
            text("step"),
            sealed("subject", index=True),
            text("status"),
            text("reason"),
            sealed("detail"),
            absent(number, "rows_in"),
            absent(number, "rows_out"),
            text("at"),
        ),
        audit=table(
            "audit",
            order(),
            text("at"),
            sealed("who"),
            text("action"),
            sealed("subject"),
            sealed("detail"),
            text("previous"),
            text("digest"),
        ),
        password_note=table("password_note", key("source"), key("mark"), sealed("content"), text("received_at")),
    )
