"""Which connector serves which ``via:``. A new one is a module and a line here, or an entry point of group ``taihu.connectors``."""

from __future__ import annotations

import importlib

from taihu.collect.interface import Connector
from taihu.core.errors import NotFound

CONNECTORS = {
    "mailbox": "taihu.collect.mailbox:MailboxConnector",
    "graph": "taihu.collect.graph:GraphConnector",
    "mail_files": "taihu.collect.mail_files:MailFilesConnector",
    "folder": "taihu.collect.folder:FolderConnector",
    "sftp": "taihu.collect.sftp:SftpConnector",
    "ftp": "taihu.collect.ftp:FtpConnector",
    "smb": "taihu.collect.smb:SmbConnector",
    "webdav": "taihu.collect.webdav:WebdavConnector",
    "s3": "taihu.collect.s3:S3Connector",
    "portal": "taihu.collect.portal:PortalConnector",
    "database": "taihu.collect.database:DatabaseConnector",
    "web": "taihu.collect.web:WebConnector",
    "upload": "taihu.collect.upload:UploadConnector",
}


def connector(via: str) -> type[Connector]:
    """The connector class of a ``via:``; its module is imported only now."""
    place = CONNECTORS.get(via) or _from_entry_point(via)
    if place is None:
        raise NotFound(f"no connector for via: {via!r}", fix=f"known ones are {', '.join(sorted(CONNECTORS))}")
    module, _, name = place.partition(":")
    found: type[Connector] = getattr(importlib.import_module(module), name)
    return found


def connector_names() -> list[str]:
    """Every ``via:`` that can be written: the built-in ones, then those of other packages."""
    from importlib.metadata import entry_points

    return [*CONNECTORS, *sorted(point.name for point in entry_points(group="taihu.connectors") if point.name not in CONNECTORS)]


def _from_entry_point(via: str) -> str | None:
    from importlib.metadata import entry_points

    return next((point.value for point in entry_points(group="taihu.connectors", name=via)), None)
