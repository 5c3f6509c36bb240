"""A mailbox: pymap's in-memory server over real IMAP."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import socket
import ssl
from argparse import Namespace
from collections.abc import Iterable
from typing import Any, Literal, Self

from taihu.testing.servers.background import BackgroundLoop, Server, listening_socket

Identification = Literal["optional", "required", "fatal"]


class ImapServer(Server):
    """One account with as many folders as mails are delivered to.

    Args:
        user: Login name.
        password: Its password.
        port: 0 lets the system choose.
        uid_validity: UIDVALIDITY of every folder, fixed so that two worlds of one seed are alike.
        identification: What the server makes of the ID command: ``required`` refuses every folder until it was sent (163.com),
            ``fatal`` does not offer it and hangs up when it comes (QQ).
        tls: Speak TLS from the first byte with this context.

    Attributes:
        logins: Successful logins so far.
        refused_logins: Refused logins so far (a wrong password must be tried once only).
    """

    def __init__(
        self,
        user: str = "bi",
        password: str = "secret",
        *,
        port: int = 0,
        uid_validity: int = 20260817,
        identification: Identification = "optional",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.user = user
        self.port = port
        self.logins = 0
        self.refused_logins = 0
        self._identification = identification
        self._tls = tls
        self._password = password
        self._uid_validity = uid_validity
        self._loop: BackgroundLoop | None = None
        self._folders: dict[str, Any] = {}
        self._mailboxes: Any = None
        self._listener: Any = None
        self._connections: set[asyncio.StreamWriter] = set()

    def start(self) -> Self:
        self._loop = BackgroundLoop("imap")
        self._loop.call(self._start())
        return self

    def stop(self) -> None:
        if self._loop is not None:
            self._loop.call(self._close())
            self._loop.close()
            self._loop = None

    def deliver(self, raw: bytes, folder: str = "INBOX", received_at: dt.datetime | None = None) -> int:
        """Put one mail into ``folder`` (made when new); returns its UID."""
        return self.deliver_many([(raw, folder, received_at)])[0]

    def deliver_many(self, mails: Iterable[tuple[bytes, str, dt.datetime | None]]) -> list[int]:
        """Put several mails (raw bytes, folder, received at) into the account, in this order; returns their UIDs."""
        assert self._loop is not None, "the server is not started"
        return self._loop.call(self._deliver(list(mails)))

    def make_folder(self, folder: str) -> None:
        """Make an empty folder."""
        assert self._loop is not None, "the server is not started"
        self._loop.call(self._folder(folder))

    def renumber(self, folder: str = "INBOX", *, uid_validity: int | None = None, reverse: bool = True) -> None:
        """Give a folder a new UIDVALIDITY and its mails new UIDs, as a restored or moved server does."""
        assert self._loop is not None, "the server is not started"
        self._loop.call(self._renumber(folder, uid_validity, reverse))

    def drop_connections(self) -> None:
        """Cut every open connection."""
        assert self._loop is not None, "the server is not started"
        self._loop.call(self._drop())

    async def _start(self) -> None:
        from proxyprotocol.sock import SocketInfo
        from pymap.backend.dict import DictBackend
        from pymap.context import connection_exit
        from pymap.imap import IMAPConnection

        login = _login_of(self, self._password, self._identification)
        await DictBackend._add_demo_user(login.config, login)
        async with login.demo_user_identity.new_session() as session:
            self._mailboxes = session.mailbox_set
        config = login.config

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.add(writer)
            try:
                connection = IMAPConnection(config.commands, config, reader, writer, SocketInfo.get(writer, None))
                async with contextlib.AsyncExitStack() as stack:
                    connection_exit.set(stack)
                    await connection.run(_state_of(login, self._identification))
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                self._connections.discard(writer)
                writer.close()

        sock = listening_socket(self.port)
        self._listener = await asyncio.start_server(serve, sock=sock, ssl=self._tls)
        self.port = sock.getsockname()[1]

    async def _close(self) -> None:
        self._listener.close()
        await self._drop()

    async def _drop(self) -> None:
        for writer in list(self._connections):
            writer.transport.abort()

    async def _folder(self, name: str) -> Any:
        if name not in self._folders:
            if name.upper() != "INBOX":
                await self._mailboxes.add_mailbox(name)
            folder = await self._mailboxes.get_mailbox(name)
            folder._uid_validity = self._uid_validity
            self._folders[name] = folder
        return self._folders[name]

    async def _deliver(self, mails: list[tuple[bytes, str, dt.datetime | None]]) -> list[int]:
        from pymap.parsing.message import AppendMessage

        uids = []
        for raw, name, received_at in mails:
            folder = await self._folder(name)
            message = await folder.append(AppendMessage(raw, received_at or dt.datetime(2026, 1, 1, tzinfo=dt.UTC), frozenset()))
            uids.append(message.uid)
        return uids

    async def _renumber(self, name: str, uid_validity: int | None, reverse: bool) -> None:
        folder = await self._folder(name)
        messages = list(folder._messages.values())
        await folder.delete([message.uid for message in messages])
        folder._uid_validity = uid_validity or folder._uid_validity + 1
        for message in reversed(messages) if reverse else messages:
            copied = type(message).copy(message, uid=(new_uid := folder._max_uid + 1))
            folder._max_uid = new_uid
            folder._messages[new_uid] = copied
            folder._mod_sequences.update([new_uid])


def _login_of(site: ImapServer, password: str, identification: Identification) -> Any:
    """pymap's login with one account, which counts on ``site`` who came in and who did not."""
    from pymap.backend.dict import Config, Login
    from pysasl.hashing import Cleartext

    class WithoutId(Config):
        @property
        def initial_capability(self) -> list[bytes]:
            return [each for each in super().initial_capability if each != b"ID"]

    class CountingLogin(Login):
        async def authenticate(self, credentials: Any) -> Any:
            try:
                identity = await super().authenticate(credentials)
            except Exception:
                site.refused_logins += 1
                raise
            site.logins += 1
            return identity

    kind = WithoutId if identification == "fatal" else Config
    config = kind(
        Namespace(passlib_cfg=None, proxy_protocol="noop"),
        host=site.host,
        port=site.port,
        tls_enabled=False,
        hash_context=Cleartext(),
        invalid_user_sleep=0.0,
        reject_dnsbl=False,
        demo_data=False,
        demo_user=site.user,
        demo_password=password,
    )
    config.apply_context()
    return CountingLogin(config)


def _state_of(login: Any, identification: Identification) -> Any:
    """The state of one connection, with the manners of the server that is played."""
    from pymap.imap.state import ConnectionState
    from pymap.parsing.command.any import IdCommand
    from pymap.parsing.command.auth import SelectCommand
    from pymap.parsing.response import ResponseNo

    class Manners(ConnectionState):
        identified = False

        async def do_command(self, cmd: Any) -> Any:
            if isinstance(cmd, IdCommand):
                if identification == "fatal":
                    raise ConnectionResetError
                self.identified = True
            if isinstance(cmd, SelectCommand) and identification == "required" and not self.identified:
                return ResponseNo(cmd.tag, b"SELECT Unsafe Login. Please contact the operator for help")
            return await super().do_command(cmd)

    return Manners(login, login.config)
