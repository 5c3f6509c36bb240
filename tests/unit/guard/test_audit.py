"""What an attacker with write access to the ledger can do to the audit chain, and what shows it."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from taihu.core.clock import FixedClock
from taihu.core.errors import IntegrityError
from taihu.guard.audit import AuditChain, Checkpoint
from taihu.guard.keys import Keyring
from taihu.guard.seal import Sealer
from taihu.ledger import Ledger

CLOCK = FixedClock(dt.datetime(2026, 9, 15, tzinfo=dt.UTC))


@pytest.fixture
def ledger(tmp_path: Path, keyring: Keyring) -> Iterator[Ledger]:
    with Ledger.open(f"sqlite:///{tmp_path}/ledger.sqlite", sealer=Sealer(keyring), clock=CLOCK) as opened:
        for number in range(6):
            opened.audited("export", f"mart.table{number}", who="lead", detail=f"{number} rows")
        yield opened


def chain(ledger: Ledger, keyring: Keyring) -> AuditChain:
    return AuditChain(ledger, keyring, CLOCK)


def tamper(tmp_path: Path, statement: str) -> None:
    connection = sqlite3.connect(tmp_path / "ledger.sqlite")
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_whole_chain_has_no_problems_and_reads_back(ledger: Ledger, keyring: Keyring) -> None:
    found = chain(ledger, keyring)
    checkpoint = found.checkpoint()
    ledger.audited("erase", "tk_x", who="officer")
    assert found.problems([checkpoint, Checkpoint.from_json(checkpoint.to_json())]) == []
    assert [(each.action, each.subject, each.who, each.detail) for each in ledger.audit_trail(after=5)] == [
        ("export", "mart.table5", "lead", "5 rows"),
        ("erase", "tk_x", "officer", ""),
    ]


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE audit SET action = 'look' WHERE sequence = 3", 3),
        ("UPDATE audit SET at = '2020-01-01T00:00:00.000000Z' WHERE sequence = 3", 3),
        ("UPDATE audit SET who = x'00' WHERE sequence = 3", 3),
        ("UPDATE audit SET detail = (SELECT detail FROM audit WHERE sequence = 1) WHERE sequence = 3", 3),
        ("DELETE FROM audit WHERE sequence = 3", 4),
        ("DELETE FROM audit WHERE sequence = 1", 2),
        ("UPDATE audit SET previous = digest WHERE sequence = 5", 5),
    ],
)
def test_changes_inside_the_chain_are_found_without_keys(
    ledger: Ledger, keyring: Keyring, tmp_path: Path, statement: str, number: int
) -> None:
    tamper(tmp_path, statement)
    problems = chain(ledger, keyring).problems()
    assert problems and problems[0].sequence == number
    with pytest.raises(IntegrityError):
        chain(ledger, keyring).checkpoint()


def test_a_cut_tail_is_found_by_a_checkpoint_only(ledger: Ledger, keyring: Keyring, tmp_path: Path) -> None:
    checkpoint = chain(ledger, keyring).checkpoint()
    tamper(tmp_path, "DELETE FROM audit WHERE sequence > 4")
    assert chain(ledger, keyring).problems() == []
    [problem] = chain(ledger, keyring).problems([checkpoint])
    assert "shorter" in problem.what


def test_a_chain_written_anew_is_found_by_a_checkpoint(ledger: Ledger, keyring: Keyring, tmp_path: Path) -> None:
    checkpoint = chain(ledger, keyring).checkpoint()
    tamper(tmp_path, "DELETE FROM audit")
    for number in range(7):
        ledger.audited("export", f"other{number}", who="lead")
    assert chain(ledger, keyring).problems() == []
    [problem] = chain(ledger, keyring).problems([checkpoint])
    assert "written anew" in problem.what


@pytest.mark.parametrize(
    "change",
    [
        lambda c: Checkpoint(c.sequence - 1, c.digest, c.at, c.key, c.signature),
        lambda c: Checkpoint(c.sequence, "0" * 64, c.at, c.key, c.signature),
        lambda c: Checkpoint(c.sequence, c.digest, "2027-01-01T00:00:00Z", c.key, c.signature),
        lambda c: Checkpoint(c.sequence, c.digest, c.at, c.key, "zz"),
    ],
)
def test_a_forged_checkpoint_is_refused(ledger: Ledger, keyring: Keyring, change: Callable[[Checkpoint], Checkpoint]) -> None:
    [problem] = chain(ledger, keyring).problems([change(chain(ledger, keyring).checkpoint())])
    assert "signature" in problem.what


def test_a_checkpoint_of_another_key_is_refused(ledger: Ledger, keyring: Keyring, tmp_path: Path) -> None:
    stranger = AuditChain(ledger, Keyring.create(tmp_path / "other"), CLOCK)
    [problem] = chain(ledger, keyring).problems([stranger.checkpoint()])
    assert "signature" in problem.what
    with pytest.raises(IntegrityError):
        Checkpoint.from_json("[]")
