"""The marts of one publication as its reports ask them: each question once, whoever the audience is.

A report goes out to a dozen people who see different rows of the same tables. What is asked of a table is asked for all of them
together; what an audience may see is chosen from the answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from taihu.engine.interface import Engine
from taihu.run.cube import Cube, Filter


class Marts:
    """Open tables of one publication.

    Args:
        engine: Offers the pinned tables under their own names.
        columns: Column names of every pinned mart, by table.
        split: Columns by which audiences are kept apart.
    """

    def __init__(self, engine: Engine, columns: Mapping[str, Sequence[str]], split: Sequence[str] = ()) -> None:
        self.engine = engine
        self.columns = columns
        self.split = tuple(split)
        self._cubes: dict[str, Cube] = {}
        self._weekly: dict[str, bool] = {}
        self._newest: dict[object, list[tuple[Any, ...]]] = {}
        self._listed: dict[object, list[dict[str, Any]]] = {}

    def cube(self, mart: str, opened_as: str = "") -> Cube:
        """Sums over a mart; ``opened_as`` is the name under which the engine knows it, if it is another one."""
        name = opened_as or mart
        if name not in self._cubes:
            self._cubes[name] = Cube(self.engine, name, self.columns[mart], self.split)
        return self._cubes[name]

    def is_weekly(self, mart: str) -> bool:
        """Whether all rows of a mart stand on Mondays."""
        if mart not in self._weekly:
            found = self.engine.rows(f"SELECT COUNT(*) > 0 AND BOOL_AND(ISODOW(business_date) = 1) FROM {mart}")
            self._weekly[mart] = bool(found[0][0])
        return self._weekly[mart]

    def newest(self, mart: str, columns: Sequence[str], before: dt.date, where: Filter) -> dt.date | None:
        """Newest business date before ``before`` on which one of the columns is not zero."""
        split = [name for name in self.split if name in self.columns[mart]]
        apart = all(column in split for column, _ in where)
        asked = () if apart else tuple(where)
        key = (mart, tuple(columns), before, asked)
        if key not in self._newest:
            groups = [f'CAST("{name}" AS VARCHAR)' for name in (split if apart else ())]
            present = " OR ".join(f'"{column}" <> 0' for column in columns)
            conditions = " AND ".join([f"business_date < ? AND ({present})", *(f'"{name}" = ?' for name, _ in asked)])
            tail = f" GROUP BY {', '.join(groups)}" if groups else ""
            sql = f"SELECT {', '.join([*groups, 'MAX(business_date)'])} FROM {mart} WHERE {conditions}{tail}"
            self._newest[key] = self.engine.rows(sql, [before, *(value for _, value in asked)])
        rows = self._newest[key]
        for column, value in where if apart else ():
            rows = [row for row in rows if row[split.index(column)] == value]
        return max((row[-1] for row in rows if isinstance(row[-1], dt.date)), default=None)

    def listed(self, sql: str, params: Sequence[Any]) -> list[dict[str, Any]]:
        """Rows of an operational table, asked once."""
        key = (sql, tuple(params))
        if key not in self._listed:
            self._listed[key] = self.engine.query(sql, params).to_pylist()
        return self._listed[key]
