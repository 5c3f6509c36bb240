"""Files that are there whole or not at all, also after the power went.

The order is always the same: write under a temporary name, flush the file, rename, flush the folder. Whoever finds a file
under its final name may trust it; temporary names are swept. Where a later commit says which files count, only that all of them
are flushed before it matters, and then they are flushed at the same time.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from taihu.core.errors import DiskFull

TEMPORARY = ".part-"


def temporary_path(folder: Path, name: str) -> Path:
    """A name for unfinished work of this process in ``folder``."""
    return folder / f"{TEMPORARY}{os.getpid()}-{name}"


def finish(temporary: Path, final: Path, *, mode: int | None = None, before: Callable[[], None] | None = None) -> None:
    """Give a finished temporary file its final name, durably; ``before`` is called just before the rename."""
    sync_file(temporary)
    if mode is not None:
        temporary.chmod(mode)
    if before:
        before()
    temporary.replace(final)
    sync_folder(final.parent)


@contextmanager
def room(folder: Path) -> Iterator[None]:
    """A full disk as an error of ours; whoever writes takes back what was begun."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DiskFull("the disk is full", where=str(folder), fix="free some space; the next run goes on") from None


def make_folder(folder: Path) -> None:
    """Make a folder and its missing parents, durably."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_file(path: Path) -> None:
    """Flush a file's content to the disk."""
    _sync(path, os.O_RDONLY)


def sync_folder(folder: Path) -> None:
    """Flush a folder's entries to the disk (where the system can; Windows cannot open folders)."""
    if os.name != "nt":
        _sync(folder, os.O_RDONLY)


def sync_all(paths: Iterable[Path]) -> None:
    """Flush files and folders at the same time, which takes a disk hardly longer than one of them."""
    waiting = [_flushers().submit(sync_folder if path.is_dir() else sync_file, path) for path in paths]
    # None is left at work when this ends, whichever of them failed.
    for problem in [future.exception() for future in waiting]:
        if problem is not None:
            raise problem


@lru_cache(maxsize=1)
def _flushers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(8, thread_name_prefix="flush")


if hasattr(os, "register_at_fork"):
    # A forked child has the pool's queue and none of its threads.
    os.register_at_fork(after_in_child=_flushers.cache_clear)


def sweep(folder: Path) -> list[Path]:
    """Remove temporary files below ``folder``; the caller holds the lease that keeps other writers away."""
    found = sorted(folder.rglob(f"{TEMPORARY}*")) if folder.is_dir() else []
    for path in found:
        path.unlink(missing_ok=True)
    return found


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
