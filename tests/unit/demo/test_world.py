from __future__ import annotations

import datetime as dt
import imaplib
import sqlite3
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from taihu.demo.setup import example_folder, write_project
from taihu.demo.world import WorldHandle, start_world
from taihu.project.load import load_tree


@pytest.fixture
def handle(tmp_path: Path) -> WorldHandle:  # type: ignore[misc]
    with start_world(9, tmp_path / "world", True, inbox=tmp_path / "project" / "inbox") as started:
        yield started


def test_two_mornings_through_real_servers(handle: WorldHandle, tmp_path: Path) -> None:
    environment = write_project(tmp_path / "project", handle.accounts)
    assert handle.morning(dt.date(2026, 9, 15)) > 40
    assert handle.morning(dt.date(2026, 9, 15)) == 0
    assert handle.morning(dt.date(2026, 9, 19)) > 100

    mailbox = handle.accounts["mailbox"]
    with imaplib.IMAP4(mailbox["host"], mailbox["port"]) as imap:
        imap.login(mailbox["user"], environment["BI_MAILBOX_PASSWORD"])
        _, (count,) = imap.select("INBOX", readonly=True)
        assert int(count or 0) > 80

    with urllib.request.urlopen(handle.accounts["rates"]["url"] + "/rates.html") as page:
        text = page.read().decode()
    assert "2026-09-18" in text and "2026-09-19" not in text

    with closing(sqlite3.connect(handle.accounts["erp"]["database"])) as erp:
        (latest,) = erp.execute("SELECT max(datetime(delivered_at, '+8 hours')) FROM delivery_line").fetchone()
        (changed,) = erp.execute("SELECT count(*) FROM delivery_line WHERE updated_at IS NOT NULL").fetchone()
    assert latest.startswith("2026-09-18") and changed == 1

    by_hand = ("distributors", "stores", "prices", "targets")
    assert len([path for name in by_hand for path in (tmp_path / "project" / "inbox" / name).iterdir()]) == 5
    stock = tmp_path / "world" / "sftp" / "stock"
    stalled = stock / "stock_D0006_20260917.csv"
    assert stalled.with_name(stalled.name + ".ok").exists()
    assert handle.truth().seed == 9


def test_an_unfinished_upload_has_no_marker(handle: WorldHandle, tmp_path: Path) -> None:
    handle.morning(dt.date(2026, 9, 18))
    stalled = tmp_path / "world" / "sftp" / "stock" / "stock_D0006_20260917.csv"
    assert stalled.exists() and not stalled.with_name(stalled.name + ".ok").exists()


def test_the_project_loads_with_this_machine_s_addresses(handle: WorldHandle, tmp_path: Path) -> None:
    environment = write_project(tmp_path / "project", handle.accounts)
    tree = load_tree(tmp_path / "project")
    assert tree.file.accounts["bi_mailbox"].port == handle.accounts["mailbox"]["port"]
    wanted = {reference for account in tree.file.accounts.values() for reference in (account.password, *account.passwords) if reference}
    assert {reference.removeprefix("env:") for reference in wanted} <= set(environment)


def test_every_source_of_the_example_is_listed_in_its_readme() -> None:
    readme = (example_folder().parent / "README.md").read_text(encoding="utf-8")
    for folder in (example_folder() / "sources").iterdir():
        assert f"`{folder.name}`" in readme
