"""A MariaDB server with a data folder of its own, TLS and a log of refused logins."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.servers.daemon import HOST, Daemon
from tests.servers.postgresql import make_certificate

OWNER, OWNER_PASSWORD = "owner", "owner-of-the-tests"


def program(name: str) -> str:
    """Path of one of the server's programs; skips the test where it is absent."""
    found = shutil.which(name) or next((str(path) for path in (Path("/usr/sbin") / name, Path("/usr/bin") / name) if path.exists()), None)
    if found is None:
        pytest.skip(f"{name} (package mariadb-server) is not installed")
    return found


class MariaDB(Daemon):
    """The owner may do everything; its password is made when the data folder is."""

    def __init__(self) -> None:
        server, install = program("mariadbd"), program("mariadb-install-db")
        super().__init__()
        self._server = server
        data = self.folder / "data"
        self.do([install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"])
        self.authority = self.folder / "ca.pem"
        make_certificate(self.folder, self.authority)
        first = self.folder / "first.sql"
        first.write_text(
            f"CREATE USER IF NOT EXISTS '{OWNER}'@'%' IDENTIFIED BY '{OWNER_PASSWORD}';\n"
            f"GRANT ALL ON *.* TO '{OWNER}'@'%' WITH GRANT OPTION;\n"
        )

    def command(self) -> Sequence[str]:
        return [
            self._server, "--no-defaults", f"--datadir={self.folder / 'data'}", f"--port={self.port}", f"--bind-address={HOST}",
            f"--socket={self.folder / 'socket'}", f"--pid-file={self.folder / 'pid'}", "--skip-name-resolve", "--log-warnings=2",
            "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=16M",
            f"--init-file={self.folder / 'first.sql'}", f"--ssl-cert={self.folder / 'server.crt'}",
            f"--ssl-key={self.folder / 'server.key'}",
        ]  # fmt: skip

    def connect(self, database: str | None = None) -> Any:
        import pymysql

        return pymysql.connect(
            host=HOST, port=self.port, user=OWNER, password=OWNER_PASSWORD, database=database, autocommit=True, charset="utf8mb4"
        )

    def answers(self) -> bool:
        import pymysql

        try:
            self.connect().close()
        except pymysql.Error:
            return False
        return True

    def sql(self, database: str | None, statement: str, rows: Sequence[Sequence[Any]] | None = None) -> None:
        """Run a statement as the owner, once or for each row."""
        connection = self.connect(database)
        with connection, connection.cursor() as cursor:
            if rows is None:
                cursor.execute(statement)
            else:
                cursor.executemany(statement, rows)

    def rows(self, database: str | None, query: str) -> list[tuple[Any, ...]]:
        connection = self.connect(database)
        with connection, connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    def refused_logins(self) -> int:
        return self.log.read_text(errors="replace").count("Access denied for user 'reader'")
