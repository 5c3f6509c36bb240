"""Inside the child: what it may use, and one answer after the other.

The module is imported by the parent as well, for the shape of the messages; it confines nobody until :func:`serve` is called.
"""

from __future__ import annotations

import faulthandler
import functools
import importlib
import itertools
import json
import os
import signal
import struct
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from taihu.core.errors import ContentRefused
from taihu.guard.kernel import confine

Buffer = bytes | bytearray | memoryview
Task = Callable[[Mapping[str, Any], bytes], tuple[Mapping[str, Any], Sequence[Buffer]]]

# A message: the length of its JSON, the length of its bytes, the JSON, the bytes.
SIZES = struct.Struct(">QQ")
_MOST_REQUESTS = 2000
_KEPT_MEMORY = 400 * 10**6


def sent(pipe: IO[bytes], said: bytes, buffers: Sequence[Buffer]) -> None:
    """Write a message."""
    pipe.write(SIZES.pack(len(said), sum(memoryview(buffer).nbytes for buffer in buffers)) + said)
    for buffer in buffers:
        pipe.write(buffer)
    pipe.flush()


def exactly(pipe: IO[bytes], size: int) -> bytes:
    """So many bytes of a pipe.

    Raises:
        EOFError: It ends before.
    """
    found = pipe.read(size)
    if len(found) < size:
        raise EOFError("the pipe ends")
    return found


def serve() -> None:
    """Answer requests until the parent is gone."""
    requests, answers = _pipes()
    pages = _pages()
    kept = _confine()
    # What every reader needs is loaded while the parent still looks for its first file.
    importlib.import_module("pyarrow").set_cpu_count(1)
    importlib.import_module("pyarrow.compute")
    sent(answers, json.dumps({"kept": kept}).encode(), ())
    for number in itertools.count(1):
        try:
            said, size = SIZES.unpack(exactly(requests, SIZES.size))
            answer, buffers = _answer(json.loads(exactly(requests, said)), requests, size)
        except EOFError:
            return
        answer["last"] = number == _MOST_REQUESTS or answer.get("refused") == "too_much_memory" or _is_blown_up(pages)
        sent(answers, json.dumps(answer).encode(), buffers)
        if answer["last"]:
            return


def _pipes() -> tuple[IO[bytes], IO[bytes]]:
    """The two pipes under numbers of their own, so that nothing that a library prints gets into an answer."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115  (for as long as the process lives; texts of libraries quote cells)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb")


def _answer(request: Mapping[str, Any], pipe: IO[bytes], size: int) -> tuple[dict[str, Any], Sequence[Buffer]]:
    try:
        _limit(int(request["memory"]), float(request["seconds"]))
        said, buffers = _task(request["task"])(request["said"], exactly(pipe, size))
        return {"said": said}, buffers
    except ContentRefused as refused:
        return {"refused": refused.reason, "what": refused.what}, ()
    except MemoryError:
        return {"refused": "too_much_memory", "what": f"not read within {int(request['memory']) // 10**6:,} MB of memory"}, ()
    except EOFError:
        raise
    except BaseException as error:
        # Whatever an unheard-of file triggers (a panic of Rust code is no Exception); the type of the error carries no content.
        return {"refused": "reader_failed", "what": type(error).__name__}, ()


@functools.cache
def _task(name: str) -> Task:
    module, _, function = name.partition(":")
    task: Task = getattr(importlib.import_module(module), function)
    return task


def _confine() -> list[str]:
    """For good: the parent alone ends it, what it holds is never written to disk when it dies, and the system keeps it from the rest."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable(file=2)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return confine()


def _limit(memory: int, seconds: float) -> None:
    """For one request, where the system keeps limits; the parent watches as well.

    The limit of processor time is wider than the parent's: it is for the case that the parent is gone.
    """
    if sys.platform != "win32":
        import resource

        for kind, most in ((resource.RLIMIT_DATA, memory), (resource.RLIMIT_CPU, int(time.process_time() + 2 * seconds) + 2)):
            _, hardest = resource.getrlimit(kind)
            resource.setrlimit(kind, (most if hardest == resource.RLIM_INFINITY else min(most, hardest), hardest))


def _is_blown_up(pages: IO[bytes] | None) -> bool:
    """Whether this process still holds much after what allocators merely keep for later is given back."""
    if _held(pages) > _KEPT_MEMORY:
        importlib.import_module("pyarrow").default_memory_pool().release_unused()
    return _held(pages) > _KEPT_MEMORY


def _held(pages: IO[bytes] | None) -> int:
    """The memory that this process still holds; one that a large file has blown up is replaced.

    Linux hands the highest figure of ``getrusage`` down from the parent, so it says nothing of the child.
    """
    if pages is not None:
        return int(os.pread(pages.fileno(), 200, 0).split()[1]) * os.sysconf("SC_PAGE_SIZE")
    if sys.platform == "win32":
        return 0
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def _pages() -> IO[bytes] | None:
    """Where Linux tells the pages of this process; opened before no file can be opened any more."""
    try:
        return Path("/proc/self/statm").open("rb", buffering=0)
    except OSError:
        return None
