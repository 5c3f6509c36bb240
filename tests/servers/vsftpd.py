"""vsftpd, as Debian ships it, with a configuration of its own: a user of the system that lives as long as the server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Sequence

from tests.servers.certificates import make_certificate
from tests.servers.daemon import HOST, Daemon

_CONFIG = """
listen=YES
listen_address=127.0.0.1
listen_port={port}
background=NO
seccomp_sandbox=NO
anonymous_enable=NO
local_enable=YES
write_enable=YES
chroot_local_user=YES
allow_writeable_chroot=YES
check_shell=NO
pam_service_name=vsftpd
delay_failed_login=0
max_login_fails=1
pasv_address=127.0.0.1
xferlog_enable=YES
xferlog_std_format=NO
log_ftp_protocol=YES
vsftpd_log_file={folder}/vsftpd.log
secure_chroot_dir={folder}/empty
utf8_filesystem=NO
"""
_TLS = """
ssl_enable=YES
force_local_logins_ssl=YES
force_local_data_ssl=YES
rsa_cert_file={folder}/server.pem
rsa_private_key_file={folder}/server.pem
ssl_ciphers=HIGH
require_ssl_reuse=YES
implicit_ssl={implicit}
"""


def missing() -> str:
    """Why vsftpd cannot be started here; empty if it can."""
    if shutil.which("vsftpd", path="/usr/sbin:/usr/bin") is None:
        return "vsftpd is not installed"
    if os.geteuid() != 0 or shutil.which("useradd", path="/usr/sbin:/usr/bin") is None:
        return "vsftpd needs a user of the system, and only root can make one"
    return ""


class Vsftpd(Daemon):
    """A running vsftpd.

    Args:
        tls: ``none``, ``explicit`` or ``implicit``.

    Attributes:
        files: What the user sees as ``/``.
        name: The user.
    """

    user = "root"

    def __init__(self, password: str, tls: str = "none") -> None:
        super().__init__()
        self.name = f"taihu{os.getpid()}x{self.port}"[:31]
        self.files = self.folder / "files"
        self.files.mkdir()
        (self.folder / "empty").mkdir()
        self.authority = self.folder / "server.crt"
        config = _CONFIG
        if tls != "none":
            make_certificate(self.folder, HOST)
            config += _TLS
        text = config.format(port=self.port, folder=self.folder, implicit="YES" if tls == "implicit" else "NO")
        (self.folder / "vsftpd.conf").write_text(text, encoding="utf-8")
        shell = ["--shell", "/bin/sh"]  # PAM refuses users without one of the usual shells
        command = ["/usr/sbin/useradd", "--no-create-home", "--home-dir", str(self.files), *shell, self.name]
        subprocess.run(command, check=True, capture_output=True)
        subprocess.run(["/usr/sbin/chpasswd"], input=f"{self.name}:{password}".encode(), check=True, capture_output=True)
        shutil.chown(self.files, self.name)

    def command(self) -> Sequence[str]:
        return ["/usr/sbin/vsftpd", str(self.folder / "vsftpd.conf")]

    def answers(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=5):
                return True
        except OSError:
            return False

    def refused_logins(self) -> int:
        """How often a password was refused, from its log."""
        log = self.folder / "vsftpd.log"
        return log.read_text(errors="replace").count("FAIL LOGIN") if log.exists() else 0

    def close(self) -> None:
        self.stop()
        subprocess.run(["/usr/sbin/userdel", "--force", self.name], check=False, capture_output=True)
        super().close()
