"""Commands as people type them, each in a process of its own.

Half of what a short command costs is the start of the interpreter and the import of libraries. Where processes can be forked, a
command is therefore forked from one process that has imported them and has done nothing else; it ends like any other program.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

# One request a line: arguments, variables, folder, file for what is said. One answer a line: exit code, CPU seconds.
_FORKS = """\
import importlib, json, os, sys, time
for name in ("cli.main", "project.workspace", "run.execution", "run.explaining", "run.matrix", "run.documenting"):
    importlib.import_module("taihu." + name)
for name in ("duckdb", "pyarrow.compute", "pyarrow.parquet", "sqlalchemy.dialects.sqlite"):
    importlib.import_module(name)
while line := sys.stdin.readline():
    child = os.fork()
    if child == 0:
        break
    _, status, used = os.wait4(child, 0)
    print(json.dumps([os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime]), flush=True)
else:
    sys.exit()
sys.argv[1:], variables, folder, said = json.loads(line)
os.environ.clear()
os.environ.update(variables)
time.tzset()
os.chdir(folder)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
for stream in (1, 2):
    os.dup2(os.open(said + str(stream), os.O_WRONLY | os.O_CREAT), stream)
import signal
signal.alarm(300)
importlib.import_module("taihu.cli.main").main()
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ended: exit code, standard output as JSON (if it is), all words, CPU seconds."""

    code: int
    json: Any
    said: str
    cpu: float


def taihu(*arguments: str, environment: Mapping[str, str] | None = None, folder: Path | None = None, anew: bool = False) -> Ran:
    """Call the command line in a process of its own.

    Args:
        arguments: What is typed after ``taihu``.
        environment: Variables beside those of the tests.
        folder: Where it is typed.
        anew: With an interpreter of its own too: for variables that it reads when it starts.
    """
    variables = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **(environment or {})}
    run = _started if anew or not hasattr(os, "fork") else _forked
    code, output, errors, cpu = run(arguments, variables, folder or Path.cwd())
    return Ran(code, json.loads(output) if output.startswith("{") else None, output + errors, cpu)


def _started(arguments: tuple[str, ...], variables: dict[str, str], folder: Path) -> tuple[int, str, str, float]:
    before = os.times()
    command = [sys.executable, "-m", "taihu", *arguments]
    ended = subprocess.run(command, env=variables, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    after = os.times()
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return ended.returncode, ended.stdout, ended.stderr, cpu


@functools.cache
def _forking() -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _FORKS]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.communicate)
    return process


def _forked(arguments: tuple[str, ...], variables: dict[str, str], folder: Path) -> tuple[int, str, str, float]:
    process = _forking()
    assert process.stdin is not None and process.stdout is not None
    with tempfile.TemporaryDirectory() as room:
        print(json.dumps([arguments, variables, str(folder), f"{room}/"]), file=process.stdin, flush=True)
        code, cpu = json.loads(process.stdout.readline())
        output, errors = (Path(room, stream).read_text(encoding="utf-8") for stream in ("1", "2"))
    return code, output, errors, cpu
