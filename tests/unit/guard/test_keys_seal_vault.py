"""Keyring, small seals and the vault."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from taihu.core.errors import AccessRefused, IntegrityError, ManifestError, NotFound
from taihu.guard.keys import Keyring
from taihu.guard.seal import Sealer
from taihu.guard.secrets import Secret
from taihu.guard.vault import Vault

PHONE = "13812345678"


def test_named_keys_differ_and_are_the_same_after_reopening(keyring: Keyring) -> None:
    again = Keyring.open(f"file:{keyring.folder}")
    names = ["objects", "ledger", "vault", "audit", "tokens:contact", "tokens:person"]
    assert len({keyring.key(name) for name in names}) == len(names)
    assert [again.key(name) for name in names] == [keyring.key(name) for name in names]


def test_derived_key_vector() -> None:
    """The derivation is part of the format: HKDF-SHA256, written out again with the standard library alone."""
    import hashlib
    import hmac

    root = bytes(range(32))
    extracted = hmac.new(bytes(32), root, hashlib.sha256).digest()
    expected = hmac.new(extracted, b"taihu-key-1|objects|32" + b"\x01", hashlib.sha256).digest()
    assert Keyring(Path("x"), {1: root}, {"secrets": {}}, None).key("objects") == expected


def test_keyring_files_are_private_and_never_inside_the_lake(tmp_path: Path) -> None:
    keyring = Keyring.create(tmp_path / "lake" / "keys")
    if os.name == "posix":
        assert (keyring.folder / "keyring.json").stat().st_mode & 0o777 == 0o600
        assert keyring.folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(ManifestError, match="inside the lake"):
        Keyring.open(keyring.folder, outside=tmp_path / "lake")
    (keyring.folder / "keyring.json").chmod(0o644)
    with pytest.raises(ManifestError, match="read by others"):
        Keyring.open(keyring.folder)


def test_missing_keyring_is_not_quietly_replaced(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no keyring"):
        Keyring.open(tmp_path / "keys")
    assert Keyring.open(tmp_path / "keys", create=True).generation == 1


def test_passphrase_protects_the_roots(tmp_path: Path) -> None:
    made = Keyring.create(tmp_path / "keys", passphrase=Secret("correct horse"))
    assert Keyring.open(made.folder, passphrase=Secret("correct horse")).key("ledger") == made.key("ledger")
    with pytest.raises(AccessRefused):
        Keyring.open(made.folder, passphrase=Secret("wrong horse"))
    with pytest.raises(AccessRefused):
        Keyring.open(made.folder)
    made.rotate()
    assert Keyring.open(made.folder, passphrase=Secret("correct horse")).generation == 2


def test_damaged_keyring_says_so(keyring: Keyring) -> None:
    (keyring.folder / "keyring.json").write_text("{", encoding="utf-8")
    with pytest.raises(IntegrityError):
        Keyring.open(keyring.folder)


def test_rotation_keeps_old_seals_and_tokens(keyring: Keyring, tmp_path: Path) -> None:
    sealer = Sealer(keyring)
    old, same = sealer.seal("分销商A.xlsx", "arrival:1"), sealer.seal_same("key", "item")
    token = Vault(tmp_path / "v1.sqlite", keyring).token("contact", PHONE)
    keyring.rotate()
    reopened = Keyring.open(keyring.folder)
    assert reopened.generation == 2
    fresh = Sealer(reopened)
    assert fresh.open(old, "arrival:1") == "分销商A.xlsx"
    assert fresh.seal_same("key", "item") == same and fresh.open_same(same, "item") == "key"
    assert fresh.fingerprint("a", "b") == sealer.fingerprint("a", "b")
    assert Vault(tmp_path / "v2.sqlite", reopened).token("contact", PHONE) == token
    assert int.from_bytes(fresh.seal("x")[1:3], "big") == 2


def test_secrets_in_the_keyring(keyring: Keyring) -> None:
    keyring.secret_put("erp", Secret("s3cret-value"))
    assert Keyring.open(keyring.folder).secret("erp") == "s3cret-value"
    assert "s3cret" not in (keyring.folder / "keyring.json").read_text(encoding="utf-8")
    with pytest.raises(ManifestError):
        keyring.secret("other")


def test_seal_hides_binds_and_differs(keyring: Keyring) -> None:
    sealer = Sealer(keyring)
    one, two = sealer.seal("华东.xlsx", "arrival.name:1"), sealer.seal("华东.xlsx", "arrival.name:1")
    assert one != two and "华东".encode() not in one
    with pytest.raises(IntegrityError):
        sealer.open(one, "arrival.name:2")
    with pytest.raises(IntegrityError):
        sealer.open(one[:-1] + bytes([one[-1] ^ 1]), "arrival.name:1")
    with pytest.raises(IntegrityError):
        sealer.open(b"", "arrival.name:1")
    with pytest.raises(IntegrityError):
        Sealer(keyring, "vault").open(one, "arrival.name:1")


def test_tokens_join_inside_a_domain_only(keyring: Keyring, tmp_path: Path) -> None:
    with Vault(tmp_path / "vault.sqlite", keyring) as vault:
        assert vault.token("contact", PHONE) == vault.token("contact", " １３８12345678 ")
        assert vault.token("contact", PHONE) != vault.token("person", PHONE)
        assert vault.token("contact", "Li@A.example") == vault.token("contact", "li@a.example")
        assert vault.clear(vault.token("contact", PHONE)) == PHONE
        with pytest.raises(NotFound):
            vault.clear("tk_nothing")


def test_a_vault_belongs_to_its_keyring(keyring: Keyring, tmp_path: Path) -> None:
    Vault(tmp_path / "vault.sqlite", keyring).close()
    Vault(tmp_path / "vault.sqlite", keyring).close()
    with pytest.raises(IntegrityError, match="another keyring"):
        Vault(tmp_path / "vault.sqlite", Keyring.create(tmp_path / "other"))


def test_vault_file_holds_no_clear_value_and_survives_reopening(keyring: Keyring, tmp_path: Path) -> None:
    path = tmp_path / "vault.sqlite"
    with Vault(path, keyring) as vault:
        tokens = vault.tokens("contact", [f"138{n:08d}" for n in range(300)])
        stored = b"".join(file.read_bytes() for file in tmp_path.glob("vault.sqlite*"))
    assert b"13800000" not in stored
    with Vault(path, keyring) as vault:
        assert vault.count() == 300
        assert vault.clear_many(tokens.values())[tokens["13800000007"]] == "13800000007"


def test_erasure_is_for_good(keyring: Keyring, tmp_path: Path) -> None:
    path = tmp_path / "vault.sqlite"
    vault = Vault(path, keyring)
    tokens = vault.tokens("contact", [PHONE, "13900000000"])
    sealed = sqlite3.connect(path).execute("SELECT sealed FROM clear_value WHERE token = ?", (tokens[PHONE],)).fetchone()[0]
    assert vault.erase([tokens[PHONE], tokens[PHONE], "tk_absent"]) == 1
    assert not any(sealed in file.read_bytes() for file in tmp_path.glob("vault.sqlite*"))
    assert vault.tokens("contact", [PHONE]) == {PHONE: tokens[PHONE]}
    with pytest.raises(NotFound):
        vault.clear(tokens[PHONE])
    assert vault.count() == 1
    vault.close()


def test_a_kill_at_the_vaults_commit_leaves_all_or_nothing(keyring: Keyring, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from taihu.guard.keys import Keyring; from taihu.guard.vault import Vault;"
        "Vault(Path(sys.argv[1]), Keyring.open(sys.argv[2])).tokens('contact', [str(n) for n in range(50)])"
    )
    for place, expected in [("vault.before_commit:1", 0), ("vault.committed:1", 50)]:
        path = tmp_path / f"{expected}.sqlite"
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TAIHU_KILL_AT": place}
        assert subprocess.run([sys.executable, "-c", script, str(path), str(keyring.folder)], env=env, check=False).returncode == -9
        with Vault(path, keyring) as vault:
            assert vault.count() == expected


def test_keyring_document_names_no_root_in_clear_under_a_passphrase(tmp_path: Path) -> None:
    made = Keyring.create(tmp_path / "keys", passphrase=Secret("correct horse"), root=bytes(range(32)))
    document = json.loads((made.folder / "keyring.json").read_text(encoding="utf-8"))
    assert "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" not in json.dumps(document)
