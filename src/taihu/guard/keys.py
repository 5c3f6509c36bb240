"""The keyring: one root secret, and from it a separate key for every purpose.

It lies in a folder of its own, never inside the lake, so a copy of the lake alone opens nothing. Every named key
(``objects``, ``ledger``, ``vault``, ``audit``, ``tokens:contact`` ...) is derived from the root by HKDF: a new domain needs no
write, and a crash cannot lose a key that was already used. A rotation adds a root *generation*; what was sealed under an older one stays
readable. Token keys stay with the first generation, because a token must not change while tables hold it.
"""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any, Final

from taihu.core.boundary import reached
from taihu.core.errors import AccessRefused, IntegrityError, ManifestError, NotFound
from taihu.guard.secrets import Secret

_FILE: Final = "keyring.json"
_ARGON2: Final = {"time_cost": 3, "memory_cost": 65536, "parallelism": 2}


class Keyring:
    """Named keys derived from the roots of one keyring folder; use :meth:`open`.

    Attributes:
        folder: Where the keyring lies.
        generation: The root generation that new data is sealed under.
    """

    def __init__(self, folder: Path, roots: dict[int, bytes], document: dict[str, Any], wrapping: bytes | None) -> None:
        self.folder = folder
        self.generation = max(roots)
        self._roots = roots
        self._document = document
        self._wrapping = wrapping
        self._derived: dict[tuple[str, int, int], bytes] = {}

    def __repr__(self) -> str:
        return f"Keyring({self.folder}, generation={self.generation})"

    @classmethod
    def open(cls, reference: str | Path, *, passphrase: Secret | None = None, create: bool = False, outside: Path | None = None) -> Keyring:
        """Open the keyring that ``keys:`` of ``taihu.yml`` names.

        Args:
            reference: ``file:FOLDER`` or the folder itself.
            passphrase: Opens a keyring that is protected by one (argon2id); without, the key file's mode 0600 protects it.
            create: Make a new keyring if there is none.
            outside: The lake; a keyring inside it is refused.

        Raises:
            AccessRefused: The passphrase is wrong or missing.
            ManifestError: The keyring is missing, lies inside the lake, or can be read by others.
        """
        folder = Path(str(reference).removeprefix("file:")).expanduser()
        if outside is not None and folder.resolve().is_relative_to(outside.resolve()):
            raise ManifestError(
                f"the keyring {folder} lies inside the lake", fix="keep keys: outside lake:, a copy of the lake must not carry its keys"
            )
        if not (folder / _FILE).exists():
            if not create:
                raise ManifestError(f"there is no keyring in {folder}", fix="run taihu init, or restore the keyring from its backup")
            return cls.create(folder, passphrase=passphrase)
        return cls._load(folder, passphrase)

    @classmethod
    def create(cls, folder: Path, *, passphrase: Secret | None = None, root: bytes | None = None) -> Keyring:
        """Make a keyring.

        Args:
            folder: A new or empty folder; it gets mode 0700.
            passphrase: Protects the roots by argon2id.
            root: A given root of 32 bytes instead of a random one, for simulated companies and tests only.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        document: dict[str, Any] = {"format": "taihu-keyring-1", "roots": {}, "secrets": {}}
        wrapping = None
        if passphrase is not None:
            document["argon2id"] = {**_ARGON2, "salt": _text(os.urandom(16))}
            wrapping = _stretched(passphrase, document["argon2id"])
        ring = cls(folder, {1: root or os.urandom(32)}, document, wrapping)
        ring._store()
        return ring

    @classmethod
    def _load(cls, folder: Path, passphrase: Secret | None) -> Keyring:
        path = folder / _FILE
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ManifestError(f"the keyring {path} can be read by others", fix=f"chmod 600 {path}")
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            stored = {int(generation): base64.b64decode(text) for generation, text in document["roots"].items()}
        except (ValueError, KeyError, AttributeError):
            raise IntegrityError("the keyring file is damaged", where=str(path), fix="restore it from its backup") from None
        wrapping = None
        if "argon2id" in document:
            if passphrase is None:
                raise AccessRefused("the keyring is protected by a passphrase", where=str(path), fix="set TAIHU_KEYS_PASSPHRASE")
            wrapping = _stretched(passphrase, document["argon2id"])
            stored = {generation: _unwrapped(wrapping, sealed, f"root {generation}", path) for generation, sealed in stored.items()}
        return cls(folder, stored, document, wrapping)

    def key(self, name: str, *, generation: int | None = None, length: int = 32) -> bytes:
        """The key of a purpose; derived, never stored.

        Raises:
            NotFound: The keyring has no such generation (an older backup of it, or another project's).
        """
        chosen = 1 if name.startswith("tokens:") else generation or self.generation
        known = self._derived.get((name, chosen, length))
        if known is not None:
            return known
        if chosen not in self._roots:
            raise NotFound(
                f"the keyring has no generation {chosen}", where=str(self.folder), fix="restore the newest backup of the keyring"
            )
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        derived = HKDF(hashes.SHA256(), length, salt=None, info=f"taihu-key-1|{name}|{length}".encode()).derive(self._roots[chosen])
        self._derived[name, chosen, length] = derived
        return derived

    def wrap(self, name: str, data_key: bytes, context: bytes) -> bytes:
        """Seal a data key under a named key: generation (4 bytes), nonce (12), ciphertext."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        head = self.generation.to_bytes(4, "big")
        nonce = os.urandom(12)
        return head + nonce + AESGCM(self.key(name)).encrypt(nonce, data_key, head + context)

    def unwrap(self, name: str, wrapped: bytes, context: bytes) -> bytes:
        """Open what :meth:`wrap` sealed; an :class:`IntegrityError` if it was changed or belongs to something else."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        head, nonce, sealed = wrapped[:4], wrapped[4:16], wrapped[16:]
        key = self.key(name, generation=int.from_bytes(head, "big") or None)
        try:
            return AESGCM(key).decrypt(nonce, sealed, head + context)
        except (InvalidTag, ValueError):
            raise IntegrityError(
                "a wrapped key does not open", where=name, fix="the object was changed, or the keyring is another project's"
            ) from None

    def rotate(self) -> int:
        """Add a root generation for everything sealed from now on; returns its number."""
        self._roots[self.generation + 1] = os.urandom(32)
        self.generation += 1
        self._store()
        return self.generation

    def secret(self, name: str) -> str:
        """A secret kept in the keyring under a name."""
        sealed = self._document["secrets"].get(name)
        if sealed is None:
            raise ManifestError(f"the keyring holds no secret named {name}", where=str(self.folder), fix=f"taihu keys put {name}")
        return self.unwrap("secrets", base64.b64decode(sealed), name.encode()).decode()

    @property
    def secret_names(self) -> list[str]:
        """Names of the secrets that are kept."""
        return sorted(self._document["secrets"])

    def secret_put(self, name: str, value: Secret) -> None:
        """Keep a secret in the keyring."""
        self._document["secrets"][name] = _text(self.wrap("secrets", value.reveal().encode(), name.encode()))
        self._store()

    def _store(self) -> None:
        """Write the keyring so that a crash leaves the old one or the new one, never half of it."""
        roots = {}
        for generation, root in sorted(self._roots.items()):
            roots[str(generation)] = _text(root if self._wrapping is None else _wrapped(self._wrapping, root, f"root {generation}"))
        self._document["roots"] = roots
        content = json.dumps(self._document, indent=1, sort_keys=True).encode()
        path = self.folder / _FILE
        part = path.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        reached("keyring.before_rename")
        part.replace(path)
        _sync_folder(self.folder)
        reached("keyring.renamed")


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _stretched(passphrase: Secret, settings: dict[str, Any]) -> bytes:
    from argon2.low_level import Type, hash_secret_raw

    return hash_secret_raw(
        passphrase.reveal().encode(),
        base64.b64decode(settings["salt"]),
        time_cost=settings["time_cost"],
        memory_cost=settings["memory_cost"],
        parallelism=settings["parallelism"],
        hash_len=32,
        type=Type.ID,
    )


def _wrapped(key: bytes, content: bytes, context: str) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, content, context.encode())


def _unwrapped(key: bytes, sealed: bytes, context: str, path: Path) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], context.encode())
    except InvalidTag:
        raise AccessRefused("the passphrase does not open the keyring", where=str(path), fix="check TAIHU_KEYS_PASSPHRASE") from None
