"""How a text separates its cells, found from the text itself: for people who look at the result; a contract names it instead.

A delimiter is believed for the share of lines that it cuts into one number of cells. What is ordinary in prose and in times
(colon, blank, 、, #) must cut nearly every line; where nothing does, columns of blanks may show a text of fixed width.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

DELIMITERS = (",", "\t", ";", "|", "，", "；", "^", "~", "\x01", "\x1f")
RARE = (" ", ":", "：", "、", "#", "/")
_SAMPLE, _SAMPLE_LINES = 1 << 18, 400
_RARE_SHARE = 0.85
_SEP = re.compile(r'\ufeff?"?sep=(.)"?[ \t]*(?=[\r\n])', re.IGNORECASE)
_SHIELDED = re.compile(r"\\[^\w\s\"'\\]")
_ENOUGH, _FEWEST = 0.5, 3


@dataclass(frozen=True, slots=True)
class Dialect:
    """A delimiter, a quote and whether a backslash stands before quotes inside cells.

    ``shields`` says that a backslash stands before delimiters inside cells, as databases dump them without quotes.
    ``columns_at`` holds the display columns where cells begin instead, for texts of fixed width.
    """

    delimiter: str = ","
    quote: str = '"'
    escapes: bool = False
    columns_at: tuple[int, ...] = ()
    stated: bool = False
    shields: bool = False


def find_dialect(text: str, delimiter: str | None = None) -> Dialect:
    """The dialect of a text.

    Args:
        text: Decoded text, without a byte order mark.
        delimiter: What the contract says; found when absent.
    """
    from taihu.read.fixed import find_columns

    said = _SEP.match(text)
    if said and delimiter is None:
        return Dialect(said[1], _quote(text, said[1]), _escapes(text, said[1]), stated=True)
    lines = [line for line in text[:_SAMPLE].splitlines() if line.strip()][:_SAMPLE_LINES]
    if delimiter is not None:
        return Dialect(delimiter, _quote(text, delimiter), _escapes(text, delimiter))
    records = _joined(lines)
    quote = "'" if _quote(text, "[^\\w\\s'\"]") == "'" else '"'
    best, score = max((_best(each, DELIMITERS, quote) for each in (lines, records)), key=lambda found: found[1])
    if "\\" in text[:_SAMPLE]:
        shielded, shielded_score = _best([_SHIELDED.sub("", line) for line in lines], DELIMITERS, quote)
        if shielded_score > score and f"\\{shielded}" in text:
            return Dialect(shielded, quote, shields=True)
    if score < _ENOUGH and len(lines) >= _FEWEST:
        rare, rare_score = _best(lines, RARE, quote)
        columns = find_columns(lines) if rare_score <= _RARE_SHARE or rare != " " else []
        if columns:
            return Dialect(" ", columns_at=tuple(columns))
        best = rare if rare_score > max(score, _RARE_SHARE) else best
    return Dialect(best, _quote(text, best), _escapes(text, best))


def _joined(lines: Sequence[str]) -> list[str]:
    """Lines as records: one whose quote is open goes on to the line that closes it."""
    records: list[str] = []
    is_open = False
    for line in lines:
        if is_open:
            records[-1] += f" {line}"
        else:
            records.append(line)
        is_open ^= line.count('"') % 2 == 1
    return records


def _best(lines: Sequence[str], delimiters: Sequence[str], quote: str) -> tuple[str, float]:
    best, best_score = ",", 0.0
    for delimiter in delimiters:
        counts = Counter(_separators(line, delimiter, quote) for line in lines)
        counts.pop(0, None)
        if not counts:
            continue
        width, same = max(counts.items(), key=lambda pair: (pair[1] * min(pair[0], 8), pair[0]))
        # Prefer what holds for many lines; more fields only break ties.
        score = same / len(lines) * (1 + min(width, 20) / 100) * (1 if width > 1 or same > 1 else 0.5)
        if score > best_score and not _hides_another(lines, delimiter):
            best, best_score = delimiter, score
    return best, best_score


def _separators(line: str, delimiter: str, quote: str) -> int:
    """Delimiters outside quotes."""
    if quote not in line:
        return line.count(delimiter)
    return sum(part.count(delimiter) for part in line.split(quote)[::2])


def _hides_another(lines: Sequence[str], delimiter: str) -> bool:
    """Whether nearly every cell begins with one other delimiter: blanks or tabs that pad the cells separate nothing."""
    if not delimiter.isspace():
        return False
    begins = Counter(part[:1] for line in lines[:50] for part in line.split(delimiter)[1:] if part)
    if not begins:
        return False
    mark, count = begins.most_common(1)[0]
    return mark in DELIMITERS and mark != delimiter and count > 0.8 * begins.total()


def _quote(text: str, delimiter: str) -> str:
    """A single quote where cells begin and end with it and none does with a double one."""
    if "'" not in text:
        return '"'
    mark = delimiter if len(delimiter) > 1 else re.escape(delimiter)
    head = text[:_SAMPLE]
    single = len(re.findall(rf"(?:^|{mark}) *'(?!')[^'\n]*'(?=\s*(?:{mark}|$))", head, re.MULTILINE))
    double = len(re.findall(rf'(?:^|{mark}) *"', head, re.MULTILINE))
    return "'" if single > 1 and single > double else '"'


def _escapes(text: str, delimiter: str) -> bool:
    """Whether quotes inside quoted cells have a backslash before them."""
    mark = re.escape(delimiter)
    return (
        "\\" in text and '\\"' in text and bool(re.search(rf'(?:^|{mark})\s*"[^"\n]*\\"(?!\s*(?:{mark}|$))', text[:_SAMPLE], re.MULTILINE))
    )
