"""PDF files with tables, made with the project's own font: ruled, without lines, over pages, and invoices."""

from __future__ import annotations

from collections.abc import Sequence

from taihu.render.fonts import FAMILY, typst_fonts

_HEAD = f'#set page(width: 500pt, height: {{height}}pt, margin: 30pt)\n#set text(font: "{FAMILY}", size: 9pt)\n'


def _made(body: str, height: int = 700) -> bytes:
    import typst

    made = typst.compile((_HEAD.format(height=height) + body).encode(), font_paths=typst_fonts())
    assert isinstance(made, bytes)
    return made


def _text(cell: str) -> str:
    return '#"' + cell.replace("\\", "\\\\").replace('"', '\\"') + '"'


def table_pdf(
    rows: Sequence[Sequence[str]], *, ruled: bool, above: Sequence[str] = (), below: Sequence[str] = (), height: int = 700
) -> bytes:
    """A table with lines of text above and below it; it goes on over pages where the page is not high enough."""
    cells = ", ".join("[" + _text(cell) + "]" for row in rows for cell in row)
    stroke = "0.5pt" if ruled else "none"
    body = "".join(f"{_text(line)}\n\n" for line in above)
    body += f"#table(columns: {len(rows[0])}, stroke: {stroke}, inset: 4pt, {cells})\n\n"
    return _made(body + "".join(f"{_text(line)}\n\n" for line in below), height)


def placed_pdf(lines: Sequence[Sequence[tuple[float, str]]]) -> bytes:
    """Texts at exact places: each line a sequence of left edges (points) and texts."""
    pieces = []
    for number, line in enumerate(lines):
        pieces += [f"#place(dx: {left - 30}pt, dy: {number * 16}pt, {_text(text).removeprefix('#')})" for left, text in line]
    return _made("\n".join(pieces))
