"""A child process in which bytes from outside are taken apart: warm, limited, and replaced when it breaks.

A reader of workbooks or PDFs is C and Rust code that strangers' files are fed to. One that crashes, spins or fills the memory must
cost that file alone, so it works in a process that has nothing worth taking: no keys, an empty environment, no open files but two
pipes. What comes back is data, never pickled objects; it is checked before it is used. The child is started when it is first
asked, answers one request after the other, and ends with its parent.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from taihu.core.errors import ContentRefused
from taihu.core.reasons import REASONS
from taihu.guard.confined import SIZES, Buffer, exactly, sent

_MEGABYTE = 10**6
_MEMORY, _MEMORY_FREE, _MEMORY_GROWTH = 900 * _MEGABYTE, 32 * _MEGABYTE, 30
_SECONDS, _SECONDS_PER_MEGABYTE = 10.0, 10.0
# A busy machine gives a child only a part of a core; one that waits for something that never comes is ended all the same.
_WALL = 6
_TICK = 0.25
_MOST_SAID = 256 * _MEGABYTE
_NEEDED = ("SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
_WHERE = re.compile(r'File "[^"]*?/(taihu/[\w/]+\.py)", line (\d+)')
_OUT_OF_MEMORY = ("memory allocation of", "bad_alloc", "out of memory", "MemoryError")
_START = "import sys; sys.path[:] = sys.argv[1:]; from taihu.guard.confined import serve; serve()"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost.

    Attributes:
        memory: Bytes of memory that the child may hold altogether.
        seconds: Seconds of processor time; six times as long may pass on the clock.
    """

    memory: int = _MEMORY
    seconds: float = _SECONDS

    @classmethod
    def for_size(cls, size: int) -> Limits:
        """900 MB and 10 seconds; 10 seconds more for each megabyte, 30 bytes more for each byte beyond 32 MB.

        No more than half of the machine's memory is given to a large file.
        """
        seconds = _SECONDS + size / _MEGABYTE * _SECONDS_PER_MEGABYTE
        if size <= _MEMORY_FREE:
            return cls(_MEMORY, seconds)
        import psutil

        grown = _MEMORY + (size - _MEMORY_FREE) * _MEMORY_GROWTH
        return cls(max(_MEMORY, min(grown, psutil.virtual_memory().total // 2)), seconds)


@dataclass(slots=True)
class _Job:
    """The request that is being answered; ``stopped`` is the reason and the detail if it went beyond its limits."""

    limits: Limits
    began: float = field(default_factory=time.monotonic)
    processor: float | None = None
    stopped: tuple[str, str] | None = None


class Child:
    """One child process at a time, started when it is first asked and again after it broke.

    Attributes:
        started: How many processes there were.
        kept_from: What the kernel keeps the process from (see :func:`taihu.guard.kernel.confine`).
    """

    def __init__(self) -> None:
        self.started = 0
        self.kept_from: tuple[str, ...] = ()
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._busy = threading.Event()
        self._job: _Job | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints = -1
        self._owner = os.getpid()

    @property
    def pid(self) -> int | None:
        """The process that answers now; None if none was started or it has ended."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def ask(
        self, task: str, said: Mapping[str, Any], content: Buffer = b"", *, limits: Limits | None = None
    ) -> tuple[dict[str, Any], bytes]:
        """Let the child do something with bytes.

        Args:
            task: ``module:function`` of what answers; it takes ``said`` and the bytes and gives a mapping and buffers.
            said: What it needs to know, as plain values of JSON. It goes through a pipe, so it may hold passwords.
            content: The bytes.
            limits: What it may cost; by the size of ``content`` if not given.

        Returns:
            The mapping and the buffers, joined. Both come from a process that a hostile file may have taken over: check them.

        Raises:
            ContentRefused: ``reader_crashed``, ``took_too_long``, ``too_much_memory``, ``reader_failed`` or the task's own reason.
            ChildProcessError: No process can be started here; this says nothing about the bytes.
        """
        allowed = limits or Limits.for_size(len(content))
        request = json.dumps({"task": task, "memory": allowed.memory, "seconds": allowed.seconds, "said": said}).encode()
        with self._turn:
            process = self._running()
            self._job = job = _Job(allowed)
            self._busy.set()
            try:
                assert process.stdin is not None and process.stdout is not None
                sent(process.stdin, request, [content])
                answer, body = _received(process.stdout, allowed.memory)
            except (OSError, EOFError, ValueError, RecursionError) as error:
                raise self._broken(process, job, error) from None
            except BaseException:
                self._end()
                raise
            finally:
                with self._guard:
                    self._busy.clear()
                    self._job = None
            if job.stopped or answer.get("last"):
                self._end()
        return _checked(answer), body

    def start(self) -> tuple[str, ...]:
        """Start the process now; gives what the kernel keeps it from."""
        with self._turn:
            self._running()
        return self.kept_from

    def close(self) -> None:
        """End the process; the next request starts another."""
        with self._turn:
            self._end()

    def _running(self) -> subprocess.Popen[bytes]:
        """The process, started if there is none; one that was inherited by a fork belongs to somebody else."""
        if self._owner != os.getpid():
            self._owner, self._process, self._complaints = os.getpid(), None, -1
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            self._process = self._begin()
        return self._process

    def _begin(self) -> subprocess.Popen[bytes]:
        paths = [path or str(Path.cwd()) for path in sys.path]
        environment = {name: os.environ[name] for name in _NEEDED if name in os.environ}
        environment |= {"ARROW_DEFAULT_MEMORY_POOL": "system", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        complaints, to_complain = _complaints_pipe()
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-B", "-X", "utf8", "-c", _START, *paths],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=to_complain,
                env=environment,
                pipesize=1 << 20,
            )
        finally:
            if to_complain >= 0:
                os.close(to_complain)
        self._complaints = complaints
        self.started += 1
        threading.Thread(target=self._watch, args=(process,), daemon=True, name="limits of the child").start()
        assert process.stdout is not None
        try:
            hello, _ = _received(process.stdout, 0)
            self.kept_from = tuple(str(name) for name in hello.get("kept", ()))
        except (OSError, EOFError, ValueError):
            self._process = process
            said = self._complained().strip().rsplit("\n", 1)[-1]
            self._end()
            raise ChildProcessError(f"the process that reads files does not start: {said or 'it says nothing'}") from None
        return process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                # Closing writes what is still kept for a reader that is gone.
                with contextlib.suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]
        if self._complaints >= 0:
            os.close(self._complaints)
            self._complaints = -1

    # limits ------------------------------------------------------------------------------------------------------------

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Kill the child when a request goes beyond its limits; where the system keeps no limits this is the only watch."""
        while process.poll() is None:
            self._busy.wait(_TICK * 20)
            time.sleep(_TICK)
            with self._guard:
                job = self._job
                if job is None or job.stopped or self._process is not process:
                    continue
                job.stopped = _exceeded(process.pid, job)
                if job.stopped:
                    process.kill()

    def _broken(self, process: subprocess.Popen[bytes], job: _Job, error: Exception) -> ContentRefused:
        """Why there is no answer."""
        try:
            code = process.wait(1)
        except subprocess.TimeoutExpired:
            code = 0
        complained = self._complained()
        self._end()
        if job.stopped:
            return ContentRefused(*job.stopped)
        if code == 0:
            return ContentRefused("reader_crashed", f"its answer makes no sense ({type(error).__name__})")
        name = _signal_name(code)
        if name == "SIGXCPU":
            return ContentRefused("took_too_long", _too_long(job.limits))
        if any(words in complained for words in _OUT_OF_MEMORY):
            return ContentRefused("too_much_memory", _too_much(job.limits))
        where = _WHERE.search(complained)
        return ContentRefused("reader_crashed", f"ended by {name}" + (f" in {where[1]}:{where[2]}" if where else ""))

    def _complained(self) -> str:
        if self._complaints < 0:
            return ""
        try:
            return os.read(self._complaints, 1 << 16).decode("utf-8", "replace")
        except OSError:
            return ""


def _complaints_pipe() -> tuple[int, int]:
    """Where the child's runtimes say why they die. Nobody reads it meanwhile, so a full pipe must not make the child wait."""
    if os.name != "posix":
        return -1, subprocess.DEVNULL
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    return read, write


def _received(pipe: IO[bytes], most: int) -> tuple[dict[str, Any], bytes]:
    said, size = SIZES.unpack(exactly(pipe, SIZES.size))
    if said > _MOST_SAID or size > most:
        raise ValueError("too much")
    answer = json.loads(exactly(pipe, said))
    if not isinstance(answer, dict):
        raise ValueError("not an object")
    return answer, exactly(pipe, size)


def _checked(answer: Mapping[str, Any]) -> dict[str, Any]:
    reason, said = answer.get("refused"), answer.get("said")
    if reason is None and isinstance(said, dict):
        return said
    if reason not in REASONS:
        raise ContentRefused("reader_crashed", "its answer makes no sense")
    raise ContentRefused(str(reason), str(answer.get("what", "")))


def _exceeded(pid: int, job: _Job) -> tuple[str, str] | None:
    import psutil

    try:
        process = psutil.Process(pid)
        times, held = process.cpu_times(), process.memory_info().rss
    except psutil.Error:
        return None
    used = times.user + times.system
    if job.processor is None:
        job.processor = used
    if held > job.limits.memory:
        return "too_much_memory", _too_much(job.limits)
    if used - job.processor > job.limits.seconds or time.monotonic() - job.began > job.limits.seconds * _WALL:
        return "took_too_long", _too_long(job.limits)
    return None


def _too_long(limits: Limits) -> str:
    return f"not read within {limits.seconds:g} seconds"


def _too_much(limits: Limits) -> str:
    return f"not read within {limits.memory // _MEGABYTE:,} MB of memory"


def _signal_name(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"code {code}"


_shared: Child | None = None


def shared_child() -> Child:
    """The one child of this process; nothing is started before it is asked."""
    global _shared
    if _shared is None:
        _shared = Child()
        atexit.register(_shared.close)
    return _shared
