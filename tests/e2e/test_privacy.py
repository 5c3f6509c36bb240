"""No planted phone number or name lies outside the sealed objects and the vault; without tokens the same scan finds them all."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pyarrow as pa
import pytest

from taihu.guard.vault import Vault, canonical
from taihu.project.workspace import Workspace
from taihu.run.execution import run
from tests.e2e.conftest import Company
from tests.e2e.scan import scan

pytestmark = pytest.mark.slow
LEAVE_OUT = ("inbox/",)  # where the company itself keeps its hand-kept tables


class ClearVault(Vault):
    """Tokens switched off: the value itself."""

    def token(self, domain: str, value: str) -> str:
        return canonical(value)


def planted(company: Company) -> set[str]:
    truth = company.truth
    return {*truth.phones, *truth.names, *truth.numbers, *truth.unread_names, *truth.mail_addresses}


def personal_values(ws: Workspace) -> set[str]:
    """What stands in the personal columns of the clean tables: tokens, or clear values where tokens are off."""
    found: set[str] = set()
    for source in ws.tree.sources.values():
        if ws.tables.exists(source.table):
            personal = [name for name, column in source.file.columns.items() if column.personal or column.type == "phone"]
            for name in personal:
                found.update(value for value in ws.tables.read(source.table)[name].to_pylist() if value)
    return found


def test_nothing_personal_outside_sealed_objects_and_vault(company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    values = planted(company)
    started = time.monotonic()
    hits = scan(company.project, values, leave_out=LEAVE_OUT)
    files = sum(path.is_file() for path in company.project.rglob("*"))
    with capsys.disabled():
        print(f"\nbyte scan: {len(values)} planted values, {files} files, {len(hits)} hits, {time.monotonic() - started:.1f} s")
    assert len(values) > 500 and files > 500
    assert hits == []
    with company.open() as ws:
        tokens = personal_values(ws)
        assert len(tokens) > 500
        assert all(value.startswith("tk_") for value in tokens)


def test_with_tokens_switched_off_the_same_scan_finds_every_value_that_was_read(
    company: Company, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "open"
    ignored = shutil.ignore_patterns("lake", "vault", "out", "inbox")
    shutil.copytree(company.project, project, ignore=ignored)
    (project / "inbox").symlink_to(company.project / "inbox", target_is_directory=True)
    with company.open(project) as ws:
        ws.vault.close()
        ws.vault = ClearVault(project / "vault" / "vault.sqlite", ws.keyring)
        run(ws, reports=False)
        read = personal_values(ws) & planted(company)
    with company.open() as ws:
        behind_tokens = set(ws.vault.clear_many(personal_values(ws)).values()) & planted(company)
    hits = scan(project, planted(company), leave_out=LEAVE_OUT)
    found = {hit.value for hit in hits}
    with capsys.disabled():
        truth = company.truth
        phones, names, mails = (len(found & set(kind)) for kind in (truth.phones, truth.names, truth.mail_addresses))
        print(f"\ntokens off: {phones} phone numbers, {names} names, {mails} addresses found in {len({hit.path for hit in hits})} files")
    assert found == read | behind_tokens
    assert len(found & set(company.truth.phones)) > 200
    assert len(found & set(company.truth.names)) > 50
    assert found & set(company.truth.mail_addresses) == set(company.truth.mail_addresses)
    assert not found & set(company.truth.unread_names), "a column that no contract lists is not read"
    assert {hit.path.parts[:2] for hit in hits} == {("lake", "tables")}
    assert any(hit.part.startswith("column") for hit in hits) and any(hit.part.startswith("statistics") for hit in hits)


def test_held_and_quarantined_rows_quote_nothing(company: Company) -> None:
    """The ledger names code, place and column; details of holds quote no personal value."""
    with company.open() as ws:
        texts = [hold.detail for hold in ws.ledger.holds(open_only=False)]
        texts += [note.detail for note in ws.ledger.notes()]
        texts += [outcome.detail for outcome in ws.ledger.outcomes()]
    assert texts
    said = "\n".join(texts)
    assert [value for value in planted(company) if value in said] == []


def test_the_truth_cannot_be_opened_by_the_run(company: Company) -> None:
    sealed = next((company.project.parent / "world" / "truth").iterdir())
    content = sealed.read_bytes()
    with pytest.raises((UnicodeDecodeError, json.JSONDecodeError)):
        json.loads(content)
    assert scan(sealed.parent, planted(company)) == []
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    with company.open() as ws:
        keys = [ws.keyring.key(name) for name in ("objects", "ledger", "vault", "audit", "truth")]
    for key in [*keys, bytes(32)]:
        with pytest.raises(InvalidTag):
            AESGCM(key[:32]).decrypt(content[:12], content[12:], b"truth")
    names = [path.name for path in sealed.parent.parent.rglob("*") if path.is_file()]
    assert not [name for name in names if "key" in name and name != "sftp_host_key"], "no key of the truth lies beside it"


def test_tokens_join_one_person_over_files(company: Company) -> None:
    """One person, one token, whichever file and row it comes from; the vault gives the value back."""
    with company.open() as ws:
        lines: pa.Table = ws.tables.read("clean.sell_out_huadong")
        tokens = [token for token in lines["customer_phone"].to_pylist() if token]
        clear = ws.vault.clear_many(set(tokens))
    assert len(set(clear.values())) == len(set(tokens)) < len(tokens) / 5
    assert set(clear.values()) <= set(company.truth.phones)
