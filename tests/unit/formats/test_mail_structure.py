"""BODYSTRUCTURE as servers write it."""

from __future__ import annotations

import random

import pytest

from taihu.formats.mail_structure import leaves_of, without_literal

TEXT = b'("text" "plain" ("charset" "gb2312") NIL NIL "7bit" 12 1 NIL NIL NIL NIL)'
XLSX = b'("application" "octet-stream" ("name" "a \\"b\\" (1).xlsx") NIL NIL "base64" 4096 NIL ("attachment" ("filename" "x")) NIL NIL)'


@pytest.mark.parametrize(
    ("structure", "leaves"),
    [
        (TEXT, [("1", "HEADER", 12)]),
        (b"(" + TEXT + XLSX + b' "mixed" ("boundary" "b") NIL NIL NIL)', [("1", "1.MIME", 12), ("2", "2.MIME", 4096)]),
        (
            b"((" + TEXT + TEXT + b' "alternative")' + XLSX + b' "mixed" ("boundary" ")") NIL)',
            [("1.1", "1.1.MIME", 12), ("1.2", "1.2.MIME", 12), ("2", "2.MIME", 4096)],
        ),
        (
            b"(" + TEXT + b'("message" "rfc822" NIL NIL NIL "7bit" 99 (NIL "s" NIL NIL NIL NIL NIL NIL NIL NIL) ' + TEXT + b' 5) "mixed")',
            [("1", "1.MIME", 12), ("2.1", "2.HEADER", 12)],
        ),
        (
            b'(("message" "rfc822" NIL NIL NIL "8bit" 99 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ('
            + TEXT
            + XLSX
            + b' "mixed") 5) "mixed")',
            [("1.1", "1.1.MIME", 12), ("1.2", "1.2.MIME", 4096)],
        ),
        (b'(("message" "rfc822" NIL NIL NIL "base64" 99 (NIL) ' + TEXT + b' 5) "mixed")', [("1", "1.MIME", 99)]),
        (without_literal(b'("text" "plain" ("name" {4}') + b') NIL NIL "base64" 7 1)', [("1", "HEADER", 7)]),
        (b"", []),
        (b"NIL", []),
        (b'(("text"', []),
    ],
)
def test_leaves(structure: bytes, leaves: list[tuple[str, str, int]]) -> None:
    assert [(leaf.section, leaf.head, leaf.size) for leaf in leaves_of(structure)] == leaves


def test_no_structure_raises() -> None:
    chance = random.Random(5)
    pieces = [b"(", b")", b'"', b"\\", b" ", b"NIL", b'"text"', b"7", b'"message" "rfc822"', TEXT, XLSX]
    for _ in range(3000):
        leaves_of(b"".join(chance.choices(pieces, k=chance.randrange(30))))
    assert leaves_of(b"(" * 50_000 + b")" * 50_000) == []
