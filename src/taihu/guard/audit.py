"""Proves that the audit chain is whole.

The chain alone shows a changed or missing entry in its middle. It cannot show that its tail was cut off or that all of it was written
anew; a signed checkpoint kept elsewhere (mailed to the privacy officer, a folder on another machine) does. The chain is checked
without keys; a checkpoint needs the public key only.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from taihu.core.clock import Clock, instant_text
from taihu.core.errors import IntegrityError
from taihu.core.ids import canonical_json
from taihu.guard.keys import Keyring

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from taihu.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How long the chain was and how it ended at one instant, signed (Ed25519, hexadecimal)."""

    sequence: int
    digest: str
    at: str
    key: str
    signature: str

    def to_json(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Checkpoint:
        try:
            return cls(**json.loads(text))
        except (ValueError, TypeError):
            raise IntegrityError("this is not a checkpoint of an audit chain") from None

    def signed_bytes(self) -> bytes:
        return canonical_json(["taihu-audit-1", self.sequence, self.digest, self.at]).encode()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the chain, and where: the entry's number."""

    sequence: int
    what: str


class AuditChain:
    """Verifies and signs a ledger's audit chain.

    Args:
        ledger: Where the chain lies.
        keyring: Its ``audit`` key signs.
        clock: Dates the checkpoints.
    """

    def __init__(self, ledger: Ledger, keyring: Keyring, clock: Clock) -> None:
        self._ledger = ledger
        self._keyring = keyring
        self._clock = clock

    @property
    def public_key(self) -> str:
        """The key that checkpoints are verified with; it belongs in a place that the ledger's machine cannot write."""
        return self._private().public_key().public_bytes_raw().hex()

    def checkpoint(self) -> Checkpoint:
        """Sign how the chain stands now.

        Raises:
            IntegrityError: The chain is broken already; a signature would hide it.
        """
        problems = self.problems()
        if problems:
            raise IntegrityError(f"the audit chain is broken: {problems[0].what}", where=f"entry {problems[0].sequence}")
        sequence, digest = self._ledger.audit_head()
        at: dt.datetime = self._clock.now()
        unsigned = Checkpoint(sequence, digest, instant_text(at), self.public_key, "")
        signature = self._private().sign(unsigned.signed_bytes()).hex()
        return Checkpoint(sequence, digest, unsigned.at, unsigned.key, signature)

    def problems(self, checkpoints: Sequence[Checkpoint] = (), *, public_key: str | None = None) -> list[Problem]:
        """What is wrong with the chain; nothing if it is whole and goes on from every checkpoint.

        Args:
            checkpoints: Checkpoints kept elsewhere.
            public_key: The key they must be signed with; the keyring's own if absent.
        """
        found, digests, last = [], {0: "0" * 64}, 0
        for sequence, previous, stored, computed in self._ledger.audit_links():
            if sequence != last + 1:
                found.append(Problem(sequence, f"entries {last + 1} to {sequence - 1} are missing"))
            elif previous != digests[last]:
                found.append(Problem(sequence, "it does not follow from the entry before it"))
            if stored != computed:
                found.append(Problem(sequence, "its content was changed"))
            digests[sequence], last = stored, sequence
        for checkpoint in checkpoints:
            found.extend(self._against(checkpoint, digests, public_key or self.public_key))
        return found

    def _against(self, checkpoint: Checkpoint, digests: dict[int, str], public_key: str) -> list[Problem]:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(
                bytes.fromhex(checkpoint.signature), checkpoint.signed_bytes()
            )
        except (InvalidSignature, ValueError):
            return [Problem(checkpoint.sequence, f"the checkpoint of {checkpoint.at} has a wrong signature")]
        if checkpoint.sequence not in digests:
            return [Problem(checkpoint.sequence, f"the chain is shorter than at the checkpoint of {checkpoint.at}")]
        if digests[checkpoint.sequence] != checkpoint.digest:
            return [Problem(checkpoint.sequence, f"the chain was written anew since the checkpoint of {checkpoint.at}")]
        return []

    def _private(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._keyring.key("audit", generation=1))
