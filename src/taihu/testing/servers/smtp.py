"""A mail server that takes what is sent and keeps it for whoever looks."""

from __future__ import annotations

import asyncio
import logging
import threading
import warnings
from dataclasses import dataclass
from typing import Any, Self

from taihu.testing.servers.background import BackgroundLoop, Server, listening_socket


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """One mail as it came: envelope and raw bytes."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


class SmtpServer(Server):
    """Receives mail over real SMTP.

    Args:
        user: Login name; None takes mail from anybody.
        password: Its password.
        port: 0 lets the system choose.

    Attributes:
        mails: What was received, oldest first.
        refuse_next: Number of mails that are turned away with a passing error (451) before one is taken again.
        lose_answer_next: Number of mails that are taken although the connection breaks before the sender learns it.
    """

    def __init__(self, user: str | None = None, password: str = "", *, port: int = 0) -> None:
        self.user = user
        self.port = port
        self.mails: list[ReceivedMail] = []
        self.refuse_next = 0
        self.lose_answer_next = 0
        self.refused_logins = 0
        self._password = password
        self._loop: BackgroundLoop | None = None
        self._listener: Any = None
        self._lock = threading.Lock()

    def start(self) -> Self:
        self._loop = BackgroundLoop("smtp")
        self._loop.call(self._start())
        return self

    def stop(self) -> None:
        if self._loop is not None:
            self._loop.call(self._close())
            self._loop.close()
            self._loop = None

    async def _start(self) -> None:
        from aiosmtpd.smtp import SMTP

        sock = listening_socket(self.port)
        loop = asyncio.get_running_loop()
        options: dict[str, Any] = {"enable_SMTPUTF8": True, "hostname": "localhost", "data_size_limit": 50_000_000}
        if self.user is not None:
            options |= {"authenticator": self._authenticate, "auth_required": True, "auth_require_tls": False}
        # aiosmtpd warns of passwords without TLS, on stderr and at every connection; this one never leaves the machine.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS", category=UserWarning)
        self._listener = await loop.create_server(lambda: SMTP(_Keeper(self), loop=loop, **options), sock=sock)
        self.port = sock.getsockname()[1]

    async def _close(self) -> None:
        self._listener.close()

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, credentials: Any) -> Any:
        from aiosmtpd.smtp import AuthResult

        right = credentials.login.decode() == self.user and credentials.password.decode() == self._password
        if not right:
            self.refused_logins += 1
        return AuthResult(success=right, handled=False)

    def taken(self, mail: ReceivedMail) -> str | None:
        """Keep a mail; returns the SMTP answer, or None where the connection shall break."""
        with self._lock:
            if self.refuse_next > 0:
                self.refuse_next -= 1
                return "451 4.3.0 try again later"
            self.mails.append(mail)
            if self.lose_answer_next > 0:
                self.lose_answer_next -= 1
                return None
        return "250 OK"


class _Keeper:
    """aiosmtpd calls this object with each mail."""

    def __init__(self, site: SmtpServer) -> None:
        self._site = site

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        answer = self._site.taken(ReceivedMail(envelope.mail_from, tuple(envelope.rcpt_tos), content))
        if answer is None:
            server.transport.abort()
            return "421 closing"
        return answer
