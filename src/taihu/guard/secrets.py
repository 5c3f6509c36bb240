"""Secrets are named in the project and fetched when they are used, so no file, log or error ever holds one.

A reference is ``env:NAME``, ``file:PATH`` (readable by its owner only) or ``keyring:NAME`` (kept sealed beside the keys).
"""

from __future__ import annotations

import hmac
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from taihu.core.errors import ManifestError

if TYPE_CHECKING:
    from taihu.guard.keys import Keyring

_revealed: set[str] = set()


class Secret:
    """A secret value that does not print, format, pickle or compare by accident.

    Args:
        value: The secret itself.
        reference: Where it comes from; this is what is printed instead.
    """

    __slots__ = ("_value", "reference")

    def __init__(self, value: str, reference: str = "") -> None:
        self._value = value
        self.reference = reference
        if len(value) >= 4:
            _revealed.add(value)

    def reveal(self) -> str:
        """The value, to be handed to a server or a cipher and nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self.reference or '...'})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self.reference)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied")


def known_values() -> frozenset[str]:
    """The values handed out in this process, for :mod:`taihu.guard.redact` to look for."""
    return frozenset(_revealed)


def resolve(reference: str, *, base: Path | None = None, keyring: Keyring | None = None) -> Secret:
    """Fetch the secret that a reference names.

    Args:
        reference: ``env:NAME``, ``file:PATH`` or ``keyring:NAME``.
        base: Folder that a relative ``file:`` path starts at; the working folder if absent.
        keyring: Keyring that holds ``keyring:`` secrets.

    Raises:
        ManifestError: If the reference is malformed or names nothing; the message never holds a value.
    """
    kind, _, name = reference.partition(":")
    if kind == "env" and name:
        return _from_environment(name, reference)
    if kind == "file" and name:
        return _from_file((base or Path()) / Path(name).expanduser(), reference)
    if kind == "keyring" and name:
        if keyring is None:
            raise ManifestError(f"the secret {reference} needs a keyring", fix="set keys: in taihu.yml")
        return Secret(keyring.secret(name), reference)
    # The text itself is not repeated: somebody may have pasted the password here.
    raise ManifestError("a secret is given by reference, never by value", fix="write env:NAME, file:PATH or keyring:NAME")


def _from_environment(name: str, reference: str) -> Secret:
    value = os.environ.get(name)
    if value is None:
        raise ManifestError(
            f"the environment variable {name} is not set", fix=f"export {name}=... before running, or name another reference"
        )
    return Secret(value, reference)


def _from_file(path: Path, reference: str) -> Secret:
    try:
        mode = path.stat().st_mode
        value = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ManifestError(f"the secret file {path} cannot be read ({error.strerror})", fix="create it with mode 0600") from None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise ManifestError(f"the secret file {path} can be read by others", fix=f"chmod 600 {path}")
    return Secret(value.rstrip("\r\n"), reference)
