"""Logins that were refused: tried once, in this run and in the runs to come, until something of the login changes.

A run every ten minutes with an expired password locks the account within the hour. So a refusal is kept in the ledger with a
fingerprint of all that the login was made of; a changed password, user or server is another login and is tried.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping

from taihu.collect.interface import Revealing, SessionStore
from taihu.core.errors import AccessRefused, ManifestError
from taihu.manifest.project import Account

_REFERENCE = re.compile(r"(env|file|keyring):.+")
_NOT_OF_THE_LOGIN = {"passwords", "webhook", "database"}


class Refusals(MutableMapping[str, Exception]):
    """Refused logins by account; what one run wrote is there for the next.

    Args:
        accounts: Accounts of ``taihu.yml`` by name.
        secret: Resolves a reference such as ``env:NAME``.
        store: Where refusals outlive the process; None keeps them for this run only.
    """

    def __init__(self, accounts: Mapping[str, Account], secret: Callable[[str], Revealing], store: SessionStore | None) -> None:
        self._accounts = accounts
        self._secret = secret
        self._store = store
        self._here: dict[str, Exception] = {}

    def __getitem__(self, name: str) -> Exception:
        if name in self._here:
            return self._here[name]
        before = self._store.login_refused_before(name, self._facts(name)) if self._store and name in self._accounts else None
        if before is None:
            raise KeyError(name)
        return AccessRefused(
            f"the login was refused on {before.at:%Y-%m-%d %H:%M} UTC and is not tried again ({before.what})",
            where=f"account {name}",
            fix=f"update the account's password; if it was right all the time: taihu retry --account {name}",
        )

    def __setitem__(self, name: str, error: Exception) -> None:
        self._here[name] = error
        if self._store and name in self._accounts and isinstance(error, AccessRefused):
            self._store.login_refused(name, self._facts(name), error.what)

    def __delitem__(self, name: str) -> None:
        del self._here[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._here)

    def __len__(self) -> int:
        return len(self._here)

    def _facts(self, name: str) -> str:
        """Everything that the login is made of, secrets too: it goes into a fingerprint and nowhere else."""
        facts = self._accounts[name].model_dump(mode="json", exclude=_NOT_OF_THE_LOGIN)
        values = {}
        for field, value in facts.items():
            if isinstance(value, str) and _REFERENCE.fullmatch(value):
                try:
                    values[field] = self._secret(value).reveal()
                except ManifestError:
                    continue
        return json.dumps([facts, values], sort_keys=True)
