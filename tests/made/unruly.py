"""What runs inside the reading child and behaves as hostile files make readers behave: really crashing, spinning, filling memory."""

from __future__ import annotations

import ctypes
import os
import re
import resource
import signal
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
    handles = {}
    for handle in Path("/proc/self/fd").iterdir():
        try:
            handles[handle.name] = str(handle.readlink())
        except OSError:
            continue
    print("a library that prints", flush=True)
    os.write(1, b"and one that writes")
    return {"environment": dict(os.environ), "arguments": Path("/proc/self/cmdline").read_text(), "handles": handles}, []


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
