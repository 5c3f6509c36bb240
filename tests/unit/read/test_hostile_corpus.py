"""A third of the hostile files of every kind, seeded anew (all, several times: ``./do soak hostile``), and that the judge judges."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import cache
from random import Random

import pyarrow as pa
import pytest
from tests.corpus.documents import FAULTS, HELD, READ
from tests.corpus.hostile import Hostile, corpus, sound
from tests.corpus.judged import judge
from tests.soak.hostile import GOAL, Tally, judged

from taihu.core.types import TableRead
from taihu.read import read_blind

SEED = secrets.randbelow(10**6)


@cache
def _files() -> list[Hostile]:
    return corpus(SEED)


def test_no_cell_is_wrong_in_silence() -> None:
    files = _files()[SEED % 3 :: 3]
    tally = Tally([SEED])
    for file in files:
        tally.add(SEED, file, judged(file))
    assert len(files) >= 200
    assert len({file.kind for file in files}) >= 16
    assert tally.wrong == []
    assert tally.share_read >= GOAL, SEED


def test_the_same_seed_gives_the_same_files() -> None:
    first, second = (sound("csv", Random("a"), "total row") for _ in range(2))
    assert (first.content, first.tables) == (second.content, second.tables)


def _table(file: Hostile) -> TableRead:
    (table,) = read_blind(file.content, file.name).tables
    return table


def _changed(table: TableRead, column: str, row: int, text: str | None) -> TableRead:
    cells = table.rows[column].to_pylist()
    cells[row] = text
    return replace(table, rows=table.rows.set_column(table.rows.column_names.index(column), column, pa.array(cells, pa.string())))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_judge_sees_a_wrong_cell_a_lost_row_and_a_wrong_place(kind: str) -> None:
    file = sound(kind, Random("b"), "total row")
    table = _table(file)
    name = table.rows.column_names[-2]
    assert judge(READ, file.tables, None, [table]).silent == []
    assert judge(READ, file.tables, None, [_changed(table, name, 1, "other")]).silent != []
    assert judge(READ, file.tables, None, [_changed(table, name, 1, None)]).silent != []
    assert judge(READ, file.tables, None, [_changed(table, "_src_row", 1, "99")]).silent != []
    assert judge(READ, file.tables, None, [replace(table, rows=table.rows.slice(1))]).silent != []
    assert judge(READ, file.tables, None, [replace(table, header_row=7)]).silent != []
    assert judge(READ, file.tables, None, [table, table]).silent != []
    assert judge(HELD, file.tables, None, [table]).missed
    assert judge(READ, file.tables, "mojibake", []).refused


@pytest.mark.parametrize("fault", ["error cells", "formulas without values", "long ids as numbers", "ids cut to 15 digits"])
def test_the_judge_wants_every_lost_cell_said(fault: str) -> None:
    file = sound("ods", Random("c"), fault)
    table = _table(file)
    assert judge(READ, file.tables, None, [table]).silent == []
    quiet = judge(READ, file.tables, None, [replace(table, notes=())]).silent
    # An error that stands in its cell says of itself that it is one.
    assert bool(quiet) == (fault != "error cells")


def test_every_fault_of_content_is_written_in_some_kind() -> None:
    written = {file.fault for file in _files()}
    assert set(FAULTS) <= written
