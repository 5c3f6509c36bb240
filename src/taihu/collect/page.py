"""A page as a person uses it: find a thing by selector or by its text, fill fields, submit the form, read links."""

from __future__ import annotations

import datetime as dt
import re
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from taihu.collect.web_session import Answer
from taihu.core.clock import SHANGHAI
from taihu.core.errors import ContentRefused, TerminalError

_INSTANT = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?(Z|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True, slots=True)
class Link:
    """A link with the row of the table or list that it stands in, which usually tells the version (time, size)."""

    url: str
    text: str
    row: str

    @property
    def name(self) -> str:
        """The file name that the link shows, or else the last part of its address."""
        if re.search(r"\.\w{2,5}$", self.text):
            return self.text
        return urllib.parse.unquote(urllib.parse.urlsplit(self.url).path.rstrip("/").rsplit("/", 1)[-1])

    @property
    def published_at(self) -> dt.datetime | None:
        """The first instant in the row; without a zone it is Shanghai's."""
        found = _INSTANT.search(self.row)
        if not found:
            return None
        try:
            instant = dt.datetime.fromisoformat(
                f"{found[1]}-{found[2]}-{found[3]}T{found[4]}:{found[5]}:{found[6] or '00'}{found[7] or ''}"
            )
        except ValueError:
            return None
        return (instant if instant.tzinfo else instant.replace(tzinfo=SHANGHAI)).astimezone(dt.UTC)


@dataclass(frozen=True, slots=True)
class Submission:
    """A form ready to be sent."""

    method: str
    url: str
    fields: tuple[tuple[str, str], ...]


class Page:
    """A parsed answer and what was filled in on it."""

    def __init__(self, answer: Answer) -> None:
        from selectolax.lexbor import LexborHTMLParser

        self.url = answer.url
        self._tree: Any = LexborHTMLParser(answer.text)
        self._filled: list[tuple[Any, str]] = []

    def has(self, selector: str) -> bool:
        """Whether something fits the selector (``css=...``, plain CSS, or ``text=...``)."""
        return self._find(selector) is not None

    def fill(self, selector: str, value: str) -> None:
        """Fill a field and read it back: what a field would cut off or refuse is an error now, not an empty report later."""
        node = self._needed(selector)
        if node.tag not in ("input", "select", "textarea") or not node.attributes.get("name"):
            raise TerminalError(f"{selector!r} is not a field that can be filled", where=self.url)
        if self._read_back(node, value) != value:
            raise ContentRefused("wrong_kind", f"the field {selector!r} does not keep the value that was filled in", where=self.url)
        self._filled.append((node, value))

    def click(self, selector: str) -> Submission:
        """What happens on a click: a link is followed, a button sends its form."""
        node = self._needed(selector)
        href = node.attributes.get("href")
        if node.tag == "a" and href:
            return Submission("get", urllib.parse.urljoin(self.url, href), ())
        form = _ancestor(node, "form")
        if form is None:
            raise TerminalError(f"{selector!r} is neither a link nor part of a form (does the page need scripts?)", where=self.url)
        fields = tuple(self._fields(form, node))
        return Submission(
            (form.attributes.get("method") or "get").lower(), urllib.parse.urljoin(self.url, form.attributes.get("action") or ""), fields
        )

    def links(self, selector: str) -> list[Link]:
        """All links that fit a selector, in the order of the page."""
        found = []
        for node in self._tree.css(_css(selector)):
            href = node.attributes.get("href")
            if href and not href.startswith(("#", "javascript:", "mailto:")):
                row = _ancestor(node, "tr") or _ancestor(node, "li") or node
                found.append(Link(urllib.parse.urljoin(self.url, href), _text(node), _text(row)))
        return found

    def _find(self, selector: str) -> Any:
        if not selector.startswith("text="):
            return self._tree.css_first(_css(selector))
        wanted = selector.removeprefix("text=").strip()
        candidates = self._tree.css("button, a, input[type=submit], input[type=button], label")
        shown = [(node, node.attributes.get("value") or "" if node.tag == "input" else _text(node)) for node in candidates]
        exact = [node for node, text in shown if text == wanted]
        return (exact or [node for node, text in shown if wanted in text] or [None])[0]

    def _needed(self, selector: str) -> Any:
        node = self._find(selector)
        if node is None:
            raise TerminalError(f"nothing on the page fits {selector!r}", where=self.url, fix="the page has changed: correct portal.yml")
        return node

    def _read_back(self, node: Any, value: str) -> str:
        if node.tag == "select":
            options = {option.attributes.get("value") or _text(option): True for option in node.css("option")}
            return value if value in options else ""
        longest = node.attributes.get("maxlength") or ""
        kept = value[: int(longest)] if longest.isdecimal() else value
        if node.attributes.get("type") == "date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", kept):
            return ""
        return kept

    def _fields(self, form: Any, button: Any) -> Iterator[tuple[str, str]]:
        """Names and values that a browser would send, in the order of the page."""
        filled = {node.mem_id: value for node, value in self._filled}
        for node in form.css("input, select, textarea, button"):
            name, kind = node.attributes.get("name"), (node.attributes.get("type") or "").lower()
            if not name or "disabled" in node.attributes:
                continue
            is_button = node.tag == "button" or kind in ("submit", "button", "image", "reset")
            if is_button and node.mem_id != button.mem_id:
                continue
            if kind in ("checkbox", "radio") and "checked" not in node.attributes and node.mem_id not in filled:
                continue
            yield name, filled.get(node.mem_id, _value(node, kind))


def _value(node: Any, kind: str) -> str:
    if node.tag == "textarea":
        return str(node.text())
    if node.tag == "select":
        options = node.css("option")
        chosen = [option for option in options if "selected" in option.attributes] or options[:1]
        return (chosen[0].attributes.get("value") or _text(chosen[0])) if chosen else ""
    return node.attributes.get("value") or ("on" if kind in ("checkbox", "radio") else "")


def _css(selector: str) -> str:
    return selector.removeprefix("css=").strip()


def _text(node: Any) -> str:
    return " ".join(str(node.text(separator=" ")).split())


def _ancestor(node: Any, tag: str) -> Any:
    parent = node.parent
    while parent is not None and parent.tag != tag:
        parent = parent.parent
    return parent
