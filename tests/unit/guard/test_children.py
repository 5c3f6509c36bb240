"""A child that crashes, spins, fills memory or lies costs one request, with the reason; nothing of the parent is in it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.made import unruly

from taihu.core.errors import ContentRefused
from taihu.guard.children import Child, Limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals, limits and /proc as on Linux")
UNRULY = "tests.made.unruly:"
SMALL = Limits(memory=250_000_000, seconds=0.5)


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    child = Child()
    yield child
    child.close()


def test_one_process_answers_many_requests(child: Child) -> None:
    pids = set()
    for number in range(20):
        content = os.urandom(number * 100_000)
        said, body = child.ask(UNRULY + "echo", {"名": number, "lone": "\udc80"}, content)
        assert (said["said"], body) == ({"名": number, "lone": "\udc80"}, content)
        pids.add(said["pid"])
    assert pids == {child.pid}


@pytest.mark.parametrize(
    ("how", "reason", "detail"),
    [
        ("segfault", "reader_crashed", "ended by SIGSEGV in taihu/guard/confined.py:"),
        ("killed", "reader_crashed", "ended by SIGKILL"),
        ("abort", "too_much_memory", "not read within 250 MB of memory"),
        ("allocate", "too_much_memory", "not read within 250 MB of memory"),
        ("fill", "too_much_memory", "not read within 250 MB of memory"),
        ("unlimited", "too_much_memory", "not read within 250 MB of memory"),
        ("spin", "took_too_long", "not read within 0.5 seconds"),
        ("spin_in_c", "took_too_long", "not read within 0.5 seconds"),
        ("sleep", "took_too_long", "not read within 0.5 seconds"),
        ("panic", "reader_failed", "PanicException"),
        ("leave", "reader_crashed", "its answer makes no sense"),
        ("nonsense", "reader_crashed", "its answer makes no sense"),
    ],
)
def test_what_goes_wrong_has_its_reason_and_the_next_request_is_answered(child: Child, how: str, reason: str, detail: str) -> None:
    with pytest.raises(ContentRefused) as refused:
        child.ask(UNRULY + "misbehave", {"how": how}, limits=SMALL)
    assert refused.value.reason == reason
    assert refused.value.what.startswith(detail)
    assert child.ask(UNRULY + "echo", {}, b"next")[1] == b"next"


def test_more_time_and_memory_for_larger_files() -> None:
    assert Limits.for_size(0) == Limits(900_000_000, 10.0)
    assert Limits.for_size(3_000_000) == Limits(900_000_000, 40.0)
    assert Limits.for_size(42_000_000).memory == 1_200_000_000
    assert Limits.for_size(10**12).memory == psutil.virtual_memory().total // 2


def test_nothing_of_the_parent_is_in_the_child(child: Child, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TAIHU_KEY_PASSPHRASE", "geheim")
    with (tmp_path / "open.txt").open("w") as kept:
        os.set_inheritable(kept.fileno(), True)
        own = Child()
        said, _ = own.ask(UNRULY + "surroundings", {"passwords": ["口令"]})
        own.close()
    assert "TAIHU_KEY_PASSPHRASE" not in said["environment"] and "HOME" not in said["environment"]
    assert "口令" not in str(said["arguments"]) and "geheim" not in str(said)
    # The end of /dev/null for what libraries print, twice and once for what they complain of; its own figures in /proc; three pipes.
    assert sorted(said["handles"]) == ["device"] * 3 + ["file"] + ["pipe"] * 3


@pytest.mark.parametrize(
    ("how", "part"), [("read", "files"), ("write", "files"), ("program", "files"), ("connect", "network"), ("resolve", "network")]
)
def test_the_kernel_keeps_the_child_from_files_and_the_network(how: str, part: str, child: Child, tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("geheim")
    with socket.create_server(("127.0.0.1", 0)) as server:
        said, _ = child.ask(UNRULY + "reach", {"how": how, "path": str(secret), "port": server.getsockname()[1]})
    if part not in child.kept_from:
        pytest.skip(f"this kernel does not keep processes from {part}")
    assert said == {"reached": None}
    # The same in this process, where nothing is in the way.
    assert unruly.reach({"how": how, "path": str(secret), "port": 0}, b"")[0]["reached"] is not None or part == "network"


def test_a_child_is_started_only_when_it_is_asked() -> None:
    own = Child()
    assert (own.started, own.pid) == (0, None)
    own.close()
    assert own.started == 0


def test_a_child_that_cannot_start_blames_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", ["/nowhere"])
    with pytest.raises(ChildProcessError, match="does not start: ModuleNotFoundError"):
        Child().ask(UNRULY + "echo", {})


def test_a_large_parent_keeps_its_child() -> None:
    """What the parent holds is not held by the child: it would be started anew for every file."""
    program = """
import sys
from taihu.guard.children import Child
held = bytearray(600_000_000)
held[::4096] = b"x" * len(held[::4096])
child = Child()
pids = {child.ask("tests.made.unruly:echo", {}, b"a")[0]["pid"] for _ in range(3)}
child.close()
print(len(pids), child.started)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout.split() == ["1", "1"]


def test_a_fork_has_a_child_of_its_own() -> None:
    code = (
        "import os; from taihu.guard.children import shared_child\n"
        "ask = lambda: shared_child().ask('tests.made.unruly:echo', {})[0]['pid']\n"
        "mine = ask(); other = os.fork()\n"
        "if not other: os._exit(0 if ask() != mine else 1)\n"
        "print(os.waitpid(other, 0)[1], ask() == mine)"
    )
    assert _python(code).communicate()[0] == "0 True\n"


@pytest.mark.parametrize("way", ["echo", "misbehave"])
def test_the_child_ends_with_its_parent(way: str) -> None:
    """Also one that spins, when its parent is killed and nobody is left to watch it."""
    code = (
        "import threading, time; from taihu.guard.children import Child, Limits; child = Child()\n"
        "child.ask('tests.made.unruly:echo', {}); print(child.pid, flush=True)\n"
        f"{way == 'misbehave'} and child.ask('tests.made.unruly:misbehave', dict(how='spin_in_c'), limits=Limits(seconds=0.7))\n"
        "time.sleep(60)"
    )
    parent = _python(code)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    if way == "misbehave":
        time.sleep(0.2)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    child.wait(60)
    assert not child.is_running()


def _python(code: str) -> subprocess.Popen[str]:
    root = Path(__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
