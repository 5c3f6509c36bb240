"""A document as values: what is written once becomes Markdown, HTML and a typeset page.

The stories that people write are read into the same blocks, so they are woven into the generated chapters and look the same
everywhere. The Markdown understood is what those stories use: headings, paragraphs, lists, tables, **bold**, *italic*, ``code``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Style = Literal["plain", "bold", "italic", "code"]
Run = tuple[Style, str]
Inline = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    text: Inline
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: Inline


@dataclass(frozen=True, slots=True)
class Bullets:
    items: Sequence[Inline]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. ``align`` has ``l`` or ``r`` for each column; ``widths`` are relative, for the typeset page."""

    head: Sequence[Inline]
    rows: Sequence[Sequence[Inline]]
    align: str = ""
    widths: Sequence[int] = ()

    def side(self, column: int) -> str:
        return self.align[column] if column < len(self.align) else "l"


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing by the name of its file, with the text that stands for it."""

    name: str
    caption: str


Block = Heading | Paragraph | Bullets | Grid | Picture

_INLINE = re.compile(r"\*\*(?P<bold>.+?)\*\*|`(?P<code>[^`]+)`|(?<!\*)\*(?P<italic>[^*\s][^*]*)\*")
_HEADING = re.compile(r"(#{1,4})\s+(.*)")


def inline(text: str) -> Inline:
    """Read the marks inside a line."""
    runs: list[Run] = []
    at = 0
    for match in _INLINE.finditer(text):
        if match.start() > at:
            runs.append(("plain", text[at : match.start()]))
        style = match.lastgroup or "plain"
        runs.append((style, match[style]))  # type: ignore[arg-type]
        at = match.end()
    if at < len(text):
        runs.append(("plain", text[at:]))
    return tuple(runs)


def plain(text: object) -> Inline:
    """A text without any marks."""
    return (("plain", str(text)),) if str(text) else ()


def code(text: object) -> Inline:
    return (("code", str(text)),) if str(text) else ()


def text_of(runs: Inline) -> str:
    """The text of a line without its marks."""
    return "".join(text for _, text in runs)


def parse_markdown(text: str, *, deeper: int = 0) -> list[Block]:
    """Read a story into blocks; ``deeper`` lowers its headings by as many levels."""
    blocks: list[Block] = []
    for lines in _paragraphs(text):
        heading = _HEADING.fullmatch(lines[0])
        if heading:
            blocks.append(Heading(inline(heading[2]), len(heading[1]) + deeper))
            lines = lines[1:]
        if not lines:
            continue
        if lines[0].lstrip().startswith("|"):
            blocks.append(_grid(lines))
        elif lines[0].startswith("- "):
            blocks.append(Bullets([inline(item) for item in _items(lines)]))
        else:
            blocks.append(Paragraph(inline(_joined(lines))))
    return blocks


def _paragraphs(text: str) -> list[list[str]]:
    groups: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.strip():
            groups[-1].append(line.rstrip())
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if group]


def _joined(lines: Sequence[str]) -> str:
    """Lines of one paragraph as one line; between Chinese characters a line break is no space."""
    text = lines[0].strip()
    for line in lines[1:]:
        follows = line.strip()
        joined = _is_wide(text.rstrip("*`")[-1:]) and _is_wide(follows.lstrip("*`")[:1])
        text += follows if joined else f" {follows}"
    return text


def _is_wide(character: str) -> bool:
    return character > "\u2e7f"


def _items(lines: Sequence[str]) -> list[str]:
    items: list[list[str]] = []
    for line in lines:
        if line.startswith("- "):
            items.append([line[2:]])
        else:
            items[-1].append(line)
    return [_joined(item) for item in items]


def _grid(lines: Sequence[str]) -> Grid:
    rows = [[inline(cell.strip()) for cell in line.strip().strip("|").split("|")] for line in lines]
    return Grid(rows[0], rows[2:])


# writing -------------------------------------------------------------------------------------------------------------------

_MARKS = {"plain": "{}", "bold": "**{}**", "italic": "*{}*", "code": "`{}`"}


def to_markdown(blocks: Sequence[Block], *, folder: str = "") -> str:
    """Blocks as Markdown; pictures are looked for in ``folder``."""
    return "\n\n".join(_markdown(block, folder) for block in blocks) + "\n"


def _markdown(block: Block, folder: str) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_line(block.text)}"
    if isinstance(block, Paragraph):
        return _line(block.text)
    if isinstance(block, Bullets):
        return "\n".join(f"- {_line(item)}" for item in block.items)
    if isinstance(block, Picture):
        return f"![{block.caption}]({folder}{block.name})"
    head = "| " + " | ".join(_cell(cell) for cell in block.head) + " |"
    rule = "|" + "|".join("---:" if block.side(n) == "r" else "---" for n in range(len(block.head))) + "|"
    rows = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in block.rows]
    return "\n".join([head, rule, *rows])


def _line(runs: Inline) -> str:
    return "".join(_MARKS[style].format(text) for style, text in runs)


def _cell(runs: Inline) -> str:
    return _line(runs).replace("|", "\\|").replace("\n", " ")


def to_data(blocks: Sequence[Block]) -> list[dict[str, object]]:
    """Blocks as plain values for the typesetter."""
    return [_data(block) for block in blocks]


def _data(block: Block) -> dict[str, object]:
    if isinstance(block, Heading):
        return {"kind": "heading", "level": block.level, "text": list(block.text)}
    if isinstance(block, Paragraph):
        return {"kind": "paragraph", "text": list(block.text)}
    if isinstance(block, Bullets):
        return {"kind": "bullets", "items": [list(item) for item in block.items]}
    if isinstance(block, Picture):
        return {"kind": "picture", "name": block.name, "caption": block.caption}
    return {
        "kind": "grid",
        "head": [list(cell) for cell in block.head],
        "rows": [[list(cell) for cell in row] for row in block.rows],
        "align": [block.side(n) for n in range(len(block.head))],
        "widths": list(block.widths) or [1] * len(block.head),
    }
