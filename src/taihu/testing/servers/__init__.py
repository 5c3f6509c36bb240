"""Real servers on loopback, for the demo's world, for tests and for trying a project without a network.

They speak the real protocols and run in background threads of the calling process, so nothing has to be installed::

    with ImapServer("bi", "secret") as mail:
        mail.deliver(raw_mail, received_at=instant)
        connect(mail.host, mail.port)

Each has ``start()``, ``stop()``, ``host`` and ``port`` (chosen by the system unless given), is a context manager, and takes
what it serves through ``deliver`` or ``publish``. None of them asks for the time: instants come from the caller.
"""

from __future__ import annotations

from taihu.testing.servers.imap import ImapServer
from taihu.testing.servers.portal import PortalServer
from taihu.testing.servers.sftp import SftpServer
from taihu.testing.servers.smtp import ReceivedMail, SmtpServer
from taihu.testing.servers.web import WebServer

__all__ = ["ImapServer", "PortalServer", "ReceivedMail", "SftpServer", "SmtpServer", "WebServer"]
