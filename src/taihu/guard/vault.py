"""The vault: the one place, beside the sealed objects, where a personal value can be had back from its token.

Tables hold tokens only, so a person is erased by deleting a row here; the tokens left in tables then mean nobody.
A token is a keyed HMAC of the value in its domain: equal values join, and without the key nobody can try numbers out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import sqlite3
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from taihu.core.boundary import reached
from taihu.core.errors import IntegrityError, NotFound
from taihu.guard.keys import Keyring
from taihu.guard.seal import Sealer
from taihu.ledger.place import local_or_refused

PREFIX: Final = "tk_"
_BATCH: Final = 5000
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS clear_value (token TEXT PRIMARY KEY, domain TEXT NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS erased (token TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class Vault:
    """Tokens and, sealed, the clear values behind them.

    New values are gathered and stored by :meth:`flush`, many in one transaction. Whoever commits a table that holds tokens
    calls :meth:`flush` before, so no token of a table is ever without its value; values of a crash between are found
    again when the file is read again.

    Args:
        path: The vault's own SQLite file.
        keyring: Gives the sealing key and one token key for each domain.

    Raises:
        IntegrityError: The vault belongs to another keyring; tokens made now would join with nothing.
    """

    def __init__(self, path: Path, keyring: Keyring) -> None:
        local_or_refused(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._keyring = keyring
        self._sealer = Sealer(keyring, "vault")
        self._lock = threading.RLock()
        self._waiting: dict[str, tuple[str, str]] = {}
        self._stored: set[str] = set()
        path.touch(mode=0o600)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;" + _SCHEMA)
        mark = self._sealer.fingerprint("vault", "keyring")
        self._connection.execute("INSERT OR IGNORE INTO about VALUES ('keyring', ?)", (mark,))
        if self._connection.execute("SELECT value FROM about WHERE name = 'keyring'").fetchone()[0] != mark:
            self._connection.close()
            raise IntegrityError(
                "the vault was sealed with another keyring", where=str(path), fix="set keys: to the keyring that belongs to it"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Store what is waiting and close the file."""
        with self._lock:
            self.flush()
            self._connection.close()

    def token(self, domain: str, value: str) -> str:
        """The token of a personal value; its clear value is stored by the next :meth:`flush`.

        Args:
            domain: The kind of personal data: ``contact``, ``person``, ``address``, ``account``, ``identity``. Domains do not join.
            value: The clear value.
        """
        plain = canonical(value)
        token = self._token(domain, plain)
        with self._lock:
            if token not in self._stored:
                self._waiting.setdefault(token, (domain, plain))
                if len(self._waiting) >= _BATCH:
                    self.flush()
        return token

    def tokens(self, domain: str, values: Iterable[str]) -> dict[str, str]:
        """The tokens of many values, stored in one transaction."""
        found = {value: self.token(domain, value) for value in values}
        self.flush()
        return found

    def flush(self) -> None:
        """Store the clear values that wait, in one transaction; erased ones stay erased."""
        with self._lock:
            if not self._waiting:
                return
            rows = [(token, domain, self._sealer.seal(plain, token), token) for token, (domain, plain) in self._waiting.items()]
            statement = "INSERT OR IGNORE INTO clear_value SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM erased WHERE token = ?)"
            with self._transaction() as connection:
                connection.executemany(statement, rows)
            self._stored.update(self._waiting)
            self._waiting.clear()

    def clear(self, token: str) -> str:
        """The clear value of a token; the caller checks the role's right to ``unmask`` and writes the audit row.

        Raises:
            NotFound: No such token, or its value was erased.
        """
        found = self.clear_many([token])
        if token not in found:
            raise NotFound("the vault holds no value for this token", where=token, fix="it was erased, or belongs to another project")
        return found[token]

    def clear_many(self, tokens: Iterable[str]) -> Mapping[str, str]:
        """The clear values of those tokens that have one."""
        with self._lock:
            self.flush()
            found = {}
            for token in dict.fromkeys(tokens):
                row = self._connection.execute("SELECT sealed FROM clear_value WHERE token = ?", (token,)).fetchone()
                if row:
                    found[token] = self._sealer.open(row[0], token)
            return found

    def count(self) -> int:
        """How many clear values are kept."""
        with self._lock:
            self.flush()
            row = self._connection.execute("SELECT count(*) FROM clear_value").fetchone()
            return int(row[0])

    def erase(self, tokens: Iterable[str]) -> int:
        """Forget clear values for good; a token met again later does not bring its value back.

        Returns:
            How many values were there to erase.
        """
        wanted = list(dict.fromkeys(tokens))
        with self._lock:
            self.flush()
            with self._transaction() as connection:
                connection.executemany("INSERT OR IGNORE INTO erased VALUES (?)", [(token,) for token in wanted])
                cursor = connection.executemany("DELETE FROM clear_value WHERE token = ?", [(token,) for token in wanted])
            # The write-ahead log would keep the deleted bytes until its next checkpoint.
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._stored.difference_update(wanted)
            return cursor.rowcount

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            reached("vault.before_commit")
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        reached("vault.committed")

    def _token(self, domain: str, plain: str) -> str:
        digest = hmac.new(self._keyring.key(f"tokens:{domain}"), plain.encode(), hashlib.sha256).digest()
        return PREFIX + base64.b32encode(digest[:15]).decode("ascii").lower()


def canonical(value: str) -> str:
    """One form of a personal value: no width variants, no outer spaces, addresses of mail in small letters."""
    plain = unicodedata.normalize("NFKC", value).strip()
    return plain.lower() if "@" in plain else plain
