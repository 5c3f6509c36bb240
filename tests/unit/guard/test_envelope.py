"""The sealed object format: opened by another implementation, and every kind of damage is noticed."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taihu.core.errors import IntegrityError, NotFound
from taihu.guard.envelope import HEAD, MAGIC, SEGMENT, Envelope, decrypted, encrypted
from taihu.guard.keys import Keyring

KEY = bytes(range(32))


@pytest.mark.parametrize("size", [0, 1, SEGMENT - 56, SEGMENT - 55, SEGMENT, 2 * SEGMENT - 72, 2 * SEGMENT - 71, 3 * SEGMENT + 5])
def test_sizes_around_segment_ends_come_back(keyring: Keyring, size: int) -> None:
    content = random.Random(size).randbytes(size)
    envelope = Envelope(keyring)
    sealed = envelope.seal(content, "sha")
    assert envelope.open(sealed, "sha") == content
    assert len(content) < 16 or content[:16] not in sealed


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=400), cuts=st.lists(st.integers(0, 500), max_size=6))
def test_stream_is_independent_of_how_it_is_cut(content: bytes, cuts: list[int]) -> None:
    places = sorted({min(cut, len(content)) for cut in cuts} | {0, len(content)})
    pieces = [content[a:b] for a, b in itertools.pairwise(places)]
    sealed = b"".join(encrypted(pieces, KEY, b"c", segment=80))
    assert b"".join(decrypted([sealed[i : i + 7] for i in range(0, len(sealed), 7)], KEY, b"c", segment=80)) == content


def test_every_changed_bit_is_noticed(keyring: Keyring) -> None:
    envelope = Envelope(keyring)
    sealed = envelope.seal(b"a small object", "sha")
    for place in range(len(sealed)):
        broken = bytearray(sealed)
        broken[place] ^= 1 << (place % 8)
        with pytest.raises((IntegrityError, NotFound)):
            envelope.open(bytes(broken), "sha")


def test_cut_swapped_and_foreign_segments_are_noticed() -> None:
    content = random.Random(1).randbytes(500)
    sealed = b"".join(encrypted([content], KEY, b"c", segment=100))
    first, second, third = sealed[:100], sealed[100:200], sealed[200:300]
    cases = [
        sealed[:-1],
        sealed[:300],
        sealed[:100],
        sealed[:40],
        first + third + second + sealed[300:],
        first + second + second + sealed[200:],
        b"",
    ]
    for broken in cases:
        with pytest.raises(IntegrityError):
            b"".join(decrypted([broken], KEY, b"c", segment=100))


def test_context_belongs_to_the_object(keyring: Keyring) -> None:
    sealed = Envelope(keyring).seal(b"x" * 100, "one")
    with pytest.raises(IntegrityError):
        Envelope(keyring).open(sealed, "two")
    with pytest.raises(IntegrityError):
        Envelope(keyring, "reports").open(sealed, "one")


def test_rotation_rewraps_without_touching_the_body(keyring: Keyring) -> None:
    envelope = Envelope(keyring)
    old = envelope.seal(b"content", "sha")
    keyring.rotate()
    new = envelope.rewrap(old, "sha")
    assert new != old and new[-40:] == old[-40:] and new.startswith(MAGIC)
    assert envelope.open(old, "sha") == envelope.open(new, "sha") == b"content"


def test_stream_needs_little_memory(keyring: Keyring) -> None:
    envelope = Envelope(keyring)
    pieces = (bytes([n % 256]) * 100_000 for n in range(40))
    longest = max(len(piece) for piece in envelope.open_stream(envelope.seal_stream(pieces)))
    assert longest <= SEGMENT


def test_an_object_can_be_sealed_before_its_name_is_known(keyring: Keyring) -> None:
    content = random.Random(3).randbytes(2 * SEGMENT + 77)
    envelope = Envelope(keyring)
    sealing = envelope.sealing()
    body = b"".join(sealing.update(content[at : at + 300_000]) for at in range(0, len(content), 300_000)) + sealing.finish()
    head = sealing.head("sha")
    assert len(head) == HEAD and envelope.open(head + body, "sha") == content
    with pytest.raises(IntegrityError):
        envelope.open(head + body, "other")
    stranger = envelope.seal(content, "sha")
    with pytest.raises(IntegrityError):
        envelope.open(stranger[:HEAD] + body, "sha")


def test_tink_opens_our_stream_and_we_open_theirs() -> None:
    """Tink is the second implementation: same bytes, same meaning."""
    tink = pytest.importorskip("tink", reason="tink, the reference implementation, is not installed")
    import io

    from tink import cleartext_keyset_handle, streaming_aead
    from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

    streaming_aead.register()
    parameters = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
        ciphertext_segment_size=SEGMENT, derived_key_size=32, hkdf_hash_type=common_pb2.SHA256
    )
    key = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(version=0, params=parameters, key_value=KEY)
    keyset = tink_pb2.Keyset(primary_key_id=7)
    keyset.key.add(
        key_data=tink_pb2.KeyData(
            type_url="type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey",
            value=key.SerializeToString(),
            key_material_type=tink_pb2.KeyData.SYMMETRIC,
        ),
        status=tink_pb2.ENABLED,
        key_id=7,
        output_prefix_type=tink_pb2.RAW,
    )
    handle = cleartext_keyset_handle.read(tink.BinaryKeysetReader(keyset.SerializeToString()))
    primitive = handle.primitive(streaming_aead.StreamingAead)
    content = random.Random(2).randbytes(2 * SEGMENT + 12345)

    ours = b"".join(encrypted([content], KEY, b"sha"))
    assert primitive.new_decrypting_stream(io.BytesIO(ours), b"sha").read() == content

    class Kept(io.BytesIO):
        def close(self) -> None:
            self.flush()

    theirs = Kept()
    with primitive.new_encrypting_stream(theirs, b"sha") as stream:
        stream.write(content)
    assert b"".join(decrypted([theirs.getvalue()], KEY, b"sha")) == content
