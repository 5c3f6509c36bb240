"""The arrival matrix on a terminal: one row a party, one column a day, and no day is cut off by a long name."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from taihu.cli import console
from taihu.cli.states import MARKS, NAMES, STYLES, WEEKDAYS
from taihu.run.matrix import Cell, Day, Matrix

if TYPE_CHECKING:
    from rich.text import Text

_SMALL = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_DAY_WIDTH = 3
_LEAST_FOR_NAMES = 16


def show_matrix(shown: Matrix, titles: Mapping[str, str]) -> None:
    """Print the matrix on standard output; days off are dim, small figures count the versions."""
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    rows: dict[tuple[str, str], dict[dt.date, Cell]] = {}
    for cell in shown.cells:
        rows.setdefault((cell.debt.source, cell.debt.party), {})[cell.debt.day] = cell
    screen = console.rich_console(err=False)
    parties = {at: _party(shown, *at) for at in rows}
    table = Table(box=None, padding=(0, 0, 0, 1), header_style="")
    heads = (console.t("来源", "source"), console.t("单位", "party"))
    wanted = [
        max(map(cell_len, [heads[0], *(titles[name] for name, _ in rows)])),
        max(map(cell_len, [heads[1], *parties.values()])),
    ]
    room = max(screen.width - _DAY_WIDTH * len(shown.days) - len(heads), _LEAST_FOR_NAMES)
    widths = _widths(wanted, room)
    for head, width in zip(heads, widths, strict=True):
        table.add_column(Text(head, style="dim"), no_wrap=True, overflow="ellipsis", width=width)
    for day in shown.days:
        table.add_column(_head(day), no_wrap=True, width=_DAY_WIDTH - 1)
    last = ""
    for (name, party), own in sorted(rows.items()):
        cells = [_mark(own[day.day]) if day.day in own else Text(" ") for day in shown.days]
        table.add_row(titles[name] if name != last else "", parties[name, party], *cells)
        last = name
    counts: Counter[str] = Counter(cell.debt.state for cell in shown.cells)
    screen.print(table)
    screen.print("  ".join(f"{MARKS[state]} {console.t(*names)} {counts[state]}" for state, names in NAMES.items()), style="dim")
    if any(cell.versions > 1 for cell in shown.cells):
        screen.print(console.t("●² 已到 2 版，以最后一版为准", "●² 2 versions came, the last one counts"), style="dim")


def _widths(wanted: list[int], room: int) -> list[int]:
    """Widths of both name columns: as wanted where they fit, else the sources get what is theirs, at most half of the room."""
    if sum(wanted) <= room:
        return wanted
    source = min(wanted[0], max(room // 2, room - wanted[1]))
    return [source, room - source]


def _party(shown: Matrix, source: str, party: str) -> str:
    """Key and name; nothing for a source that is its own party."""
    return "" if party == source else " ".join(dict.fromkeys((party, shown.parties.get((source, party), party))))


def _head(day: Day) -> Text:
    from rich.text import Text

    letter = console.t("班", "W*") if day.is_makeup else console.t(*WEEKDAYS[day.day.weekday()])
    return Text(f"{day.day:%m}\n{day.day:%d}\n{letter}", style="" if day.is_workday else "dim")


def _mark(cell: Cell) -> Text:
    from rich.text import Text

    many = "" if cell.versions < 2 else _SMALL[cell.versions] if cell.versions < len(_SMALL) else "⁺"
    return Text(MARKS[cell.debt.state] + many, style=STYLES[cell.debt.state])
