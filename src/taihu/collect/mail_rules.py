"""Which mails belong to a source, and what of a mail is landed: attachments, the body as an object of its own, linked files."""

from __future__ import annotations

import mimetypes
import urllib.parse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field

from taihu.core.ids import derived_id
from taihu.formats.mail_body import holds_table, links_of
from taihu.formats.mail_headers import Mail, MailPart
from taihu.manifest.strict import Frozen
from taihu.manifest.words import OneOrMany

_ANY = ("*",)
_EXTENSIONS = {"text/html": ".html", "text/plain": ".txt", "message/rfc822": ".eml", "application/octet-stream": ".bin"}


class MailRule(Frozen):
    """Which mails and attachments belong to the source; shell patterns, of several one must fit."""

    sender: OneOrMany = Field(default=_ANY, alias="from", description="Sender address", examples=["*@*.example"])
    recipient: OneOrMany = Field(default=_ANY, alias="to", description="An address it was sent to (To, Cc)", examples=["bi+pos@*"])
    subject: OneOrMany = Field(default=_ANY, description="Subject", examples=["*销售流向*"])
    attachment: OneOrMany = Field(default=_ANY, description="File name of the attachment", examples=[["*.xls*", "*.zip"]])


class LinkRule(Frozen):
    """Links in the body that are downloaded, from these hosts alone."""

    hosts: tuple[str, ...] = Field(description="Hosts that may be contacted, also by redirects", examples=[["files.partner.example"]])
    pattern: OneOrMany = Field(default=_ANY, description="Pattern of the address, without its query", examples=["*.xlsx"])


class MailOptions(Frozen):
    """What every way to mails is asked for."""

    where: MailRule = Field(default_factory=MailRule, description="Mail rule", examples=[{"subject": "*销售流向*"}])
    body: Literal["none", "tables", "always"] = Field(
        default="none",
        description="Whether the body is landed as an object of its own: never, an HTML table in it, always",
        examples=["tables"],
    )
    links: LinkRule | None = Field(default=None, description="Links in the body to follow", examples=[{"hosts": ["files.partner.example"]}])
    inline_images: bool = Field(default=False, description="Also pictures that the body shows", examples=[False])

    @property
    def mark(self) -> str:
        """Short mark of the rule: what a mail gave under another rule says nothing."""
        return derived_id("mail rule", self.model_dump(include={"where", "body", "links", "inline_images"}, mode="json"), length=8)

    def wants(self, sender: str, recipients: Iterable[str], subject: str) -> bool:
        """Whether a mail belongs to the source, by its envelope."""
        rule = self.where
        return (
            like(sender, rule.sender)
            and like(subject, rule.subject)
            and (rule.recipient == _ANY or any(like(each, rule.recipient) for each in recipients))
        )

    def wants_part(self, part: MailPart) -> bool:
        """Whether an attachment is to be landed, by its name and kind."""
        if not part.is_attachment or (part.is_inline_image and not self.inline_images):
            return False
        return like(name_of(part), self.where.attachment)

    def looks_into(self, part: MailPart) -> bool:
        """Whether a part's text is needed: a body, where bodies or their links are asked for."""
        return not part.is_attachment and (self.body != "none" or self.links is not None)


@dataclass(frozen=True, slots=True)
class Piece:
    """Something of a mail to be landed: a part's bytes, or (``url``) a link in a part."""

    index: int
    name: str
    content: bytes = b""
    url: str = ""
    is_body: bool = False


def pieces_of(mail: Mail, options: MailOptions) -> Iterator[Piece]:
    """What of a mail the source asks for, in the order of the mail."""
    for part in mail.parts:
        yield from pieces_of_part(part, mail.subject, options)


def pieces_of_part(part: MailPart, subject: str, options: MailOptions) -> Iterator[Piece]:
    """What of one part the source asks for."""
    if options.wants_part(part):
        yield Piece(part.index, name_of(part), part.content)
    if not options.looks_into(part):
        return
    if part.content and (options.body == "always" or (options.body == "tables" and _is_html(part) and holds_table(part.text))):
        yield Piece(part.index, (subject or "body") + _extension(part), part.content, is_body=True)
    if options.links is not None:
        for url in links_of(part.text, is_html=_is_html(part)):
            if _is_followed(url, options.links):
                yield Piece(part.index, _file_name(url), url=url)


def name_of(part: MailPart) -> str:
    """The attachment's name; one without a name is called by its place."""
    return part.name or f"part-{part.index}{_extension(part)}"


def like(text: str, patterns: Sequence[str]) -> bool:
    """Whether a text fits one of the shell patterns, whatever the case."""
    return any(pattern == "*" or fnmatchcase(text.casefold(), pattern.casefold()) for pattern in patterns)


def _is_html(part: MailPart) -> bool:
    return part.content_type == "text/html"


def _extension(part: MailPart) -> str:
    return _EXTENSIONS.get(part.content_type) or mimetypes.guess_extension(part.content_type) or ".bin"


def _is_followed(url: str, rule: LinkRule) -> bool:
    try:
        host = (urllib.parse.urlsplit(url).hostname or "").lower()
    except ValueError:
        return False
    return host in {each.lower() for each in rule.hosts} and like(url.split("?")[0].split("#")[0], rule.pattern)


def _file_name(url: str) -> str:
    return urllib.parse.unquote(urllib.parse.urlsplit(url).path).rstrip("/").rpartition("/")[2] or "link"
