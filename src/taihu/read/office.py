"""Encrypted Office files: xlsx, xlsb and others in an OLE package (agile and standard encryption), old workbooks under RC4."""

from __future__ import annotations

import io
import re

from taihu.core.errors import ContentRefused
from taihu.formats.compound import open_compound
from taihu.read.expanding import Opening

# Excel opens workbooks that are only protected against changes with this password of its own.
_EVERYBODYS = "VelvetSweatshop"
_ROUNDS = re.compile(rb'spinCount="(\d+)"')
_MOST_ROUNDS = 1_000_000


def decrypt_office(content: bytes, opening: Opening) -> bytes:
    """An encrypted Office file in clear.

    Raises:
        ContentRefused: ``wrong_password`` when none fits, ``too_large`` when trying one would take too long, ``damaged_file``.
    """
    import msoffcrypto
    import msoffcrypto.exceptions as failures

    _require_few_rounds(content)
    _keep_off_the_disk()
    for password in (*opening.candidates(), _EVERYBODYS):
        try:
            file = msoffcrypto.OfficeFile(io.BytesIO(content))
            file.load_key(password=password)
            out = io.BytesIO()
            file.decrypt(out)
        except (failures.InvalidKeyError, failures.DecryptionError):
            continue
        except Exception as error:
            # msoffcrypto raises whatever its parser meets on a cut-off file.
            raise ContentRefused("damaged_file", f"the encrypted file cannot be opened ({type(error).__name__})") from None
        opening.fitted = password if password != _EVERYBODYS else opening.fitted
        opening.budget.spend(out.tell())
        return out.getvalue()
    raise ContentRefused("wrong_password")


def _keep_off_the_disk() -> None:
    """msoffcrypto puts old workbooks together in a temporary file, in clear; here that file is in memory."""
    from msoffcrypto.format import doc97, ppt97, xls97

    for module in (doc97, ppt97, xls97):
        module.tempfile = _InMemory


class _InMemory:
    """What takes the place of the module ``tempfile``."""

    TemporaryFile = io.BytesIO


def _require_few_rounds(content: bytes) -> None:
    """Refuse a file that asks for more rounds of hashing than any Office does (100,000), before a password costs hours."""
    try:
        with open_compound(content) as package:
            info = package.openstream("EncryptionInfo").read(1 << 16) if package.exists("EncryptionInfo") else b""
    except (ValueError, OSError):
        return
    if any(len(rounds) > 9 or int(rounds) > _MOST_ROUNDS for rounds in _ROUNDS.findall(info)):
        raise ContentRefused("too_large", "its password asks for more rounds of hashing than any Office")
