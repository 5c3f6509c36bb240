"""A workbook in which no formula is without its value.

A formula that is written without a value shows 0 in every viewer that does not calculate: mail and phone previews, blocked
downloads. So there is one way to write a formula here, and it asks for the value.
"""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any

from taihu.render import theme
from taihu.render.archives import settled
from taihu.render.numbers import MINUS, Scale


class Book:
    """An Excel workbook under construction, with its cell formats made once each.

    Args:
        title: The document's title.
        subject: What it covers.
        issued_at: The instant that its properties name.
    """

    def __init__(self, title: str, subject: str, issued_at: dt.datetime) -> None:
        import xlsxwriter

        self._content = io.BytesIO()
        self._issued_at = issued_at
        self.file = xlsxwriter.Workbook(self._content, {"in_memory": True})
        created = issued_at.astimezone(dt.UTC).replace(tzinfo=None, microsecond=0)
        self.file.set_properties({"title": title, "subject": subject, "author": "Taihu", "created": created})
        self.file.set_calc_mode("auto")
        self._styles: dict[tuple[tuple[str, Any], ...], Any] = {}

    def sheet(self, name: str) -> Any:
        """A new sheet."""
        return self.file.add_worksheet(name[:31])

    def style(self, **properties: Any) -> Any:
        """A cell format; the report's font and middle alignment unless told otherwise."""
        key = tuple(sorted(properties.items()))
        if key not in self._styles:
            usual = {"font_name": theme.OFFICE_FONT, "font_size": 10, "font_color": theme.INK, "valign": "vcenter"}
            self._styles[key] = self.file.add_format({**usual, **properties})
        return self._styles[key]

    def close(self) -> bytes:
        """The finished workbook; the same content gives the same bytes."""
        self.file.close()
        return settled(self._content.getvalue(), self._issued_at)


def formula(sheet: Any, row: int, column: int, text: str, value: float | str, style: Any = None) -> None:
    """Write a formula together with the value that it has.

    Args:
        sheet: A sheet of a :class:`Book`.
        row: Row from 0.
        column: Column from 0.
        text: The formula with its equals sign.
        value: What it evaluates to.
        style: Format of the cell.
    """
    sheet.write_formula(row, column, text, style, value)


def number(value: Decimal) -> float:
    """The nearest binary number, which is what a cell can hold."""
    return float(value)


def number_format(scale: Scale, *, estimated: bool = False) -> str:
    """How Excel shows numbers of a scale: as many decimals as in the other formats, a true minus, ``E`` for estimates."""
    body = "#,##0" + (f".{'0' * scale.digits}" if scale.digits else "")
    mark = '" E"' if estimated else ""
    percent = "%" if scale.unit == "%" else ""
    return f"{body}{percent}{mark};{MINUS}{body}{percent}{mark}"
