"""What the Linux kernel itself can keep a process from, for good and without being root: files (Landlock) and the network.

Landlock is in kernels from 5.13 on (its rules for TCP from 6.7 on); a network of one's own needs a user namespace where we are not
root, which some systems forbid. Where something is not to be had nothing fails: :func:`confine` says what holds.
Constants and structures: ``linux/landlock.h`` and ``linux/sched.h``.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every processor
_VERSION_ASKED = 1
_BENEATH = 1
_NO_NEW_PRIVILEGES = 38
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
_READ = _READ_FILE | _READ_FOLDER
# Rights over files that each version of Landlock knows; those over TCP, and over signals and abstract sockets of others.
_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
_TCP, _TCP_SINCE = 0b11, 4
_SCOPES, _SCOPES_SINCE = 0b11, 6
_SYSTEM = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/dev/null",
    "/dev/urandom",
)


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64)]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def confine() -> list[str]:
    """Give up the network, and all files but the code of Python and its packages.

    Returns:
        What this process cannot use any more: ``network`` (any kind of it), ``files`` (it reads nothing else, writes nothing and
        starts no program).
    """
    if not sys.platform.startswith("linux"):
        return []
    system = ctypes.CDLL(None, use_errno=True)
    kept = ["network"] if system.unshare(_NEW_NETWORK) == 0 or system.unshare(_NEW_USER | _NEW_NETWORK) == 0 else []
    return [*kept, "files"] if _files(system) else kept


def _files(system: ctypes.CDLL) -> bool:
    version = system.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION_ASKED)
    if version < 1:
        return False
    rights = (1 << _RIGHTS[max(known for known in _RIGHTS if known <= version)]) - 1
    ruleset = _Ruleset(rights, _TCP if version >= _TCP_SINCE else 0, _SCOPES if version >= _SCOPES_SINCE else 0)
    # An older kernel refuses a structure with more in it than it knows.
    size = 24 if version >= _SCOPES_SINCE else 16 if version >= _TCP_SINCE else 8
    rules = system.syscall(_CREATE, ctypes.byref(ruleset), ctypes.c_size_t(size), 0)
    if rules < 0:
        return False
    for place, allowed in _readable():
        try:
            folder = os.open(place, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        rule = _Beneath(allowed if Path(place).is_dir() else allowed & _READ_FILE, folder)
        system.syscall(_ADD, rules, _BENEATH, ctypes.byref(rule), 0)
        os.close(folder)
    system.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    done = bool(system.syscall(_RESTRICT, rules, 0) == 0)
    os.close(rules)
    return done


def _readable() -> Iterator[tuple[str, int]]:
    """Where Python is installed, and the packages on the import path; the folder that holds them may hold a project with its keys."""
    installed = {str(Path(place).resolve()) for place in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    for place in (*installed, *_SYSTEM):
        yield place, _READ
    for entry in sys.path:
        if not Path(entry).is_dir():
            yield entry, _READ
        elif not any(Path(entry).resolve().is_relative_to(place) for place in installed):
            yield entry, _READ_FOLDER
            for package in Path(entry).glob("*/__init__.py"):
                yield str(package.parent), _READ
