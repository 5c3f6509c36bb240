"""Kinds and ends of files for bytes that nobody meant to send: an answer, never an exception."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some
from tests.made.containers import containers

from taihu.formats import closes, kind
from taihu.formats.closes import closes_properly
from taihu.formats.kind import kind_of

MAGIC = [magic for magic, _ in kind._MAGIC] + [b"PK\x03\x04", b"PK\x05\x06", kind.OLE_MAGIC, b"BZh91AY&SY", b"\x09\x08\x10\x00", b"{", b"<"]
KINDS = {
    **{"a.zip": "zip", "locked.zip": "zip", "a.7z": "7z", "hidden.7z": "7z", "a.tar": "tar", "a.tar.gz": "gz", "a.csv.gz": "gz"},
    **{"a.csv.bz2": "bz2", "a.csv.xz": "xz", "a.eml": "eml", "a.msg": "msg", "body.msg": "msg", "winmail.dat": "tnef"},
    **{"mail.winmail.dat": "tnef", "locked.xlsx": "encrypted-office", "a.xlsx": "xlsx"},
}


@settings(max_examples=300, deadline=None)
@given(some.sampled_from([b"", *MAGIC]), some.binary(max_size=3000), some.sampled_from(["", "a.csv", "a.xls", "winmail.dat"]))
@example(b"PK\x05\x06", bytes(18), "")
@example(b"", bytes(600), "")
def test_any_bytes_have_a_kind_and_an_end_or_none(head: bytes, rest: bytes, name: str) -> None:
    found = kind_of(head + rest, name)
    assert isinstance(found, str) and found
    for each in {found, *closes._CLOSES}:
        assert closes_properly(head + rest, each) in (True, False)


def test_every_container_is_known_and_closes() -> None:
    assert {name: kind_of(content, name) for name, content in containers().items()} == KINDS
    assert all(closes_properly(content, KINDS[name]) for name, content in containers().items())


@pytest.mark.parametrize("name", sorted(KINDS))
def test_cut_at_every_place(name: str) -> None:
    """No cut raises, and a file that lost a part of its last bytes is noticed wherever its kind has an end of its own."""
    content = containers()[name]
    must_be_there = _least(content, KINDS[name])
    step = max(1, len(content) // 400)
    for at in [*range(0, len(content), step), len(content) - 1]:
        cut = content[:at]
        assert closes_properly(cut, kind_of(cut, name)) in (True, False)
        if at < must_be_there:
            assert not closes_properly(cut, KINDS[name]), at


def _least(content: bytes, kind: str) -> int:
    """How much of a file its end needs: padding may be missing; mails, also those in winmail.dat, have no end of their own."""
    if kind in ("eml", "tnef"):
        return 0
    if kind == "tar":
        return len(content.rstrip(b"\0"))
    return len(content) - 2048 if kind in ("msg", "encrypted-office") else len(content)


@pytest.mark.parametrize("seed", range(4))
def test_damage_never_raises(seed: int) -> None:
    chance = random.Random(seed)
    for name, content in containers().items():
        for _ in range(60):
            bad = bytearray(content)
            for _ in range(chance.randint(1, 12)):
                bad[chance.randrange(len(bad))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
            assert closes_properly(bytes(bad), kind_of(bytes(bad), name)) in (True, False)
