"""The one tree of errors.

Every error says *what* happened, *where* (``file:line``, sheet and row, mail) and what to do about it (*fix*).
Whether something is tried again is decided by its type alone, never by its message::

    TaihuError
    ├─ UsageError            wrong call of a command                              exit code 2
    ├─ ManifestError         a file of the project is wrong                       exit code 2
    ├─ TransientError        may go away: network, busy server, lock; retried until the deadline
    │  ├─ LeaseTaken         another writer is at work on the same thing
    │  └─ DiskFull           no room for what came; nothing half-written is left, the next run goes on
    └─ TerminalError         will not go away by itself; reported once
       ├─ AccessRefused      wrong password, expired permission: tried exactly once
       ├─ SourcePaused       a person or a permission has to come first (carries a reason code); the source waits
       ├─ ContentRefused     bytes that are not what was asked for (carries a reason code)
       ├─ CheckFailed        the project's own rule says no (carries a reason code)
       ├─ IntegrityError     stored bytes, a signature or a pinned version do not fit together
       └─ NotFound           a name, id or version that does not exist
"""

from __future__ import annotations


class TaihuError(Exception):
    """Base of all errors that a user may meet.

    Args:
        what: One sentence in English that says what happened.
        where: The place: ``source.yml:3``, ``Sheet1!7``, a mail's date and folder; empty if there is none.
        fix: What the reader can do about it.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what = what
        self.where = where
        self.fix = fix
        super().__init__(what)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f"\n  {self.fix}" if self.fix else ""
        return f"{place}{self.what}{remedy}"


class UsageError(TaihuError):
    """A command was called wrongly."""

    exit_code = 2


class ManifestError(TaihuError):
    """A file that a user writes is wrong; ``where`` is ``path:line``."""

    exit_code = 2


class TransientError(TaihuError):
    """Something outside failed in a way that may pass; it is retried until the deadline.

    Args:
        retry_after: Seconds that the other side asked us to wait (``Retry-After``); None if it did not.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "", retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(what, where=where, fix=fix)


class LeaseTaken(TransientError):
    """Another process holds the lease."""


class DiskFull(TransientError):
    """There is no room left to write; what was begun has been taken back."""


class TerminalError(TaihuError):
    """Trying again would give the same result."""


class AccessRefused(TerminalError):
    """A server refused who we are; trying again could lock the account."""


class SourcePaused(TerminalError):
    """A source waits for a person or for a permission; nothing is wrong with it and nothing is tried until then.

    Args:
        reason: A code of :mod:`taihu.core.reasons`.
    """

    def __init__(self, reason: str, what: str, *, where: str = "", fix: str = "") -> None:
        self.reason = reason
        super().__init__(what, where=where, fix=fix)


class ContentRefused(TerminalError):
    """Received bytes are not usable as they are.

    Args:
        reason: A code of :mod:`taihu.core.reasons`.
        what: One sentence in English; the reason's own title if empty.
    """

    def __init__(self, reason: str, what: str = "", *, where: str = "", fix: str = "") -> None:
        from taihu.core.reasons import reason_of

        known = reason_of(reason)
        self.reason = reason
        super().__init__(what or known.title.en, where=where, fix=fix or known.fix.en)


class CheckFailed(TerminalError):
    """A rule that the project declares was broken; ``reason`` is its code."""

    def __init__(self, reason: str, what: str, *, where: str = "", fix: str = "") -> None:
        self.reason = reason
        super().__init__(what, where=where, fix=fix)


class IntegrityError(TerminalError):
    """Stored bytes do not match their hash, seal, signature or pinned version."""


class NotFound(TerminalError):
    """A name, id or version that does not exist."""
