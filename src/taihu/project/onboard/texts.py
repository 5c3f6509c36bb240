"""Proposals as the files that a person reads, corrects and keeps: few keys, one line a column, the evidence as comments."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from taihu.core.types import Lang, Text
from taihu.manifest.source import Column
from taihu.project.onboard.columns import ColumnProposal
from taihu.project.onboard.layouts import LayoutProposal
from taihu.project.onboard.sources import SourceProposal

_PLAIN = re.compile(r"[A-Za-z\u4e00-\u9fff（）][\w\u4e00-\u9fff（）+.*~/-]*(?: [\w\u4e00-\u9fff（）.*~/-]+)*")
_WORDS_OF_YAML = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_COMMENT_AT = 46


def scalar(value: Any) -> str:
    """One value as YAML that reads back as the same: quoted wherever a plain one could mean something else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(int(value)) if float(value).is_integer() else str(value)
    text = str(value)
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML and not text.endswith("*") and ": " not in text
    return text if plain else json.dumps(text, ensure_ascii=False)


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def commented(line: str, comment: str, at: int = _COMMENT_AT) -> str:
    """A line with its comment in a column of its own where there is room."""
    return f"{line:<{at}} # {comment}" if comment else line


class Words:
    """Texts in one language."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang

    def of(self, text: Text | None) -> str:
        return "" if text is None else text.in_(self.lang)

    def all(self, texts: Sequence[Text]) -> str:
        return ("；" if self.lang == "zh" else "; ").join(word for text in texts if (word := self.of(text)))

    def decide(self, text: Text) -> str:
        return ("待定：" if self.lang == "zh" else "decide: ") + self.of(text)


def source_text(
    proposal: SourceProposal, *, entity: str, collect: Mapping[str, Any], feed: str | None, lang: Lang, notes: Sequence[Text]
) -> str:
    """``source.yml``.

    Args:
        collect: How the bytes come.
        feed: Core feed that it is part of.
        notes: What is said of the whole at its head.
    """
    words = Words(lang)
    head = [f"# {words.of(note)}" for note in notes]
    lines = [
        *head,
        f"title: {flow({'zh': proposal.title.zh, 'en': proposal.title.en})}",
        commented("owner: to be decided", words.decide(Text("谁负责", "who answers for it"))),
        commented("purpose: to be decided", words.decide(Text("为什么处理这些数据", "why the data is processed"))),
        commented("retention: 36 months", words.decide(Text("原始文件保留多久", "how long the files are kept"))),
        f"entity: {entity}",
        "",
        commented(f"collect: {flow(collect)}", words.of(proposal.notes.get("collect"))),
    ]
    for key in ("party", "period", "load", "key", "valid"):
        if key in proposal.values:
            note = words.decide(proposal.decide[key]) if key in proposal.decide else words.of(proposal.notes.get(key))
            lines.append(commented(f"{key}: {flow(proposal.values[key])}", note))
    owed = 'expect: {for: the day before, every: workday, by: "08:00"}'
    lines += [commented(f"# {owed}", words.decide(Text("谁在什么时候应交什么", "who owes what by when"))), ""]
    lines.append(f"read: {flow(proposal.values['read'])}")
    if feed:
        lines.append(commented(f"feeds: {feed}", words.of(proposal.notes.get("feeds"))))
    elif "feeds" in proposal.notes:
        lines.append(f"# {words.of(proposal.notes['feeds'])}")
    lines += [
        commented("columns:", words.of(Text("没有列出的不读", "what is not listed is not read"))),
        *_column_lines(proposal.columns, words),
    ]
    if "business_date" in proposal.values:
        lines.append(commented(f"business_date: {proposal.values['business_date']}", words.of(proposal.notes.get("business_date"))))
    if "missing" in proposal.values:
        lines.append(commented(f"missing: {flow(proposal.values['missing'])}", words.of(proposal.notes.get("missing"))))
    elif "missing" in proposal.notes:
        lines.append(f"# {words.of(proposal.notes['missing'])}")
    lines += ["", "checks:", *(commented(f"  - {flow(check)}", words.of(note)) for check, note in proposal.checks)]
    return "\n".join(lines) + "\n"


def _column_lines(columns: Mapping[str, ColumnProposal], words: Words) -> list[str]:
    width = max(map(len, columns), default=0) + 1
    written = [(f"  {f'{name}:':<{width}} {flow(_settings(column.column, name))}", column) for name, column in columns.items()]
    at = min(max(len(line) for line, _ in written), 96)
    lines = []
    for line, column in written:
        said = [words.decide(column.decide)] if column.decide else []
        evidence = words.all(column.evidence)
        lines.append(commented(line, ("；" if words.lang == "zh" else "; ").join([*said, *([evidence] if evidence else [])]), at))
    return lines


def _settings(column: Column, name: str) -> dict[str, Any]:
    """A column as it is written: its own keys only, ``from`` first."""
    given = column.model_dump(by_alias=True, exclude_defaults=True)
    headers = list(given.pop("from", None) or ())
    kind = given.pop("type")
    said: dict[str, Any] = {} if headers == [name] else {"from": headers[0] if len(headers) == 1 else headers}
    return said | {"type": kind} | given


def layout_text(layout: LayoutProposal, lang: Lang) -> str:
    """``layouts/NAME.yml``."""
    words = Words(lang)
    file = layout.file
    lines = [commented(f"header: {flow(file.header)}", words.of(layout.notes.get("header")), 0)]
    if file.header_rows > 1:
        lines.append(
            commented(
                f"header_rows: {file.header_rows}", words.of(Text("上下两行表头，用 / 连接", "header rows over each other, joined with /"))
            )
        )
    if file.header_line is not None:
        lines.append(f"header_line: {file.header_line}")
    lines += _place_lines(layout, words)
    if file.columns_at:
        lines.append(f"columns_at: {flow([at for at in file.columns_at])}")
    if file.sheet != ("*",):
        lines.append(
            commented(
                f"sheet: {flow(file.sheet[0] if len(file.sheet) == 1 else file.sheet)}",
                words.of(Text("其余工作表不读", "other sheets are not read")),
            )
        )
    if file.skip.first_cell:
        lines.append(f"skip: {flow({'first_cell': list(file.skip.first_cell)})}")
    if file.until.first_cell:
        lines.append(f"until: {flow({'first_cell': list(file.until.first_cell)})}")
    if file.totals:
        lines.append(commented("totals:", words.of(Text("文件自己写明的合计", "what the file itself states"))))
        lines += [_total_line(total, layout, words) for total in file.totals]
    lines += _outside_lines(layout, words)
    if file.unpivot is not None:
        unpivot = file.unpivot.model_dump(exclude_defaults=True)
        lines.append(commented(f"unpivot: {flow(unpivot)}", words.of(Text("横排改为竖排，一列一行", "columns side by side become rows"))))
    if file.units:
        units = [unit.model_dump(exclude_defaults=True) for unit in file.units]
        lines.append(commented(f"units: {flow(units)}", words.of(layout.notes.get("units"))))
    return "\n".join(lines) + "\n"


def _place_lines(layout: LayoutProposal, words: Words) -> list[str]:
    """Which of several tables of one header is meant."""
    file, lines = layout.file, list[str]()
    if file.anchor is not None:
        lines.append(commented(f"anchor: {flow(file.anchor)}", words.of(layout.notes.get("anchor"))))
    if file.repeats:
        said = file.repeats[0] if len(file.repeats) == 1 else file.repeats
        lines.append(commented(f"repeats: {flow(said)}", words.of(layout.notes.get("repeats"))))
    return lines


def _outside_lines(layout: LayoutProposal, words: Words) -> list[str]:
    """What stands around the table."""
    file, lines = layout.file, list[str]()
    if file.outside:
        lines.append(commented("outside:", words.of(Text("表外的值，作为列", "values outside the table, as columns"))))
        for header, place in file.outside.items():
            line = f"  {scalar(header)}: {flow(place.model_dump(exclude_none=True))}"
            lines.append(commented(line, words.of(layout.notes.get(header))))
    if file.year is not None:
        lines.append(f"year: {flow(file.year.model_dump(exclude_none=True))}")
    return lines


def _total_line(total: Any, layout: LayoutProposal, words: Words) -> str:
    settings = total.model_dump(exclude_defaults=True)
    return commented(f"  - {flow(settings)}", words.of(layout.notes.get(total.row or total.line or "")))


def feed_text(title: Text, columns: Mapping[str, str]) -> str:
    """``NAME.feed.yml``."""
    lines = [f"title: {flow({'zh': title.zh, 'en': title.en})}", "columns:"]
    return "\n".join([*lines, *(f"  {name}: {kind}" for name, kind in columns.items())]) + "\n"
