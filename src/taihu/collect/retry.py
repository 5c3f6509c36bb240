"""Trying again, by the type of the error alone: a :class:`TransientError` until patience ends, anything else not once more.

Between two tries lies a random time below a bound that doubles (full jitter), so that thirty sources that failed together do not
come back together; where the other side says how long to wait (``Retry-After``), that is done, or the attempt ends when there is
no time for it.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import BinaryIO, TypeVar

from taihu.collect.interface import Connector, Health
from taihu.core.errors import DiskFull, TransientError
from taihu.core.types import Fetched, Item, Span

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long.

    Attributes:
        attempts: Tries in all.
        seconds: No new try begins later than this after the first failure (the source's deadline, when it is near).
        first_wait: Upper bound of the first wait, in seconds; it doubles each time.
        longest_wait: No wait of our own choice is longer, in seconds.
    """

    attempts: int = 4
    seconds: float = 60.0
    first_wait: float = 0.2
    longest_wait: float = 10.0

    def call(self, work: Callable[[], T], between: Callable[[], None] | None = None) -> T:
        """The result of ``work``; ``between`` runs before each new try (drop the broken connection)."""
        try:
            return work()
        except TransientError as error:
            if self.attempts <= 1 or isinstance(error, DiskFull):
                raise
            first = error
        return self._again(work, between, first)

    def _again(self, work: Callable[[], T], between: Callable[[], None] | None, first: TransientError) -> T:
        # stamina is imported only now: most runs never need it. The first failure counts as its first attempt.
        import stamina

        if not logging.getLogger("stamina").isEnabledFor(logging.WARNING):
            # Whoever silenced its logger does not want its lines through structlog either, which writes to stdout.
            stamina.instrumentation.set_on_retry_hooks([])
        started = time.monotonic()
        failures = 0

        def wait(error: Exception) -> bool | float:
            nonlocal failures
            if not isinstance(error, TransientError) or isinstance(error, DiskFull):
                return False
            failures += 1
            seconds = self.wait(failures, error.retry_after)
            return seconds if time.monotonic() - started + seconds < self.seconds else False

        pending: list[TransientError] = [first]
        for attempt in stamina.retry_context(on=wait, attempts=self.attempts, timeout=self.seconds):
            with attempt:
                if pending:
                    raise pending.pop()
                if between is not None:
                    between()
                return work()
        raise first

    def wait(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds to wait after so many failures; never less than the other side asked for."""
        bound = min(self.longest_wait, self.first_wait * 2 ** min(failures - 1, 30))
        chosen = random.uniform(0, bound)
        return chosen if retry_after is None else retry_after + min(chosen, 1.0)


class Retrying(Connector):
    """A connector around another one that gets over passing failures.

    A listing that breaks off is begun again and what was already given is left out, so nobody sees an item twice.
    """

    def __init__(self, inner: Connector, patience: Patience) -> None:
        self.source, self.around, self.options = inner.source, inner.around, inner.options
        self.inner = inner
        self._patience = patience

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        given: set[str] = set()
        items = self.inner.discover(cursor, known, span)

        def again() -> None:
            nonlocal items
            self._drop()
            items = self.inner.discover(cursor, known, span)

        def following() -> Item | None:
            while (item := next(items, None)) is not None and item.key in given:
                pass
            return item

        while (item := self._patience.call(following, again)) is not None:
            given.add(item.key)
            yield item

    def fetch(self, item: Item) -> Fetched:
        fetched = self._patience.call(lambda: self.inner.fetch(item), self._drop)
        return fetched if fetched.write is None else replace(fetched, write=self._written(fetched.write))

    def _written(self, write: Callable[[BinaryIO], Item]) -> Callable[[BinaryIO], Item]:
        """The same writer; where it breaks off it begins anew with an emptied file."""

        def again(file: BinaryIO) -> Item:
            def anew() -> None:
                file.seek(0)
                file.truncate()
                self.inner.reset()

            return self._patience.call(lambda: write(file), anew)

        return again

    def cursor(self) -> str | None:
        return self.inner.cursor()

    @property
    def asks_for_days(self) -> bool:
        return self.inner.asks_for_days

    def waiting(self) -> Sequence[str]:
        return self.inner.waiting()

    def nothing(self) -> Sequence[Item]:
        return self.inner.nothing()

    def landed(self, items: Sequence[Item]) -> None:
        self._patience.call(lambda: self.inner.landed(items), self.inner.reset)

    def probe(self) -> Health:
        return self._patience.call(self.inner.probe, self._drop)

    def reset(self) -> None:
        self.inner.reset()

    def _drop(self) -> None:
        """Let the connection go; whatever a dying one says to its end, the next try opens another."""
        with suppress(Exception):
            self.inner.reset()
