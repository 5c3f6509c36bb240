"""Stored formats never change quietly: what an earlier version sealed must open for as long as the keyring lives.

All vectors were made under the root 00 01 02 ... 1f.
"""

from __future__ import annotations

from pathlib import Path

from taihu.guard.envelope import Envelope, decrypted
from taihu.guard.keys import Keyring
from taihu.guard.seal import Sealer
from taihu.guard.vault import Vault

TINK_STREAM = (
    "28f7008caf986473b9e1b39b2ecae453ff6346cf197b71e639f5d666bf29c9dc32424fd3997714fc546ccdb67a6bf430188a68637ef4c291844e6e41373802e56c"
    "dc99e0ada1056a2c4edf95fc"
)
OBJECT = (
    "54414948554f424a01004000000001759b3f0891bc5aafbe0c6ed20e6d4c432a0b9069bc5355525c909c55d3c5676da5b8bd59468ced066c96698c7a945f0552b5"
    "d293139a9b3a53d419db2837ac253449f7546af60aa5678524aae6f56fd97325a280701340b9261ed1daa2890db6ce03bd447bf1ff3bd50100e54f0fc677839d66"
    "f43fcf4b838a72"
)

OBJECT_2 = (
    "54414948554f424a02004000000001a48effc9fbaf10450e85f7b380101c317018fad9198b522ddc02e62fd47ccd6db81c6d1a0fe5d59a46cd069802463e6b0359"
    "1e42625436912f7cfa982854f111494ef8858cc851dfc9901a232cf633e4dec20fa992e47dc571d7cfb18cf31209209a3d4900a0784db650f0ab14b7b1db0ec35c"
    "b357830a58f8d1"
)


def test_a_stream_that_tink_made() -> None:
    """Made with Tink 1.16.1, key 00 01 02 ... 1f, associated data ``sha``."""
    assert b"".join(decrypted([bytes.fromhex(TINK_STREAM)], bytes(range(32)), b"sha")).decode() == "太湖 sealed by Tink"


def test_an_object_of_the_first_version(keyring: Keyring) -> None:
    assert Envelope(keyring).open(bytes.fromhex(OBJECT), "sha").decode() == "太湖"


def test_an_object(keyring: Keyring) -> None:
    assert Envelope(keyring).open(bytes.fromhex(OBJECT_2), "sha").decode() == "太湖"


def test_seals_and_fingerprints(keyring: Keyring) -> None:
    sealer = Sealer(keyring)
    sealed = "01000137495c7aa28e8de0d133a5d8ce9f82c575770e3bd140b9c73f4e94aa931afc8763fd"
    assert sealer.open(bytes.fromhex(sealed), "x") == "太湖"
    assert sealer.seal_same("华东一号", "party").hex() == "02cfba8cfa08b8b780560b981c83196bee219cde8e3aa1a0b472703b16"
    assert sealer.fingerprint("item", "k1") == "8ada5839b8148a84f249b3124c7c2e06"


def test_tokens(keyring: Keyring, tmp_path: Path) -> None:
    with Vault(tmp_path / "vault.sqlite", keyring) as vault:
        assert vault.token("contact", "13812345678") == "tk_24zsly3uj3fzzcvkxsjjiqot"
