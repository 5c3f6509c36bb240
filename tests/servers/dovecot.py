"""dovecot, as Debian ships it, with a configuration of its own: one account, a loopback port, all its files in one folder."""

from __future__ import annotations

import contextlib
import datetime as dt
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

PATIENCE = 60.0
_CONFIG = """
protocols = imap
base_dir = {root}/run
state_dir = {root}/run
log_path = {root}/log
auth_verbose = yes
ssl = no
disable_plaintext_auth = no
listen = 127.0.0.1
default_process_limit = 50
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
mail_location = maildir:{root}/mail
mail_uid = {mailer}
mail_gid = {mailer_group}
first_valid_uid = 1
namespace inbox {{
  inbox = yes
  separator = /
}}
auth_mechanisms = plain login
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {root}/users
}}
userdb {{
  driver = static
  args = uid={mailer} gid={mailer_group} home={root}/home
}}
"""


def missing() -> str:
    """Why dovecot cannot be started here; empty if it can."""
    if shutil.which("dovecot") is None:
        return "dovecot is not installed"
    if os.name == "nt" or os.geteuid() != 0:
        return "dovecot has to be started as root"
    return ""


class Dovecot:
    """A running dovecot.

    Args:
        capability: What it claims to be able to, instead of the truth.
    """

    host = "127.0.0.1"

    def __init__(self, user: str = "bi", password: str = "secret", *, capability: str = "") -> None:
        # Not below pytest's folder: only its owner may enter that, and mails are kept by another user.
        self.root = Path(tempfile.mkdtemp(prefix="taihu-dovecot-"))
        self.user, self.password = user, password
        self.port = 0
        self._capability = capability
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        self.root.chmod(0o755)
        if not self.port:
            with socket.socket() as probe:
                probe.bind((self.host, 0))
                self.port = probe.getsockname()[1]
        mailer = pwd.getpwnam("mail")
        for name in ("run", "home", "mail"):
            (self.root / name).mkdir(exist_ok=True)
        for name in ("home", "mail"):
            os.chown(self.root / name, mailer.pw_uid, mailer.pw_gid)
        (self.root / "users").write_text(f"{self.user}:{{PLAIN}}{self.password}::::::\n", encoding="utf-8")
        config = self.root / "dovecot.conf"
        config.write_text(
            _CONFIG.format(
                root=self.root,
                port=self.port,
                mailer="mail",
                mailer_group="mail",
                internal="dovecot",
                internal_group="dovecot",
                login="dovenull",
            )
            + (f"imap_capability = {self._capability}\n" if self._capability else ""),
            encoding="utf-8",
        )
        self._process = subprocess.Popen(
            ["dovecot", "-F", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
        until = time.monotonic() + PATIENCE
        while True:
            try:
                with socket.create_connection((self.host, self.port), timeout=PATIENCE) as ready:
                    ready.settimeout(PATIENCE)
                    if ready.recv(10).startswith(b"* OK"):
                        return self
            except OSError:
                pass
            if self._process.poll() is not None or time.monotonic() > until:
                said = self._process.stderr.read().decode(errors="replace") if self._process.stderr else ""
                log = (self.root / "log").read_text(errors="replace") if (self.root / "log").exists() else ""
                self.stop()
                raise RuntimeError(f"dovecot did not start: {said} {log[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        # All at once: a polite end takes a second, and its maildirs survive this one too.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
        if process.stderr:
            process.stderr.close()

    def close(self) -> None:
        """Stop, and remove all its files."""
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def client(self) -> Iterator[imaplib.IMAP4]:
        """A logged-in connection of the standard library."""
        with imaplib.IMAP4(self.host, self.port, timeout=PATIENCE) as imap:
            imap.login(self.user, self.password)
            yield imap

    def deliver(self, raw: bytes, folder: str = "INBOX", received_at: dt.datetime | None = None) -> None:
        """Append one mail; the folder is made when it is new."""
        self.deliver_many([raw], folder, received_at)

    def deliver_many(self, mails: Iterable[bytes], folder: str = "INBOX", received_at: dt.datetime | None = None) -> None:
        """Append mails in this order over one connection."""
        at = imaplib.Time2Internaldate(received_at or dt.datetime(2026, 9, 15, 0, 30, tzinfo=dt.UTC))
        with self.client() as imap:
            if folder != "INBOX":
                imap.create(quoted(folder))
            for raw in mails:
                status, answer = imap.append(quoted(folder), "", at, raw)
                assert status == "OK", answer

    def state(self, folder: str = "INBOX") -> dict[bytes, tuple[bytes, ...]]:
        """Flags of each mail by its Message-ID, whatever its UID."""
        with self.client() as imap:
            imap.select(quoted(folder), readonly=True)
            _, answers = imap.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
            found = [each for each in answers if isinstance(each, tuple)]
            return {each[1].strip(): imaplib.ParseFlags(each[0]) for each in found}

    def refused_logins(self) -> int:
        """How often a password was refused, from its log."""
        return (self.root / "log").read_text(errors="replace").count("Password mismatch")


def quoted(folder: str) -> str:
    """A folder name as the protocol writes it."""
    from imap_tools.imap_utf7 import utf7_encode

    return '"' + utf7_encode(folder).decode() + '"'
