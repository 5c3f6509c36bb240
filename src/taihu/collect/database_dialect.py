"""How each database wants to be asked: quoting, values as text, times and texts as literals.

Every value travels as text: exact for decimals (money never becomes a float), the same for every server, and typed later by the
contract of the columns. SQLite has no types that could be trusted, PostgreSQL's driver gives ``money`` as cents and ``real`` as a
rounded float, and its text costs no more time than its types (measured).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from taihu.core.errors import TerminalError

_WHOLE = re.compile(r"-?\d{1,18}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?(Z|[+-]\d{2}(:?\d{2})?)?", re.ASCII)
_SIMPLE = re.compile(r"[a-z][a-z0-9_]*")


def _standard_quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _standard_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Dialect:
    """One server's way.

    Attributes:
        as_text: A value as text, with ``{}`` for the expression; just ``{}`` where the driver gives text, or values that
            are turned into text here.
        alias: How the wrapped query is named.
        quoted: An identifier.
        text: A text as a literal.
        moment: A time, already checked, as a literal.
    """

    name: str
    as_text: str = "{}"
    alias: str = "AS source"
    quoted: Callable[[str], str] = _standard_quoted
    text: Callable[[str], str] = _standard_text
    moment: Callable[[str], str] = _standard_text

    def value(self, expression: str) -> str:
        """The expression as text."""
        return self.as_text.format(expression)

    def column(self, name: str) -> str:
        """A column of the wrapped query. Qualified, because SQLite takes an unknown name in double quotes for a text."""
        return f"source.{self.quoted(name)}"

    def watermark(self, text: str) -> str:
        """A remembered watermark as a literal that compares with its column.

        Raises:
            TerminalError: It is neither a whole number nor an ISO time.
        """
        if _WHOLE.fullmatch(text):
            return text
        if not _MOMENT.fullmatch(text):
            raise TerminalError("the watermark is not a time", fix="watermark: names columns with ISO times or whole numbers")
        return self.moment(text)


def _oracle_quoted(name: str) -> str:
    """Oracle keeps plain names in capitals; whoever writes capitals or other letters means them."""
    return _standard_quoted(name.upper() if _SIMPLE.fullmatch(name) else name)


def _oracle_moment(text: str) -> str:
    kind = "DATE" if len(text) == 10 else "TIMESTAMP"
    return f"{kind} '{text.replace('T', ' ').replace('Z', ' +00:00')}'"


def _sqlserver_moment(text: str) -> str:
    has_zone = re.search(r"(Z|[+-]\d{2}:?\d{2})$", text[10:]) is not None
    kind = "date" if len(text) == 10 else "datetimeoffset" if has_zone else "datetime2"
    return f"CAST('{text.replace(' ', 'T', 1)}' AS {kind})"


def _mysql_text(text: str) -> str:
    """As bytes, whatever the server's mode says about backslashes."""
    return f"CONVERT(X'{text.encode().hex()}' USING utf8mb4)"


SQLITE = Dialect("sqlite", as_text="CAST({} AS TEXT)")
POSTGRESQL = Dialect("postgresql", as_text="CAST({} AS TEXT)")
MYSQL = Dialect("mysql", quoted=lambda name: "`" + name.replace("`", "``") + "`", text=_mysql_text)
SQLSERVER = Dialect(
    "sqlserver",
    quoted=lambda name: "[" + name.replace("]", "]]") + "]",
    text=lambda text: "N" + _standard_text(text),
    moment=_sqlserver_moment,
)
ORACLE = Dialect("oracle", alias="source", quoted=_oracle_quoted, moment=_oracle_moment)


@dataclass(frozen=True, slots=True)
class Question:
    """The project's query, wrapped so that only what is needed comes, in an order that is always the same.

    Attributes:
        base: The query as written.
        columns: Its columns that are wanted.
        key: Those that identify a row.
        watermark: Those of which the first that has a value says when a row changed.
    """

    dialect: Dialect
    base: str
    columns: Sequence[str]
    key: Sequence[str] = ()
    watermark: Sequence[str] = ()

    def rows(self, *, since: str = "", last: str = "", following: str = "", again: Sequence[Sequence[str]] = ()) -> str:
        """All listed columns of all rows, or of those that changed.

        Args:
            since: Only rows that changed then or later, or have no time at all.
            last: The watermark of the last poll: what changed later cannot have come before (first flag column ``0``).
            following: Where the next poll will begin: what changed earlier will not come again (second flag column ``0``).
            again: Keys whose rows are wanted in any case; their columns' texts.
        """
        chosen = [self._chosen(name) for name in self.columns]
        if self.watermark:
            chosen += [self._flag(">", last, "_before"), self._flag("<", following, "_again")]
        where = self._changed_since(since) if since else ""
        wanted = " OR ".join(f"({self._is_row(key)})" for key in again) if since else ""
        condition = " OR ".join(part for part in (where, wanted) if part)
        text = f"SELECT {', '.join(chosen)} FROM {self._source}"
        return f"{text}{f' WHERE {condition}' if condition else ''} ORDER BY {self._order()}"

    def newest(self, since: str = "") -> str:
        """When the row that changed last did so."""
        where = f" WHERE {self._changed_since(since)}" if since else ""
        return f"SELECT {self.dialect.value(f'MAX({self._changed})')} AS newest FROM {self._source}{where}"

    def keys(self) -> str:
        """The key of every row."""
        return f"SELECT {', '.join(self._chosen(name) for name in self.key)} FROM {self._source}"

    def count(self) -> str:
        return f"SELECT {self.dialect.value('COUNT(*)')} AS rows_found FROM {self._source}"

    def _chosen(self, name: str) -> str:
        return f"{self.dialect.value(self.dialect.column(name))} AS {self.dialect.quoted(name)}"

    @property
    def _source(self) -> str:
        # On a line of its own, because the query may end in a comment.
        return f"({self.base.strip().rstrip(';').rstrip()}\n) {self.dialect.alias}"

    @property
    def _changed(self) -> str:
        names = [self.dialect.column(name) for name in self.watermark]
        return names[0] if len(names) == 1 else f"COALESCE({', '.join(names)})"

    def _changed_since(self, since: str) -> str:
        """Written out so that an index on each column can be used; a row without any time always counts."""
        bound = self.dialect.watermark(since)
        condition = ""
        for name in reversed([self.dialect.column(each) for each in self.watermark]):
            otherwise = f"{name} IS NULL AND ({condition})" if condition else f"{name} IS NULL"
            condition = f"{name} >= {bound} OR {otherwise}"
        return condition

    def _flag(self, comparison: str, bound: str, name: str) -> str:
        flag = f"CASE WHEN {self._changed} {comparison} {self.dialect.watermark(bound)} THEN 0 ELSE 1 END" if bound else "1"
        return f"{self.dialect.value(flag)} AS {self.dialect.quoted(name)}"

    def _is_row(self, key: Sequence[str]) -> str:
        pairs = zip(self.key, key, strict=True)
        return " AND ".join(f"{self.dialect.value(self.dialect.column(name))} = {self.dialect.text(text)}" for name, text in pairs)

    def _order(self) -> str:
        if self.key:
            return ", ".join(self.dialect.column(name) for name in self.key)
        return ", ".join(str(number) for number in range(1, len(self.columns) + 1))
