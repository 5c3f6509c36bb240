"""The encoding ladder on generated short and mostly-ASCII texts, beside what popular detectors say (more: ``./do soak corpus``)."""

from __future__ import annotations

import secrets
from collections import Counter

import charset_normalizer
from tests.corpus.encodings import Encoded, encoded_texts

from taihu.formats.text import decode

SEED = secrets.randbelow(10**6)


def _is_read(text: Encoded) -> bool:
    decoded = decode(text.content)
    return decoded.text.removeprefix("\ufeff") == text.text and not decoded.replaced


def _is_read_by_charset_normalizer(text: Encoded) -> bool:
    best = charset_normalizer.from_bytes(text.content).best()
    return best is not None and str(best).removeprefix("\ufeff") == text.text


def test_ladder() -> None:
    texts = list(encoded_texts(960, SEED))
    wrong = Counter((text.language, text.shape, text.encoding) for text in texts if not _is_read(text))
    assert wrong.total() <= 0.01 * len(texts), (SEED, wrong)


def test_only_words_of_two_characters_are_ever_taken_for_others() -> None:
    """Whatever is longer than one word is read right, each time."""
    texts = [text for text in encoded_texts(960, SEED + 1) if text.shape != "one word"]
    wrong = [(text.encoding, text.shape) for text in texts if not _is_read(text)]
    assert len(wrong) <= 0.003 * len(texts), (SEED, wrong)


def test_beside_charset_normalizer() -> None:
    texts = list(encoded_texts(96, SEED + 2))
    ours, theirs = (sum(map(reads, texts)) for reads in (_is_read, _is_read_by_charset_normalizer))
    assert ours > theirs, (SEED, ours, theirs)
