"""The tables of hand-written truth: what people write in real files, what it means, and what must be refused.

They were written from knowledge of such files, not from what a parser gave. One line is a text, what it means or ``refused``, and the
context that the source declares. ``\\t`` and ``\\u200b`` stand for characters that no editor shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from taihu.china.refused import ValueRefused

REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Case:
    """One line of a table."""

    text: str
    expected: str
    context: Mapping[str, str] = field(default_factory=dict)


def cases(name: str) -> Iterator[Case]:
    """The lines of ``NAME.tsv``."""
    for line in (Path(__file__).parent / f"{name}.tsv").read_text(encoding="utf-8").splitlines():
        text, expected, *context = line.split("\t")
        text = text.encode("latin-1", "backslashreplace").decode("unicode_escape") if "\\" in text else text
        yield Case(text, expected, dict(pair.split("=", 1) for pair in context[0].split("; ")) if context else {})


@dataclass(slots=True)
class Verdict:
    """How a parser did on a table: right (a refusal where one is due included), refused although it has a meaning, silently wrong."""

    right: int = 0
    refused: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.right + len(self.refused) + len(self.wrong)


def judge(table: list[Case], parse: Callable[[Case], str], refusals: type[Exception] = ValueRefused) -> Verdict:
    """Compare what ``parse`` says, in the table's own notation, with the truth."""
    verdict = Verdict()
    for case in table:
        try:
            said = parse(case)
        except refusals:
            said = REFUSED
        if said == case.expected:
            verdict.right += 1
        elif said == REFUSED:
            verdict.refused.append(case.text)
        else:
            verdict.wrong.append(f"{case.text} -> {said}, not {case.expected}")
    return verdict
