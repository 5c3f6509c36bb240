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
from taihu.core.errors import ContentRefused, TerminalError, TransientError

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
        self.place = answer.url.split("?")[0]
        self.html = answer.text
        self._tree: Any = LexborHTMLParser(self.html)
        self._filled: list[tuple[Any, str]] = []
        self._checked: dict[int, bool] = {}

    def has(self, selector: str) -> bool:
        """Whether something fits the selector (``css=...``, plain CSS, or ``text=...``)."""
        return self._find(selector) is not None

    def fill(self, selector: str, value: str, *, secret: bool = False) -> None:
        """Fill a field and read it back: what a field would cut off or refuse is an error now, not an empty report later."""
        node = self._needed(selector)
        if node.tag == "select":
            return self.select(selector, value)
        if node.tag not in ("input", "textarea") or not node.attributes.get("name"):
            raise TerminalError(f"{selector!r} is not a field that can be filled", where=self.place)
        found = _read_back(node, value)
        if found != value:
            raise altered(selector, value, found, secret=secret, where=self.place)
        self._filled.append((node, value))

    def select(self, selector: str, value: str) -> None:
        """Choose an option by its value or its text."""
        node = self._needed(selector)
        options = {_text(option): option.attributes.get("value") or _text(option) for option in node.css("option")}
        chosen = value if value in options.values() else options.get(value)
        if node.tag != "select" or chosen is None:
            raise altered(selector, value, "", where=self.place)
        self._filled.append((node, chosen))

    def check(self, selector: str, wanted: bool) -> None:
        """Set a box or a radio button."""
        node = self._needed(selector)
        if node.tag != "input" or (node.attributes.get("type") or "").lower() not in ("checkbox", "radio"):
            raise TerminalError(f"{selector!r} is not a box that can be checked", where=self.place)
        if wanted and node.attributes.get("type") == "radio":
            form, name = _ancestor(node, "form"), node.attributes.get("name")
            others = (form.css("input[type=radio]") if form else []) if name else []
            self._checked.update({each.mem_id: False for each in others if each.attributes.get("name") == name})
        self._checked[node.mem_id] = wanted

    def click(self, selector: str) -> Submission:
        """What happens on a click: a link is followed, a button sends its form."""
        node = self._needed(selector)
        href = node.attributes.get("href")
        if node.tag == "a" and href:
            return Submission("get", urllib.parse.urljoin(self.url, href), ())
        form = _ancestor(node, "form")
        if form is None:
            raise TerminalError(
                f"{selector!r} is neither a link nor part of a form (does the page need scripts?)",
                where=self.place,
                fix="if it does, write engine: browser in portal.yml",
            )
        fields = tuple(self._fields(form, node))
        return Submission(
            (form.attributes.get("method") or "get").lower(), urllib.parse.urljoin(self.url, form.attributes.get("action") or ""), fields
        )

    def links(self, selector: str) -> list[Link]:
        """All links that fit a selector, in the order of the page."""
        found = []
        for node in self._all(selector):
            href = node.attributes.get("href")
            if href and not href.startswith(("#", "javascript:", "mailto:")):
                row = _ancestor(node, "tr") or _ancestor(node, "li") or node
                found.append(Link(urllib.parse.urljoin(self.url, href), _text(node), _text(row)))
        return found

    def tables(self, selector: str) -> list[str]:
        """The HTML of every table that fits a selector, or of the first table inside what fits."""
        found = (node if node.tag == "table" else node.css_first("table") for node in self._all(selector))
        return [str(node.html) for node in found if node is not None]

    def outline(self) -> list[str]:
        """The page's structure without its data: headings, forms with their fields, headers of tables, links."""
        lines: list[str] = []
        for node in self._tree.css("title, h1, h2, h3, form, input, select, textarea, button, table, a[href], iframe"):
            line = _outlined(node)
            if line and (not line.startswith("link") or line not in lines):
                lines.append(line)
        return lines

    def _find(self, selector: str) -> Any:
        if not selector.startswith("text="):
            return next(iter(self._all(selector)), None)
        wanted = selector.removeprefix("text=").strip()
        candidates = self._tree.css("button, a, input[type=submit], input[type=button], label")
        shown = [(node, node.attributes.get("value") or "" if node.tag == "input" else _text(node)) for node in candidates]
        exact = [node for node, text in shown if text == wanted]
        return (exact or [node for node, text in shown if wanted in text] or [None])[0]

    def _all(self, selector: str) -> list[Any]:
        if selector.startswith("text="):
            found = self._find(selector)
            return [found] if found is not None else []
        from selectolax.lexbor import SelectolaxError

        try:
            return list(self._tree.css(_css(selector)))
        except SelectolaxError:
            raise not_a_selector(self.place) from None

    def _needed(self, selector: str) -> Any:
        node = self._find(selector)
        if node is None:
            raise nothing_fits(selector, self.place)
        return node

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
            if kind in ("checkbox", "radio") and not self._checked.get(node.mem_id, "checked" in node.attributes):
                continue
            yield name, filled.get(node.mem_id, _value(node, kind))


def altered(selector: str, asked: str, found: str, *, secret: bool = False, where: str = "") -> ContentRefused:
    """The error of a field that shows another value than the one that was filled in; a secret's value is never named."""
    values = "" if secret else f": asked {asked!r}, found {found!r}"
    return ContentRefused("field_altered", f"the field {selector!r} does not keep the value that was filled in{values}", where=where)


def nothing_fits(selector: str, where: str) -> ContentRefused:
    """The error of a page on which a step finds nothing to work on."""
    return ContentRefused("page_changed", f"nothing on the page fits {selector!r}", where=where)


def not_a_selector(where: str) -> TerminalError:
    """The error of a recipe that asks a page for something that is no selector."""
    return TerminalError("a step has a selector that is none", where=where, fix="write CSS, or text= and what the button shows")


def not_in_time(selector: str, where: str) -> TransientError:
    """The error of a page that does not show in time what is waited for."""
    return TransientError(f"{selector!r} did not appear on the page in time", where=where, fix="wait longer with within:")


def table_as_csv(tables: list[str]) -> bytes:
    """The cells of HTML tables as CSV in UTF-8 with a mark, so that every spreadsheet opens it rightly."""
    import csv
    import io

    from selectolax.lexbor import LexborHTMLParser

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for html in tables:
        for row in LexborHTMLParser(html).css("tr"):
            writer.writerow([_text(cell) for cell in row.css("th, td")])
    return out.getvalue().encode("utf-8-sig")


def _read_back(node: Any, value: str) -> str:
    """What the field would show: as far as its attributes tell without running the page's scripts."""
    longest = node.attributes.get("maxlength") or ""
    kept = value[: int(longest)] if longest.isdecimal() else value
    kind = (node.attributes.get("type") or "").lower()
    if kind == "date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", kept):
        return ""
    if kind == "number" and not re.fullmatch(r"[-+]?\d+(\.\d+)?", kept):
        return ""
    return kept


def _outlined(node: Any) -> str:
    """One line of an outline; digits are left out, as they are data."""
    tag, attributes = node.tag, node.attributes
    name = f" {attributes.get('name') or ''}" + (f" #{attributes['id']}" if attributes.get("id") else "")
    if tag == "form":
        line = f"form{name} {attributes.get('method') or 'get'} {urllib.parse.urlsplit(attributes.get('action') or '').path}"
    elif tag == "input":
        line = f"  field {attributes.get('type') or 'text'}{name}"
    elif tag == "select":
        line = f"  choice{name}: {' | '.join(_text(option) for option in node.css('option')[:20])}"
    elif tag == "table":
        line = f"table{name}: {' | '.join(_text(cell) for cell in node.css('th')[:40])}"
    elif tag == "a":
        data = _ancestor(node, "td") is not None
        line = f"link in table .{attributes.get('class') or ''}" if data else f"link {_text(node)[:60]}"
    elif tag in ("textarea", "iframe"):
        line = f"  {tag}{name}"
    else:
        line = f"{'  button' if tag == 'button' else 'title' if tag == 'title' else 'heading'} {_text(node)[:80]}"
    return re.sub(r"\d+", "#", line.rstrip())


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


def structure_of(snapshot: str) -> list[str]:
    """A browser's accessibility snapshot without its data: values of fields, digits, and all rows of a table but the first."""
    lines: list[str] = []
    skipped, row_at = -1, -1
    for line in snapshot.splitlines():
        depth = len(line) - len(line.lstrip())
        if skipped >= 0 and depth > skipped:
            continue
        skipped = -1
        if re.match(r"\s*- row\b", line):
            if row_at == depth:
                skipped = depth
                continue
            row_at, line = depth, f"{' ' * depth}- row"
        elif depth <= row_at:
            row_at = -1
        line = re.sub(r"^(\s*- (?:cell|gridcell))\b.*", r"\1", line)
        line = re.sub(r"^(\s*- (?:textbox|searchbox|spinbutton|combobox)\b(?: \"[^\"]*\")?)[^\[\n]*?:.*", r"\1", line)
        lines.append(re.sub(r"\d+", "#", line))
    return lines
