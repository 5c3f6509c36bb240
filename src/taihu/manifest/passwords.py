"""Where a password comes from that is sent after the file, in a mail of its own."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from taihu.manifest.strict import Frozen
from taihu.manifest.words import Duration, OneOrMany

USUAL_SENTENCE = r"(?i:密码|口令|password|passcode)\s*(?:为|是|is)?\s*[:：=]?\s*(?P<password>[^\s，。；、！（）“”]+)"


def _with_password(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groupindex
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    if "password" not in groups:
        raise ValueError("the pattern says where the password stands: (?P<password>...)")
    return pattern


class PasswordFrom(Frozen):
    """Mails that bring passwords: where they come to, how they are known, how the password is found in them."""

    account: str | None = Field(default=None, description="Mail account of taihu.yml; that of collect: if absent", examples=["bi_mailbox"])
    folder: OneOrMany | None = Field(default=None, description="Mail folder or folders; as in collect: if absent", examples=["INBOX"])
    sender: OneOrMany = Field(default=("*",), alias="from", description="Sender address", examples=["*@partner.example"])
    subject: OneOrMany = Field(default=("*密码*", "*password*"), description="Subject", examples=["*密码*"])
    pattern: Annotated[str, AfterValidator(_with_password)] = Field(
        default=USUAL_SENTENCE,
        description="Regular expression that finds it in subject or body, in the group `password`",
        examples=["密码[:：]\\s*(?P<password>\\S+)"],
    )
    within: Duration = Field(default="2 days", description="How far its mail may be from the file's, before or after", examples=["2 days"])
