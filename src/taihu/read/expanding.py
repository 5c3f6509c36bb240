"""What unpacking may cost: bytes are counted as they come out, because whatever a header says about them may be a lie.

One budget goes with one received file through all archives inside it, so that many small bombs cost no more than a large one.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from taihu.core.errors import ContentRefused
from taihu.read.limits import MAX_EXPANDED, MAX_MEMBERS, MAX_RATIO, RATIO_FROM

CHUNK = 1 << 20
KEPT_AT_FIRST = 32 << 20


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int = -1, /) -> bytes: ...


class Exhausted(ContentRefused):
    """The whole budget is gone: nothing more of this file is unpacked."""


@dataclass(slots=True)
class Budget:
    """How many bytes and members one received file may still expand to."""

    left: int = MAX_EXPANDED
    members: int = MAX_MEMBERS

    def spend(self, size: int) -> None:
        """Count bytes that came out.

        Raises:
            Exhausted: There are more than allowed.
        """
        self.left -= size
        if self.left < 0:
            raise Exhausted("too_large", f"it expands to more than {MAX_EXPANDED:,} bytes")

    def afford(self, size: int) -> None:
        """Refuse a member by its stated size, before anything is read of it.

        Raises:
            ContentRefused: ``too_large``.
        """
        if size > self.left:
            raise ContentRefused("too_large", f"it expands to {size:,} bytes")

    def count(self) -> None:
        """Count one member.

        Raises:
            Exhausted: There are more than allowed.
        """
        self.members -= 1
        if self.members < 0:
            raise Exhausted("too_large", f"more than {MAX_MEMBERS:,} members")


@dataclass(frozen=True, slots=True)
class Part:
    """One file found in a container: its bytes, or why they cannot be had."""

    name: str
    content: bytes = b""
    refused: ContentRefused | None = None


@dataclass(slots=True)
class Opening:
    """What goes along while one received file is unpacked. ``fitted`` is the password that opened something last."""

    passwords: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)
    fitted: str | None = None

    def candidates(self) -> Iterator[str]:
        """Passwords in the order in which to try them: the one that fitted before, then as given."""
        if self.fitted is not None:
            yield self.fitted
        yield from (password for password in self.passwords if password != self.fitted)


class Counted:
    """A stream whose bytes are counted; it ends with a refusal where it expands too far.

    Args:
        stream: What gives the expanded bytes.
        packed: Size of what it is expanded from.
        budget: Of the whole file; None where the bytes were counted before.
    """

    def __init__(self, stream: Readable, packed: int, budget: Budget | None) -> None:
        self._stream = stream
        self._packed = max(1, packed)
        self._budget = budget
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes, and never more than a chunk at once."""
        piece = self._stream.read(CHUNK if size < 0 else min(size, CHUNK))
        self.size += len(piece)
        if self._budget is not None:
            self._budget.spend(len(piece))
        if self.size > RATIO_FROM and self.size > MAX_RATIO * self._packed:
            raise ContentRefused("too_large", f"it expands more than {MAX_RATIO} times")
        return piece

    def exactly(self, size: int) -> bytes:
        """``size`` bytes, or fewer at the end of the stream."""
        buffer = io.BytesIO()
        while size > 0 and (piece := self.read(size)):
            buffer.write(piece)
            size -= len(piece)
        return buffer.getvalue()

    def skip(self, size: int) -> int:
        """Pass over ``size`` bytes without keeping them; gives how many there were."""
        passed = 0
        while passed < size and (piece := self.read(size - passed)):
            passed += len(piece)
        return passed


def everything(open_stream: Callable[[], Readable], packed: int, budget: Budget) -> bytes:
    """All bytes of a stream whose size nobody can be trusted to state.

    What grows large is only counted first and read again when it proves to end within the limits, so that a bomb costs time
    and no memory.

    Raises:
        ContentRefused: ``too_large``; and whatever the stream raises when it is damaged.
    """
    stream = Counted(open_stream(), packed, budget)
    buffer = io.BytesIO()
    while piece := stream.read():
        buffer.write(piece)
        if stream.size > KEPT_AT_FIRST:
            buffer.close()
            while stream.read():
                pass
            return Counted(open_stream(), packed, None).exactly(stream.size)
    return buffer.getvalue()
