"""``via: ftp``: FTP over TLS, and plain FTP where an account says so.

FTP does not say how names are written, and one folder may hold names in GBK and in UTF-8. So names are taken as bytes, each is decoded
for itself, and a file is asked for by the bytes it was listed with.
"""

from __future__ import annotations

from taihu.collect.drop_connector import DropConnector
from taihu.collect.ftp_session import FtpSession
from taihu.collect.store import Store
from taihu.core.types import Text


class FtpConnector(DropConnector):
    """Files of one folder of an FTP server. Name, size and time of a file are its version, or its content where it tells no exact time."""

    title = Text("FTP 文件", "FTP drop")
    account_kinds = ("ftp",)

    def store(self) -> Store:
        account = self.around.login(self.source)
        authority = self.around.root / account.authority if account.authority else None
        return self.around.connected(lambda: FtpSession(account, self.around.password(), authority))
