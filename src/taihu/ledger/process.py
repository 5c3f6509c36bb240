"""Which process holds something, and whether it still lives.

A process id alone proves nothing: it is given out again, at the latest after a restart of the machine. Id, boot and start time together
name one process for ever, so a lease of a killed process is healed at once and without a waiting time.
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Process:
    """One process of one boot of one host; ``host`` carries the container's process space where there is one."""

    host: str
    boot: str
    pid: int
    started: str

    @property
    def text(self) -> str:
        return f"{self.host}|{self.boot}|{self.pid}|{self.started}"

    @classmethod
    def parse(cls, text: str) -> Process | None:
        parts = text.split("|")
        return cls(parts[0], parts[1], int(parts[2]), parts[3]) if len(parts) == 4 else None


def this_process() -> Process:
    """The process that runs this."""
    return Process(_host(), _boot(), os.getpid(), _started(os.getpid()) or "")


def lives(process: Process, *, one_machine: bool = False) -> bool:
    """Whether the process may still be at work; one of another host or container cannot be seen and counts as alive.

    Args:
        process: Who to look for.
        one_machine: Only this machine can hold what is asked about (a file on a local disk): whoever held it before
            the last start of the machine is gone, even under another host name.
    """
    if process.boot != _boot() and (one_machine or process.host == _host()):
        return False
    if process.host != _host():
        return True
    return _started(process.pid) == process.started


@cache
def _host() -> str:
    try:
        space = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        space = ""
    return f"{platform.node()}/{space}".replace("|", "_")


@cache
def _boot() -> str:
    if _BOOT.exists():
        return _BOOT.read_text(encoding="ascii").strip()
    import psutil

    return str(int(psutil.boot_time()))


def _started(pid: int) -> str | None:
    """When a process started, in a text that never changes while it lives; None if there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        # A killed process that nobody has waited for is a zombie: it does nothing any more.
        return None if fields[0] in "ZX" else fields[19]
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
    except OSError:
        return None
    import psutil

    try:
        return str(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
