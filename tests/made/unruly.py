"""What runs inside the reading child and behaves as hostile files make readers behave: really crashing, spinning, filling memory."""

from __future__ import annotations

import ctypes
import os
import re
import resource
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from taihu.guard.confined import Buffer

Answer = tuple[Mapping[str, Any], Sequence[Buffer]]
MARK = b"unruly:"


def echo(said: Mapping[str, Any], content: bytes) -> Answer:
    """What came, and which process answers."""
    return {"said": dict(said), "pid": os.getpid()}, [content]


def surroundings(said: Mapping[str, Any], content: bytes) -> Answer:
    """What the child has of its parent."""
    handles = []
    for number in range(256):
        try:
            mode = os.fstat(number).st_mode
        except OSError:
            continue
        handles.append("pipe" if stat.S_ISFIFO(mode) else "device" if stat.S_ISCHR(mode) else "file")
    print("a library that prints", flush=True)
    os.write(1, b"and one that writes")
    return {"environment": dict(os.environ), "arguments": sys.orig_argv, "handles": handles}, []


def reach(said: Mapping[str, Any], content: bytes) -> Answer:
    """Try to get at something outside; what came of it, or None."""
    reached: str | None = None
    try:
        if said["how"] == "read":
            reached = Path(said["path"]).read_text()
        elif said["how"] == "write":
            reached = str(Path(said["path"]).with_name("new").write_text("x"))
        elif said["how"] == "program":
            reached = subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True, text=True, check=True).stdout
        elif said["how"] == "connect":
            with socket.create_connection(("127.0.0.1", said["port"]), timeout=5):
                reached = "connected"
        else:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                reached = str(sender.sendto(b"x", ("127.0.0.1", 9)))
    except OSError:
        reached = None
    return {"reached": reached}, []


def misbehave(said: Mapping[str, Any], content: bytes) -> Answer:
    """Do what ``said["how"]`` names."""
    _WAYS[said["how"]]()
    return {}, []


def answer(said: Mapping[str, Any], content: bytes) -> Answer:
    """Read a file as ever, unless it says how to misbehave."""
    from taihu.read import isolated

    if MARK in content:
        _WAYS[content.partition(MARK)[2].split()[0].decode()]()
    return isolated.answer(said, content)


def _segfault() -> None:
    ctypes.string_at(0)


def _killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _abort() -> None:
    os.write(2, b"memory allocation of 4294967296 bytes failed\n")
    os.abort()


def _allocate() -> None:
    bytearray(4 << 30)


def _fill() -> None:
    kept = []
    while True:
        kept.append(b"x" * 10_000_000)


def _unlimited() -> None:
    """Memory where the system keeps no limit, as on other systems than Linux."""
    resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    kept = [b"x" * 10_000_000 for _ in range(40)]
    time.sleep(60)
    kept.clear()


def _spin() -> None:
    while True:
        pass


def _spin_in_c() -> None:
    """A loop that lets no other thread of the process run."""
    re.match(r"(a+)+$", "a" * 60 + "b")


def _sleep() -> None:
    time.sleep(600)


def _panic() -> None:
    class PanicException(BaseException):
        """As Rust extensions raise it."""

    raise PanicException("row 3: 张三")


def _leave() -> None:
    os._exit(0)


def _nonsense() -> None:
    for handle in range(3, 16):
        try:
            os.write(handle, b"\xff" * 4096)
        except OSError:
            continue


_WAYS = {
    "segfault": _segfault,
    "killed": _killed,
    "abort": _abort,
    "allocate": _allocate,
    "fill": _fill,
    "unlimited": _unlimited,
    "spin": _spin,
    "spin_in_c": _spin_in_c,
    "sleep": _sleep,
    "panic": _panic,
    "leave": _leave,
    "nonsense": _nonsense,
}
