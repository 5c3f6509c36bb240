"""``via: sftp``: files that partners upload, with a marker or a settling time to know that they are finished."""

from __future__ import annotations

from taihu.collect.drop_connector import DropConnector
from taihu.collect.sftp_session import SftpSession, private_key
from taihu.collect.store import Store
from taihu.core.errors import ManifestError
from taihu.core.types import Text


class SftpConnector(DropConnector):
    """Files of one folder of an SFTP server. Name, size and time of a file are its version."""

    title = Text("SFTP 文件", "SFTP drop")
    account_kinds = ("sftp",)

    def store(self) -> Store:
        account = self.around.login(self.source)
        where = f"taihu.yml, account {self.around.account_name}"
        if account.known_hosts is None:
            raise ManifestError("an sftp account needs known_hosts:", where=where, fix="name the file with the server's pinned host key")
        known_hosts = self.around.root / account.known_hosts

        def connect() -> SftpSession:
            key = None
            if account.key is not None:
                passphrase = self.around.secret(account.passphrase).reveal() if account.passphrase else ""
                key = private_key(self.around.secret(account.key).reveal(), passphrase, where)
            return SftpSession(account, self.around.password(), known_hosts, key)

        return self.around.connected(connect)
