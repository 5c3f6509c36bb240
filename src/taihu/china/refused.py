"""How a parser of this room says no: a value error that carries a reason code, never the value itself."""

from __future__ import annotations


class ValueRefused(ValueError):
    """A text that cannot be read without guessing.

    Args:
        reason: A code of :mod:`taihu.core.reasons`.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)
