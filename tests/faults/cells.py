"""One cell of the fault matrix: one connector under one fault, and what must be true of it.

Whatever happens to the connection, a few runs later the same bytes must be there as without a fault, nothing twice; the server must
have been bothered a bounded number of times, and asked for a login that it refuses at most once.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from taihu.core.clock import FixedClock
from taihu.core.errors import DiskFull, TaihuError, TransientError
from taihu.core.types import Fetched, Item
from taihu.formats.login_page import is_login_page
from tests.faults.proxy import Exchange, FaultProxy, Plan
from tests.faults.trust import loopback_tls

if TYPE_CHECKING:
    from tests.contract.connector.contract import World

FAULTS = (
    "delay",
    "reset",
    "half_close",
    "slow",
    "truncated",
    "wrong_length",
    "tls_abort",
    "429",
    "503",
    "login_page",
    "empty",
    "dns",
    "disk_full",
)
# Where TLS begins: with the connection (then the proxy speaks it), or when the client asks for it (then the server itself does).
FROM_THE_FIRST_BYTE, ON_REQUEST = ("http", "imap"), ("postgresql", "mysql")
OF_REQUESTS = ("429", "503", "login_page", "empty")
NOWHERE = "taihu-nowhere.invalid"
ITEMS = 4
MOST_RUNS = 5
LOG = "TAIHU_FAULTS_LOG"


@dataclass(slots=True)
class Cell:
    """What one cell showed."""

    connector: str
    fault: str
    verdict: str = ""
    note: str = ""
    runs: int = 0
    contacts: int = 0
    refused: int = 0
    errors: list[str] = field(default_factory=list)

    def write(self) -> None:
        """Add it to the log that ``./do soak faults`` reads."""
        if path := os.environ.get(LOG):
            with Path(path).open("a", encoding="utf-8") as log:
                log.write(json.dumps(asdict(self), ensure_ascii=False) + "\n")


def why_not(world: World, fault: str) -> str:
    """Why a connector cannot meet a fault; empty if it can."""
    if fault in world.cannot_meet:
        return world.cannot_meet[fault]
    if fault == "disk_full":
        return ""
    if not world.has_server:
        return "nothing is connected to: it reads files of this machine"
    if fault in OF_REQUESTS and world.protocol != "http":
        return "an answer of HTTP, which this protocol does not have"
    if fault == "wrong_length" and world.protocol not in ("http", "imap"):
        return "lengths stand inside a checked or binary framing: a wrong one is a broken connection, as in truncated"
    if fault == "tls_abort" and world.protocol not in (*FROM_THE_FIRST_BYTE, *ON_REQUEST, "ssh"):
        return "the server of the tests speaks without TLS"
    if fault == "wrong_length" and world.protocol == "ftp":
        return "FTP states no length"
    return ""


def play(world: World, fault: str, monkeypatch: pytest.MonkeyPatch) -> Cell:
    """Run one cell.

    Raises:
        AssertionError: The bytes differ, something came twice, or the server was bothered too often.
    """
    cell = Cell(type(world).__name__.removesuffix("World"), fault)
    reason = why_not(world, fault)
    if reason:
        cell.verdict, cell.note = "not applicable", reason
        cell.write()
        return cell
    cell.verdict = "different"
    try:
        if fault == "disk_full":
            _disk_full(world, cell)
        else:
            _network(world, cell, monkeypatch)
    except AssertionError as error:
        cell.note = str(error).splitlines()[0][:200]
        raise
    except Exception as error:
        cell.note = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise
    finally:
        cell.write()
    return cell


def _network(world: World, cell: Cell, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = [world.put(n) for n in range(ITEMS)]
    with ExitStack() as stack:
        tls = None
        # A name that must be looked up is not this machine, and others are not spoken to without TLS.
        encrypted = cell.fault in ("tls_abort", "dns") and "tls_abort" not in world.cannot_meet
        if encrypted and world.protocol in ON_REQUEST:
            world.tls = True
        elif encrypted and world.protocol in FROM_THE_FIRST_BYTE:
            tls = _encrypted(world, monkeypatch)
            if tls is None and cell.fault == "tls_abort":
                cell.verdict, cell.note = "not applicable", "the account of the tests is one without TLS"
                return
        proxy = stack.enter_context(FaultProxy(world.server_address, protocol=world.protocol, tls=tls))
        proxy.watches_requests = world.protocol == "http" and cell.fault in (*OF_REQUESTS, "wrong_length")
        world.through = proxy.address
        undisturbed = world.run(remember=False)
        assert _bytes(world, undisturbed) == _expected(world, contents), "the proxy alone changes something"
        ordinary = max(proxy.connections, len(proxy.exchanges))
        plan = _plan(cell.fault, proxy, contents)
        world.sessions = type(world.sessions)()
        proxy.arm(plan)
        if cell.fault == "dns":
            world.through = (NOWHERE, proxy.port)
            with pytest.raises(TransientError):
                world.run()
            cell.errors.append("TransientError")
            world.through = proxy.address
        fetched = _until_complete(world, cell, contents)
        cell.contacts, cell.refused = max(proxy.connections, len(proxy.exchanges)), world.refused_logins()
        assert _bytes(world, fetched) == _expected(world, contents), "the bytes differ from those of a fault-free run"
        assert len({each.item.key for each in fetched}) == len(fetched), "something came twice"
        assert cell.fault == "dns" or plan.struck, "the fault did not strike"
        most = cell.runs * 3 * (ordinary + 2)
        assert cell.contacts <= most, f"{cell.contacts} contacts, {most} would be bounded"
        assert cell.refused <= 1, f"{cell.refused} refused logins"
        cell.verdict = "same"


def _until_complete(world: World, cell: Cell, contents: Sequence[bytes]) -> list[Fetched]:
    """Run as often as a morning does, until everything is there, and once more."""
    fetched: list[Fetched] = []
    while cell.runs < MOST_RUNS:
        cell.runs += 1
        try:
            new = world.run()
        except TaihuError as error:
            cell.errors.append(type(error).__name__)
            continue
        fetched += new
        if not new and _bytes(world, fetched) == _expected(world, contents):
            break
    if cell.fault not in OF_REQUESTS:
        assert all(each.content or each.write for each in fetched), "something empty was taken for a file"
    return fetched


def _is_usable(fetched: Fetched) -> bool:
    """Whether reading would take these bytes; empty files and login pages are rejected there, and the source asked again."""
    return fetched.write is not None or (bool(fetched.content) and not is_login_page(fetched.content))


def _bytes(world: World, fetched: Sequence[Fetched]) -> list[bytes]:
    contents = [world.content_of(each) for each in fetched if _is_usable(each)]
    return sorted(contents) if world.one_item_a_put else contents[-1:]


def _expected(world: World, contents: Sequence[bytes]) -> list[bytes]:
    return sorted(contents) if world.one_item_a_put else list(contents[-1:])


def _plan(fault: str, proxy: FaultProxy, contents: Sequence[bytes]) -> Plan:
    """Where the fault strikes, from what an undisturbed run showed: in the listing, and in the midst of the files."""
    total = proxy.passed
    if fault in ("reset", "half_close", "truncated"):
        return Plan(fault, at=[total * 2 // 5, total * 4 // 5])
    if fault == "wrong_length" and not proxy.watches_requests:
        return Plan(fault, at=[total // 2])
    if fault in ("login_page", "empty", "wrong_length"):
        return Plan(fault, target=_download(proxy.exchanges, contents), times=1)
    return Plan(fault)


def _download(exchanges: Sequence[Exchange], contents: Sequence[bytes]) -> str:
    """The request that brings a file: its answer is one, or the longest."""
    for exchange in exchanges:
        if exchange.body in contents:
            return exchange.target
    return max(exchanges, key=lambda exchange: len(exchange.body)).target


def _encrypted(world: World, monkeypatch: pytest.MonkeyPatch) -> object:
    """The server's side of TLS, and the world told to use it; None where its account cannot."""
    from taihu.collect import web_session

    context, trusted = loopback_tls(world.root / "tls")
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    monkeypatch.setattr(world, "tls", True, raising=False)
    account = world.account
    if account is None or not (account.url or "https").startswith("https") or not account.tls:
        return None
    web_session._trusted.cache_clear()
    return context


# a full disk ----------------------------------------------------------------------------------------------------------------


@contextmanager
def small_disk(folder: Path, size: str = "160k") -> Iterator[Path]:
    """A file system of a few pages; skipped where it may not be mounted."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here ({done.stderr.strip() or done.returncode}); it needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


def _disk_full(world: World, cell: Cell) -> None:
    from taihu.project.workspace import open_workspace
    from taihu.run.collecting import collect

    contents = [world.put(n) for n in range(ITEMS)]
    project = world.root / "project"
    with small_disk(world.root / "disk") as disk:
        project.mkdir()
        (project / "taihu.yml").write_text(
            f"name: small\ntitle: {{zh: 小, en: Small}}\nentities: {{cn: {{currency: CNY}}}}\nlake: {disk}\nledger: sqlite:///ledger.sqlite\n"
        )
        with open_workspace(project, FixedClock(world.clock.now())) as ws, world.connections() as connections:
            filler = disk / "filler"
            _fill(filler, leave=6000 if world.one_item_a_put else 0)
            cell.runs += 1
            with pytest.raises(DiskFull) as caught:
                collect(ws, world.source, connections.open(world.source))
            assert "full" in str(caught.value)
            assert not [path for path in disk.rglob("*") if path.name.startswith(".part-")], "something half-written is left"
            before = {arrival.sha256 for arrival in ws.ledger.arrivals()}
            assert len(before) < ITEMS
            assert all(ws.objects.get(sha256) for sha256 in before)
            filler.unlink()
            cell.runs += 1
            collect(ws, world.source, connections.open(world.source))
            arrivals = ws.ledger.arrivals()
            fetched = [Fetched(Item(each.item_key, each.name, meta=each.meta), ws.objects.get(each.sha256)) for each in arrivals]
            assert _bytes(world, fetched) == _expected(world, contents), "the bytes differ from those of a fault-free run"
            assert len({each.item.key for each in fetched}) == len(fetched), "something came twice"
    cell.errors.append("DiskFull")
    cell.refused = world.refused_logins()
    cell.verdict = "same"


def _fill(filler: Path, leave: int) -> None:
    """Write until nothing fits any more, then give some bytes back."""
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass
        file.truncate(max(file.tell() - leave, 0))
