"""Damaged containers give members or reasons: never an exception, never a reason that nobody knows."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from tests.made.containers import PASSWORD, containers

from taihu.core.errors import ContentRefused
from taihu.core.reasons import REASONS
from taihu.formats.kind import kind_of
from taihu.read.archives import CONTAINERS, unpack
from taihu.read.mapi import html_in_rtf, uncompressed

OPENED = sorted(name for name in containers() if name != "a.xlsx")
KNOWN = {"damaged_file", "wrong_password", "too_large", "unsafe_name", "unsafe_member", "unsupported_archive"}
assert set(REASONS) >= KNOWN


def _sound(content: bytes, name: str, kind: str | None = None) -> None:
    files = list(unpack(content, name, (PASSWORD,), kind))
    assert {file.refused for file in files} <= KNOWN | {""}
    assert len({file.member for file in files}) == len(files)
    assert all(not file.content for file in files if file.refused)


@pytest.mark.parametrize("name", OPENED)
def test_whole(name: str) -> None:
    files = list(unpack(containers()[name], name, (PASSWORD,)))
    assert files and not any(file.refused for file in files)


@pytest.mark.parametrize("name", OPENED)
def test_cut_off(name: str) -> None:
    content = containers()[name]
    # Trying a password takes long in some formats; they are cut at fewer places.
    places = 12 if name in ("hidden.7z", "locked.xlsx") else 150
    kind = kind_of(content, name)
    for at in range(0, len(content), max(1, len(content) // places)):
        _sound(content[:at], name)
        _sound(content[:at], name, kind)


@pytest.mark.parametrize("name", OPENED)
def test_damaged(name: str) -> None:
    chance = random.Random(name)
    content = containers()[name]
    kind = kind_of(content, name)
    for _ in range(8 if name in ("hidden.7z", "locked.xlsx") else 120):
        bad = bytearray(content)
        for _ in range(chance.randint(1, 10)):
            at = chance.randrange(len(bad))
            if chance.random() < 0.4:
                number = chance.choice((0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF, chance.getrandbits(32)))
                bad[at : at + 4] = struct.pack("<L", number)[: len(bad) - at]
            else:
                bad[at] = chance.randrange(256)
        _sound(bytes(bad), name, kind)


@settings(max_examples=150, deadline=None)
@given(some.sampled_from(sorted(CONTAINERS - {"encrypted-office"})), some.binary(max_size=2000))
def test_bytes_that_are_something_else(kind: str, content: bytes) -> None:
    _sound(content, "x", kind)


@settings(max_examples=150, deadline=None)
@given(some.binary(max_size=600), some.integers(0, 2000))
def test_bodies_of_anything(body: bytes, size: int) -> None:
    try:
        assert len(uncompressed(struct.pack("<LL4sL", len(body) + 12, size, b"LZFu", 0) + body)) <= size
    except ContentRefused as refused:
        assert refused.reason in KNOWN
    assert isinstance(html_in_rtf(b"{\\rtf1\\fromhtml1 " + body), str)
