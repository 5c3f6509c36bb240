"""Opens connectors for a run: one login per account however many sources use it, and everything closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from taihu.collect.interface import Closable, Connector, Revealing, SessionStore, Surroundings, TraceStore
from taihu.collect.refusals import Refusals
from taihu.collect.registry import connector
from taihu.collect.retry import Patience, Retrying
from taihu.core.clock import Clock
from taihu.core.errors import ManifestError
from taihu.manifest.project import Account
from taihu.manifest.tree import Source


class Connections:
    """The connections of one run.

    Args:
        accounts: Accounts of ``taihu.yml`` by name.
        secret: Resolves a reference such as ``env:NAME``.
        root: The project's folder.
        sessions: Keeps sessions and refused logins between runs; None logs in anew each time.
        traces: Keeps what is needed to see why a walk through a portal failed; None keeps nothing.
        patience: How long passing failures are tried again.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account],
        secret: Callable[[str], Revealing],
        *,
        clock: Clock,
        root: Path,
        sessions: SessionStore | None = None,
        traces: TraceStore | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._accounts = accounts
        self._secret = secret
        self._clock = clock
        self._root = root
        self._sessions = sessions
        self._traces = traces
        self._patience = patience or Patience()
        self._shared: dict[str, Closable] = {}
        self._refused = Refusals(accounts, secret, sessions)

    def open(self, source: Source, patience: Patience | None = None) -> Connector:
        """A connector for ``source`` that tries passing failures again; nothing is contacted yet.

        Args:
            patience: For this source; that of the run if absent.
        """
        name = source.file.collect.account or ""
        if name and name not in self._accounts:
            raise ManifestError(f"account {name!r} is not in taihu.yml", where=f"{source.path}/source.yml")
        around = Surroundings(
            clock=self._clock,
            root=self._root,
            secret=self._secret,
            account_name=name,
            account=self._accounts.get(name),
            sessions=self._sessions,
            traces=self._traces,
            shared=self._shared,
            refused=self._refused,
        )
        return Retrying(connector(source.file.collect.via)(source, around), patience or self._patience)

    def close(self) -> None:
        """Log out everywhere."""
        while self._shared:
            self._shared.popitem()[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
