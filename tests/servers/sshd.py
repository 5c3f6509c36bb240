"""OpenSSH's own sftp, with a configuration of its own: one user who logs in with a key, a loopback port."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.servers.daemon import HOST, Daemon

_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PubkeyAuthentication yes
PermitRootLogin prohibit-password
UseDNS no
MaxStartups 100
LogLevel VERBOSE
Subsystem sftp internal-sftp -d {folder}/files
"""


def missing() -> str:
    """Why sshd cannot be started here; empty if it can."""
    if shutil.which("sshd", path="/usr/sbin:/usr/bin") is None:
        return "openssh-server is not installed"
    return ""


class Sshd(Daemon):
    """A running sshd; :attr:`files` is where a login ends up, :attr:`key` the private key that logs in."""

    user = pwd.getpwuid(os.getuid()).pw_name

    def __init__(self, passphrase: str = "") -> None:
        super().__init__()
        self.files = self.folder / "files"
        self.files.mkdir()
        self.key = self.folder / "key"
        self._make_key("host_key", "")
        self._make_key("key", passphrase)
        (self.folder / "authorized_keys").write_bytes((self.folder / "key.pub").read_bytes())
        (self.folder / "sshd_config").write_text(_CONFIG.format(port=self.port, folder=self.folder), encoding="utf-8")

    @property
    def host_key(self) -> str:
        """Kind and key, as ``known_hosts`` has them behind the host."""
        return " ".join((self.folder / "host_key.pub").read_text(encoding="utf-8").split()[:2])

    def command(self) -> Sequence[str]:
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where its children are locked up, which the package's service makes
        return ["/usr/sbin/sshd", "-D", "-e", "-f", str(self.folder / "sshd_config")]

    def answers(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=5) as probe:
                return probe.recv(4) == b"SSH-"
        except OSError:
            return False

    def refused_logins(self) -> int:
        """How many connections ended without a login that was tried, from its log."""
        return self.log.read_text(errors="replace").count("Failed publickey")

    def _make_key(self, name: str, passphrase: str) -> None:
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(self.folder / name)]
        subprocess.run(command, check=True, capture_output=True)
