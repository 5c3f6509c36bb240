"""From the outside world to sealed objects: each item once, each source for itself.

An item is fetched and sealed at once and recorded with the cursor in one ledger transaction, so a crash costs at most the items
in hand, and they are simply fetched again. A source that fails leaves an outcome; the others go on. What fails is told apart:

* one item cannot be had while others can: it is remembered as a dead letter, tried again by the next runs, and in the end left
  to a person (``taihu retry``);
* the source is away: after a few runs it is left alone for a while, so that a dead server costs a morning nothing;
* the account is refused, or the source waits for a person: nothing is tried until that has changed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from taihu.collect.retry import Patience
from taihu.core.clock import FixedClock
from taihu.core.errors import AccessRefused, DiskFull, ManifestError, SourcePaused, TaihuError, TerminalError, TransientError
from taihu.core.types import Fetched, Item, ObjectRef, Span
from taihu.ledger.records import AttemptKind, BreakerState, Letter
from taihu.manifest.tree import Source
from taihu.manifest.words import parse_duration
from taihu.run import unfinished
from taihu.run.expecting import is_due_day
from taihu.run.passwords import collect_passwords

if TYPE_CHECKING:
    from taihu.collect import Connector
    from taihu.project.workspace import Workspace

BATCH = 50
BATCH_BYTES = 32_000_000
# An item is dead after so many runs; what may pass by itself is given a day at least.
DEAD_AFTER = 5
DEAD_AFTER_TIME = dt.timedelta(days=1)
# Items in a row that fail as if the source were away: then it is.
IN_A_ROW = 2
# A source that was away in so many runs is left alone: ten minutes, then twice as long each time, an hour at most.
OPEN_AFTER = 3
FIRST_REST, LONGEST_REST = dt.timedelta(minutes=10), dt.timedelta(hours=1)
# A deadline that is near is worth waiting for; one that is far away comes nearer with the next run.
NEAR_DEADLINE = dt.timedelta(minutes=15)
ORDINARY = Patience()
ONCE = Patience(attempts=1)


@dataclass(slots=True)
class Collected:
    """What came from one source.

    Attributes:
        landed: New arrivals.
        missed: Items that were there and could not be fetched.
        problem: Why not everything came, in one sentence; empty if it did.
        paused: Reason code of a source that waits for a person or a permission; empty for all others.
        waiting: Files that were there and not finished.
    """

    landed: int = 0
    missed: int = 0
    problem: str = ""
    paused: str = ""
    waiting: int = 0


def collect_all(ws: Workspace, sources: Sequence[Source], span: Span | None = None) -> dict[str, Collected]:
    """Collect from every source.

    Args:
        span: Business days that are asked for again (backfill), with the sources' own ways and limits.
    """
    from taihu.collect import Connections, connector

    result: dict[str, Collected] = {}
    away: set[str] = set()
    refused = {refusal.account for refusal in ws.ledger.refused_logins()}
    noted, breakers = unfinished.noted(ws), ws.ledger.breakers([source.name for source in sources])
    with Connections(ws.tree.file.accounts, ws.secret, clock=ws.clock, root=ws.root, sessions=ws.ledger, traces=ws.ledger) as connections:
        for source in sources:
            try:
                if not connector(source.file.collect.via).is_polled:
                    continue
                breaker = breakers[source.name]
                rest = resting(ws, source, breaker)
                if rest:
                    result[source.name] = Collected(problem=rest)
                    continue
                # Of ten sources in one mailbox that is away, one waits.
                account = source.file.collect.account or ""
                trial = breaker.is_open or (account and account in away)
                patience = ONCE if trial else patience_of(ws, source)
                result[source.name] = collected = collect(ws, source, connections.open(source, patience), span, noted, breaker)
                without_passwords = collect_passwords(ws, source, connections, patience)
                collected.problem = collected.problem or without_passwords
                if account in refused:
                    refused.discard(account)
                    ws.ledger.login_tried_again(account)
            except Exception as error:  # one source must not stop the others, whatever its libraries raise
                if isinstance(error, TransientError):
                    away.add(source.file.collect.account or "")
                paused = error.reason if isinstance(error, SourcePaused) else ""
                result[source.name] = Collected(problem=_failed(ws, source, error), paused=paused)
            ws.progress.step(source.name)
    return result


def patience_of(ws: Workspace, source: Source) -> Patience:
    """How long a source is tried again: until its deadline when that is near (a clock that stands still brings none nearer)."""
    expect = source.file.expect
    if expect is None or isinstance(ws.clock, FixedClock):
        return ORDINARY
    now = ws.clock.now().astimezone(ZoneInfo(ws.tree.file.time_zone))
    due = dt.datetime.combine(now.date(), dt.time.fromisoformat(expect.by), now.tzinfo) + parse_duration(expect.grace)
    left = (due - now).total_seconds()
    if not ORDINARY.seconds < left <= NEAR_DEADLINE.total_seconds() or not is_due_day(expect, now.date(), ws.calendar):
        return ORDINARY
    return Patience(attempts=40, seconds=left, longest_wait=30)


def resting(ws: Workspace, source: Source, breaker: BreakerState) -> str:
    """Why a source is left alone for now; empty if it may be asked."""
    if not breaker.is_open or breaker.retry_at is None or ws.clock.now() >= breaker.retry_at:
        return ""
    until = breaker.retry_at.astimezone(ZoneInfo(ws.tree.file.time_zone))
    return f"left alone until {until:%Y-%m-%d %H:%M} after {breaker.failures} failed runs ({breaker.last_error}); taihu retry {source.name}"


def collect(
    ws: Workspace,
    source: Source,
    connector: Connector,
    span: Span | None = None,
    noted: Mapping[str, str] | None = None,
    breaker: BreakerState | None = None,
) -> Collected:
    """Land all new items of one source.

    Args:
        noted: What was not finished at the last contact, by source, where that was asked for all.
        breaker: The source's breaker, where it was asked.

    Raises:
        TaihuError: Nothing more can be had from the source now; what came before is landed.
    """
    # Asked at the last moment: a person may revive a letter, which drops the cursor, while other sources are polled.
    cursor, letters = ws.ledger.cursor(source.name), {letter.item.key: letter for letter in ws.ledger.letters(source.name)}
    known = ws.ledger.known_items(source.name) | {key for key, letter in letters.items() if letter.is_dead}
    # A disk takes its time to say that an object is safe; meanwhile the next item is fetched.
    with ThreadPoolExecutor(4, thread_name_prefix="seal") as sealing:
        landing = _Landing(ws, source, connector, letters, cursor, sealing)
        try:
            # A backfill looks at everything and leaves the cursor of the daily runs alone: what is known is known by its key.
            for item in connector.discover(None if span else cursor, known, span):
                if item.key not in known:
                    landing.take(item, known)
            landing.settle()
        except Exception:
            with suppress(Exception):  # what went wrong first is what is told
                landing.settle()
            landing.commit()
            landing.remember_missed()
            raise
    waiting, problem = connector.waiting(), landing.problem()
    # Where nothing came, a power cut before the run's end only makes the next run ask again.
    with ws.ledger.together(asynchronous=not landing.batch and not landing.landed and not landing.missed):
        # The cursor stays when an item is missing, or it would never be offered again; what was landed is known by its key.
        items = landing.record(None if landing.missed or span else connector.cursor())
        landing.remember_missed()
        unfinished.note(ws, source.name, waiting, (unfinished.noted(ws) if noted is None else noted).get(source.name, ""))
        ws.ledger.attempt(source.name, ok=not problem, error=problem, items=landing.landed, kind="items")
        if (breaker or ws.ledger.breaker(source.name)).is_open:
            ws.ledger.breaker_closed(source.name)
    landing.touch(items)
    return Collected(landing.landed, len(landing.missed), problem, waiting=len(waiting))


@dataclass(slots=True)
class _Landing:
    """What has been fetched from one source and is not yet recorded, and what could not be fetched."""

    ws: Workspace
    source: Source
    connector: Connector
    letters: Mapping[str, Letter]
    cursor: str | None
    sealing: ThreadPoolExecutor
    sealed: list[tuple[Item, Future[ObjectRef]]] = field(default_factory=list)
    batch: list[tuple[Item, ObjectRef]] = field(default_factory=list)
    missed: list[tuple[Item, Exception]] = field(default_factory=list)
    landed: int = 0
    size: int = 0
    in_a_row: int = 0

    def take(self, item: Item, known: set[str]) -> None:
        """Fetch and seal one item; one that cannot be had is set aside."""
        try:
            fetched = self.connector.fetch(item)
            final, size, sealed = self._seal(fetched)
        except (AccessRefused, SourcePaused, ManifestError, DiskFull):
            raise
        except TerminalError as error:
            self.missed.append((item, error))
            return
        except Exception as error:  # the connector's libraries may raise anything at one odd item
            self.missed.append((item, error))
            self.in_a_row += 1
            if self.in_a_row >= IN_A_ROW:
                # Not the items but the source: they are not to blame.
                del self.missed[-IN_A_ROW:]
                raise
            return
        self.in_a_row = 0
        if final.key in known:
            return
        self.sealed.append((final, sealed))
        self.size += size
        if len(self.sealed) >= BATCH or self.size >= BATCH_BYTES:
            self.settle()
            self.commit()

    def _seal(self, fetched: Fetched) -> tuple[Item, int, Future[ObjectRef]]:
        """The item, as it is known with its last byte, its size and its object; what is too large for memory is sealed while it comes."""
        objects = self.ws.objects
        if fetched.write is None:
            return fetched.item, len(fetched.content), self.sealing.submit(objects.put, fetched.content, fetched.item.name)
        done: Future[ObjectRef] = Future()
        sealed, item = objects.put_written(fetched.write, fetched.item.name)
        done.set_result(sealed)
        return item, sealed.size, done

    def settle(self) -> None:
        """Wait until the objects in hand are safe; those that are stay in hand when one could not be kept.

        Raises:
            DiskFull: There is no room for one of them.
        """
        failed: BaseException | None = None
        for item, sealed in self.sealed:
            error = sealed.exception()
            if error is None:
                self.batch.append((item, sealed.result()))
                self.landed += 1
            failed = failed or error
        self.sealed.clear()
        if failed is not None:
            raise failed

    def commit(self) -> None:
        """Record what is in hand; only then are the originals touched."""
        self.touch(self.record())

    def record(self, cursor: str | None = None) -> list[Item]:
        """Record the sealed objects together, and in the same transaction that the cursor has moved; gives their items."""
        nothing = self.connector.nothing()
        if nothing:
            self.ws.ledger.items_remembered(self.source.name, nothing)
        if self.batch or (cursor is not None and cursor != self.cursor):
            self.ws.ledger.arrivals_landed(self.source.name, self.batch, cursor=cursor)
        items = [item for item, _ in self.batch]
        self.batch.clear()
        self.size = 0
        return items

    def touch(self, items: Sequence[Item]) -> None:
        """Let the connector do with the originals of landed items what the source asks for."""
        try:
            self.connector.landed(items)
        except TaihuError as error:  # what was landed is safe; the next run tries the rest again
            self.ws.ledger.outcome("collect", self.source.name, status="failed", reason="original_untouched", detail=error.what)

    def remember_missed(self) -> None:
        """Count each missed item as a dead letter that is one run older."""
        now = self.ws.clock.now()
        letters = []
        for item, error in self.missed:
            before = self.letters.get(item.key)
            failures, first_at = (before.failures + 1, before.first_at) if before else (1, now)
            may_pass = not isinstance(error, TerminalError)
            is_dead = failures >= DEAD_AFTER and (not may_pass or now - first_at >= DEAD_AFTER_TIME)
            letter_id = self.ws.ledger.letter_id(self.source.name, item)
            letters.append(Letter(letter_id, self.source.name, item, _reason(error), _what(error), failures, first_at, now, is_dead))
            self.ws.ledger.outcome(
                "collect", f"{self.source.name}/{item.key}", status="failed", reason=_reason(error), detail=type(error).__name__
            )
        self.ws.ledger.letters_put(letters)

    def problem(self) -> str:
        """What is missing of this run, in one sentence."""
        if not self.missed:
            return ""
        offered = len(self.missed) + self.landed
        return f"{len(self.missed)} of {offered} items could not be fetched: {_what(self.missed[-1][1])}; taihu retry"


def _failed(ws: Workspace, source: Source, error: Exception) -> str:
    """Record that a source failed; says in one sentence why. One that was away too often is left alone from now on."""
    what, kind = _what(error), _kind(error)
    ws.ledger.attempt(source.name, ok=False, error=what, kind=kind)
    ws.ledger.outcome("collect", source.name, status="failed", reason=_reason(error), detail=what)
    if kind == "away":
        _rest(ws, source, getattr(error, "retry_after", None), what)
    return what


def _rest(ws: Workspace, source: Source, retry_after: float | None, what: str) -> None:
    """Open the breaker after some failed runs, or as soon as the server says how long it wants to be left alone."""
    failures = ws.ledger.breaker(source.name).failures
    if retry_after is not None and retry_after < ORDINARY.seconds:
        retry_after = None  # that long was waited already
    if failures < OPEN_AFTER and retry_after is None:
        return
    rest = min(FIRST_REST * 2 ** min(max(failures - OPEN_AFTER, 0), 10), LONGEST_REST)
    if retry_after is not None:
        asked = dt.timedelta(seconds=min(retry_after, LONGEST_REST.total_seconds()))
        rest = max(rest, asked) if failures >= OPEN_AFTER else asked
    ws.ledger.breaker_opened(source.name, retry_at=ws.clock.now() + rest, reason=what)


def _kind(error: Exception) -> AttemptKind:
    """What a failure was about: only a source that was away is left alone."""
    if isinstance(error, AccessRefused):
        return "refused"
    if isinstance(error, SourcePaused):
        return "paused"
    if isinstance(error, (ManifestError, DiskFull)):
        return "project"
    return "answer" if isinstance(error, TerminalError) else "away"


def _reason(error: Exception) -> str:
    return "access_refused" if isinstance(error, AccessRefused) else str(getattr(error, "reason", "not_collected"))


def _what(error: Exception) -> str:
    """One sentence; of an unknown error only its kind, for its text could quote a secret."""
    return error.what if isinstance(error, TaihuError) else f"the connector failed unexpectedly ({type(error).__name__})"
