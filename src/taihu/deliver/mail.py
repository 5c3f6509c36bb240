"""The report as a mail: a body that says everything with pictures off, and the message that carries it.

The body is one self-contained page whose pictures are inside it as data addresses, so the archived bytes open in any browser.
Mail programs refuse such addresses; :func:`message` therefore moves the pictures into parts of their own, named by content.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.generator import BytesGenerator
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache
from importlib import resources
from typing import Any

from taihu.core.figures import ReportFigures
from taihu.core.types import Lang
from taihu.deliver.elements import Page
from taihu.deliver.page import page_of
from taihu.render.fonts import spelled_out
from taihu.render.theme import MAIL_FONTS, named_colours
from taihu.render.typeset import packaged, typeset

_TREND_WIDTH, _CHART_WIDTH = 130, 430
_PIXELS = 207  # an inch: charts are drawn at 430 points and shown at 618, so that their letters stay readable
_LINE_END = re.compile(r"\r\n|\r|\n")
_EMBEDDED = re.compile(r'src="data:image/png;base64,([A-Za-z0-9+/=]+)"')
_KINDS = {
    ".xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ".pptx": ("application", "vnd.openxmlformats-officedocument.presentationml.presentation"),
    ".pdf": ("application", "pdf"),
    ".csv": ("text", "csv"),
}


@dataclass(frozen=True, slots=True)
class MailBody:
    """Subject, self-contained HTML and the plain text for those who read no HTML."""

    subject: str
    html: str
    text: str


def render(figures: ReportFigures, lang: Lang) -> MailBody:
    """The mail's body; the same figures give the same bytes."""
    page = page_of(figures, lang)
    subject = subject_of(figures, page)
    pictures = _pictures(page, f"{figures.report} {figures.span} {lang} mail")
    html = _template().render(p=page, c=named_colours(), fonts=MAIL_FONTS, subject=subject, picture=lambda kind, name: pictures[kind, name])
    return MailBody(subject, html, _plain(page))


def subject_of(figures: ReportFigures, page: Page) -> str:
    """Title, period, whose data and what is wrong with it, then the finding."""
    audience = f" {figures.audience.in_(page.lang)}" if figures.audience else ""
    marks = "".join(f"[{chip.text}]" for chip in page.chips if chip.tone == "warn")
    version = f" {page.version}" if figures.version > 1 else ""
    return f"{marks}{page.title}{audience} {figures.span}{version} {page.finding}"


@lru_cache(maxsize=1)
def _template() -> Any:
    import jinja2

    source = resources.files("taihu.deliver").joinpath("jinja", "mail.html.j2").read_text(encoding="utf-8")
    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(source)


def _pictures(page: Page, where: str) -> dict[tuple[str, str], str]:
    """Data addresses of all pictures, drawn in one go."""
    tiles = {tile.figure: tile.trend for section in page.sections for row in section.tiles for tile in row if tile.trend}
    charts = {chart.title: chart.drawing for section in page.sections for chart in section.charts}
    if not tiles and not charts:
        return {}
    data = {"trends": list(tiles.values()), "charts": list(charts.values()), "trend_width": _TREND_WIDTH, "chart_width": _CHART_WIDTH}
    drawn = typeset({"main.typ": packaged("taihu.deliver", "pictures.typ")}, data=spelled_out(data), format="png", ppi=_PIXELS, where=where)
    names = [*(("trend", figure) for figure in tiles), *(("chart", title) for title in charts)]
    return {name: "data:image/png;base64," + base64.b64encode(png).decode() for name, png in zip(names, drawn, strict=True)}


def _plain(page: Page) -> str:
    """The same in plain text."""
    lines = [f"{page.title}  {page.period}", " / ".join(chip.text for chip in page.chips), "", page.finding, ""]
    if page.banner:
        lines += [" ".join(part for part in (page.banner.headline, page.banner.detail) if part)]
        lines += [*([page.banner.estimate] if page.banner.estimate else []), ""]
    for section in page.sections:
        if section.title:
            lines.append(" ".join(part for part in (f"== {section.title}", section.as_of) if part))
        lines += [f"  {text}" for text in section.paragraphs]
        for tile in (tile for row in section.tiles for tile in row):
            moves = "  ".join(f"{delta.label} {delta.arrow}{delta.text}" for delta in tile.deltas)
            target = f"  {tile.target.label} ({tile.target.text})" if tile.target else ""
            lines.append(f"  {tile.label}: {tile.value} {tile.unit.strip()}{' E' if tile.estimated else ''}{target}  {moves}".rstrip())
        for row in section.rows:
            cells = [
                cell.text + (" E" if cell.estimated else "") + (f" ({cell.note})" if cell.note else "") for cell in row.cells if cell.text
            ]
            lines.append("  " + " | ".join(cells))
        if section.listing:
            lines.append(f"  {section.listing.title}")
            lines += [f"    {' '.join(part for part in (item.text, item.note) if part)}" for item in section.listing.items]
        if section.kind != "charts":
            lines.append("")
    return "\n".join([*lines, page.legend, f"{page.publication} | {page.version} | {page.issued}", ""])


def message(
    body: MailBody,
    *,
    sender: str,
    recipients: Sequence[str],
    message_id: str,
    date: dt.datetime,
    attachments: Mapping[str, bytes] | None = None,
) -> bytes:
    """The finished message, ready for SMTP; the same arguments give the same bytes.

    Args:
        body: What :func:`render` made.
        sender: Address in ``From``.
        recipients: Addresses in ``To``.
        message_id: With its angle brackets; made from content, so that a second copy can be found.
        date: The publication's instant.
        attachments: Files by name.
    """
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = body.subject
    mail["From"] = _address(sender)
    mail["To"] = tuple(_address(one) for one in recipients)
    mail["Date"] = date
    mail["Message-ID"] = message_id
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(body.text, cte="base64")
    html, pictures = detached(body.html)
    mail.add_alternative(html, subtype="html", cte="base64")
    part = mail.get_payload(1)
    assert isinstance(part, EmailMessage)
    for name, png in pictures.items():
        part.add_related(png, "image", "png", cid=f"<{name}>", filename=f"{name.partition('@')[0]}.png", disposition="inline")
    for name, content in (attachments or {}).items():
        main, sub = next((kind for suffix, kind in _KINDS.items() if name.endswith(suffix)), ("application", "octet-stream"))
        mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
    _settle_boundaries(mail, hashlib.sha256(message_id.encode()).hexdigest()[:24])
    written = io.BytesIO()
    _Generator(written, mangle_from_=False, policy=SMTP).flatten(mail)
    return written.getvalue()


class _Generator(BytesGenerator):
    """Writes what ``as_bytes`` writes, at once: the library's own walks over every line of base64."""

    def _write_lines(self, lines: str) -> None:
        self.write(_LINE_END.sub(SMTP.linesep, lines))  # type: ignore[attr-defined]


def detached(html: str) -> tuple[str, dict[str, bytes]]:
    """The page with its pictures taken out, and the pictures by content id."""
    pictures: dict[str, bytes] = {}

    def out(found: re.Match[str]) -> str:
        png = base64.b64decode(found.group(1))
        name = f"{hashlib.sha256(png).hexdigest()[:20]}@taihu"
        pictures[name] = png
        return f'src="cid:{name}"'

    return _EMBEDDED.sub(out, html), pictures


def _address(text: str) -> Address:
    user, _, domain = text.strip().rpartition("@")
    return Address(username=user, domain=domain)


def _settle_boundaries(mail: EmailMessage, seed: str) -> None:
    """Give every multipart a boundary made from the message id; the library's own are random."""
    for number, part in enumerate(mail.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{seed}_{number}")
