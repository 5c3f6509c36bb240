"""A sample of ``./do soak credentials`` in the suite; every slot on every way to fail is in ``docs/soak.md``."""

from __future__ import annotations

from pathlib import Path

from tests.soak.credentials import PATHS, SLOTS, play

SAMPLE = ("imap password", "web address token", "portal password", "sftp key passphrase")
WAYS = ("login refused, quoting it (IMAP)", "login page quoting the request", "a connector that leaks and crashes")


def test_no_planted_credential_shows_and_without_redaction_all_do(tmp_path: Path) -> None:
    found = play(tmp_path, tuple(way for way in PATHS if way.name in WAYS), {slot: SLOTS[slot] for slot in SAMPLE})
    assert found.hits == []
    assert found.problems == []
    assert set(found.controls) == set(SAMPLE)
    assert len(found.combinations) >= 7
