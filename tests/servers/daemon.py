"""Database servers of the system as children of a test run: own data folder, own port, ended with the tests.

Servers refuse to run as root, so a root starts them as another user; their folder then lies outside pytest's, which only
its owner may enter.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"
PATIENCE = 120.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Daemon(ABC):
    """A server program with a folder of its own."""

    user = "nobody"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="taihu-server-"))
        self.port = free_port()
        self.log = self.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self.folder.chmod(0o755)
        if os.getuid() == 0:
            shutil.chown(self.folder, self.user)

    @abstractmethod
    def command(self) -> Sequence[str]:
        """What runs the server in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it accepts connections."""

    def do(self, command: Sequence[str]) -> None:
        """Run a program of the server's to its end."""
        done = subprocess.run(command, cwd=self.folder, capture_output=True, check=False, **self._as_user())
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:] + done.stdout.decode(errors="replace")[-2000:]

    def start(self) -> Self:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self.command(), cwd=self.folder, stdout=log, stderr=log, **self._as_user())
        self.wait(self.answers)
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(20)
            self._process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def wait(self, until: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not until():
            assert self._process is not None and self._process.poll() is None, self.log.read_text(errors="replace")[-3000:]
            assert time.monotonic() < end, "the server does not answer: " + self.log.read_text(errors="replace")[-3000:]
            time.sleep(0.05)

    def _as_user(self) -> dict[str, Any]:
        return {"user": self.user, "group": None, "extra_groups": []} if os.getuid() == 0 else {}

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
