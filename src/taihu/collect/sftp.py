"""``via: sftp``: files that partners upload, with a marker or a settling time to know that they are finished."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterator, Sequence

from taihu.collect.drop import DropOptions, FileSeen, Versions, finished, settled
from taihu.collect.interface import MOST_BYTES, Connector, Health
from taihu.collect.sftp_session import SftpSession
from taihu.core.errors import AccessRefused, ContentRefused, ManifestError, TaihuError, TransientError
from taihu.core.ids import derived_id
from taihu.core.types import Fetched, Item, Span, Text


class SftpConnector(Connector):
    """Files of one folder of an SFTP server. Name, size and time of a file are its version; each version is fetched once."""

    title = Text("SFTP 文件", "SFTP drop")
    Options = DropOptions
    account_kinds = ("sftp",)
    options: DropOptions

    _cursor: Versions | None = None
    _waiting: Sequence[str] = ()

    @property
    def folder(self) -> str:
        """The folder on the server; a relative path starts where the login ends up."""
        return (self.options.path or ".").rstrip("/") or "/"

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        versions = self._cursor = Versions(cursor)
        waiting: list[str] = []
        self._waiting = waiting
        self._marks: dict[str, str] = {}
        entries = [
            FileSeen(name, size, time, dt.datetime.fromtimestamp(time, dt.UTC)) for name, size, time in self._session().entries(self.folder)
        ]
        for entry in finished(entries, self.options, waiting):
            mark = entry.version(self.folder)
            if versions.seen_before(mark):
                continue
            key = derived_id("file", self.folder, entry.name, entry.size, entry.modified)
            if key in known:
                versions.done(mark)
                continue
            if self.options.marker is None and not settled(entry.modified_at, self.around.clock.now()):
                waiting.append(entry.name)
                continue
            self._marks[key] = mark
            yield Item(key, entry.name, entry.size, entry.modified_at, {"via": "sftp", "path": f"{self.folder}/{entry.name}"})

    def fetch(self, item: Item) -> Fetched:
        if item.size is not None and item.size > MOST_BYTES:
            raise ContentRefused("too_large", where=item.name)
        path = f"{self.folder}/{item.name}"
        content = self._session().read(path)
        if len(content) != item.size:
            size, _ = self._session().facts(path)
            if size == item.size:
                raise TransientError("the download ended early", where=path)
            raise ContentRefused("incomplete_drop", "the file is still being written", where=path)
        if self._cursor is not None and item.key in self._marks:
            self._cursor.done(self._marks[item.key])
        return Fetched(item, content)

    def cursor(self) -> str | None:
        return self._cursor.text() if self._cursor else None

    def waiting(self) -> Sequence[str]:
        return self._waiting

    def probe(self) -> Health:
        try:
            return Health(True, f"{len(self._session().entries(self.folder))} files in {self.folder}")
        except AccessRefused:
            raise
        except TaihuError as error:
            return Health(False, str(error))

    def _session(self) -> SftpSession:
        account = self.around.login(self.source)
        if account.known_hosts is None:
            raise ManifestError(
                "an sftp account needs known_hosts:",
                where=f"taihu.yml, account {self.around.account_name}",
                fix="name the file with the server's pinned host key",
            )
        known_hosts = self.around.root / account.known_hosts
        return self.around.connected(lambda: SftpSession(account, self.around.password(), known_hosts))
