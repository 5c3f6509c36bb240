"""Every form in which a secret may stand in a message of somebody else's library."""

from __future__ import annotations

import base64
import re
import urllib.parse

import pytest

from taihu.guard.redact import redact_text
from taihu.guard.secrets import Secret

VALUE = Secret("Ab/c+9-ünï=xyz", "env:FORMS").reveal()
FORMS = {
    "plain": VALUE,
    "in an address": urllib.parse.quote(VALUE),
    "wholly escaped": urllib.parse.quote(VALUE, safe=""),
    "as a form sends it": urllib.parse.quote_plus(VALUE),
    "escaped in small letters": re.sub("%..", lambda match: match[0].lower(), urllib.parse.quote(VALUE)),
    "in hexadecimal": VALUE.encode().hex(),
    "in large hexadecimal": VALUE.encode().hex().upper(),
    "in base64": base64.b64encode(VALUE.encode()).decode(),
    "behind a user in base64": base64.b64encode(f"bi:{VALUE}".encode()).decode(),
    "behind a longer user in base64": base64.b64encode(f"bi1:{VALUE}".encode()).decode(),
    "in base64 of addresses": base64.urlsafe_b64encode(f"x{VALUE}".encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_taken_out_in_every_form(form: str) -> None:
    text = f"the library said {FORMS[form]} and went on"
    shown = redact_text(text)
    assert "[secret]" in shown
    assert max((len(part) for part in _common(shown, FORMS[form])), default=0) <= 6, "only what belongs to the neighbours may be left"


def _common(shown: str, form: str) -> list[str]:
    """Pieces of the form that are still there."""
    return [form[start:end] for start in range(len(form)) for end in range(start + 1, len(form) + 1) if form[start:end] in shown]
