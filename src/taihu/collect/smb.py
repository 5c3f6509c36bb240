"""``via: smb``: a Windows (or Samba) share, without mounting it."""

from __future__ import annotations

from taihu.collect.drop_connector import DropConnector
from taihu.collect.smb_session import SmbSession
from taihu.collect.store import Store
from taihu.core.types import Text


class SmbConnector(DropConnector):
    """Files of one folder of a share; ``path:`` begins with the share. Name, size and time of a file are its version."""

    title = Text("Windows 共享文件夹", "Windows share")
    account_kinds = ("smb",)

    def store(self) -> Store:
        account = self.around.login(self.source)
        return self.around.connected(lambda: SmbSession(account, self.around.password()))
