"""``taihu keys``: a password goes in by the standard input and never comes out again."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.cli.test_retry import call
from tests.unit.run.conftest import Shop, shop
from typer.testing import CliRunner

from taihu.cli.main import app

__all__ = ["shop"]
VALUE = "correct horse 电池"


def put(root: Path, name: str, value: str) -> str:
    ran = CliRunner().invoke(app, ["keys", "put", name, "-p", str(root)], input=value)
    return ran.output + str(ran.exception or "")


def test_a_password_is_kept_sealed_and_found_by_its_reference(shop: Shop) -> None:
    said = put(shop.root, "erp", f"{VALUE}\n")
    assert "keyring:erp" in said and VALUE not in said
    with shop.open() as ws:
        assert ws.secret("keyring:erp").reveal() == VALUE
        assert [(entry.action, entry.subject) for entry in ws.ledger.audit_trail()] == [("secret.put", "erp")]
    assert call(shop.root, "keys", "list", "--json")["secrets"] == ["erp"]
    assert "keyring:erp" in call(shop.root, "keys", "list")
    kept = b"".join(path.read_bytes() for path in shop.root.rglob("*") if path.is_file())
    assert VALUE.encode() not in kept and b"erp" in kept


@pytest.mark.parametrize(("name", "value", "says"), [("erp", "\n", "empty password"), ("a b", "x\n", "cannot be the name")])
def test_what_is_no_password_is_refused(shop: Shop, name: str, value: str, says: str) -> None:
    assert says in put(shop.root, name, value)
    assert call(shop.root, "keys", "list", "--json")["secrets"] == []


def test_a_missing_one_is_said_with_the_command_that_keeps_it(shop: Shop) -> None:
    from taihu.core.errors import ManifestError

    with shop.open() as ws, pytest.raises(ManifestError) as told:
        ws.secret("keyring:erp")
    assert told.value.fix == "taihu keys put erp"
