"""Samba's smbd in the foreground, with a configuration and passwords of its own: one share, a loopback port."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Sequence

from tests.servers.daemon import HOST, Daemon

_CONFIG = """
[global]
workgroup = TESTS
server role = standalone server
smb ports = {port}
interfaces = 127.0.0.1/8
bind interfaces only = yes
disable netbios = yes
disable spoolss = yes
load printers = no
printing = bsd
printcap name = /dev/null
server signing = mandatory
server min protocol = SMB2_10
passdb backend = tdbsam:{folder}/private/passdb.tdb
private dir = {folder}/private
lock directory = {folder}/run
state directory = {folder}/run
cache directory = {folder}/run
pid directory = {folder}/run
ncalrpc dir = {folder}/run/ncalrpc
log level = 1 auth_audit:2
log file = {folder}/smbd.log
unix charset = UTF-8
map to guest = never
usershare max shares = 0

[drop]
path = {folder}/files
read only = no
force user = {user}
"""


def missing() -> str:
    """Why smbd cannot be started here; empty if it can."""
    if shutil.which("smbd", path="/usr/sbin:/usr/bin") is None:
        return "samba is not installed"
    if os.geteuid() != 0:
        return "smbd has to be started as root"
    return ""


class Samba(Daemon):
    """A running smbd with the share ``drop``; :attr:`files` is its folder, :attr:`name` the user."""

    user = "root"

    def __init__(self, password: str) -> None:
        super().__init__()
        self.name = pwd.getpwuid(os.getuid()).pw_name
        self.files = self.folder / "files"
        for name in ("files", "private", "run"):
            (self.folder / name).mkdir()
        config = self.folder / "smb.conf"
        config.write_text(_CONFIG.format(port=self.port, folder=self.folder, user=self.name), encoding="utf-8")
        command = ["smbpasswd", "-c", str(config), "-s", "-a", self.name]
        subprocess.run(command, input=f"{password}\n{password}\n".encode(), check=True, capture_output=True)

    def command(self) -> Sequence[str]:
        return ["/usr/sbin/smbd", "--foreground", "-s", str(self.folder / "smb.conf")]

    def answers(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=5):
                return True
        except OSError:
            return False

    def refused_logins(self) -> int:
        """How often a password was refused, from its log."""
        log = self.folder / "smbd.log"
        return log.read_text(errors="replace").count("NT_STATUS_WRONG_PASSWORD") if log.exists() else 0
