"""How long work shows that it is alive, without the worker knowing who looks."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives what is being done; a terminal draws a bar, a log writes lines, a test counts."""

    def stage(self, name: str, total: int | None = None) -> None:
        """A new stage begins (``collect``, ``load``, ``build``, ``report``) with so many steps, if known."""
        ...

    def step(self, what: str) -> None:
        """One step of the stage is done."""
        ...


class Quiet:
    """Shows nothing."""

    def stage(self, name: str, total: int | None = None) -> None:
        del name, total

    def step(self, what: str) -> None:
        del what
