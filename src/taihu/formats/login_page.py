"""Portals answer an expired session with status 200 and their login page; it must never pass as a report."""

from __future__ import annotations

import re

from taihu.formats.text import decode

_PASSWORD_FIELD = re.compile(r"""<input\b[^>]*\btype\s*=\s*["']?password\b""", re.IGNORECASE)
_REDIRECT = re.compile(
    r"""(?:location(?:\.href)?\s*=|location\.replace\(|http-equiv\s*=\s*["']?refresh)[^>\n]{0,200}(?:login|signin|passport|sso|cas/)""",
    re.IGNORECASE,
)
_WORDS = re.compile(
    r"请(?:先|重新)?登[录陆]|(?:登[录陆]|会话)已?(?:超时|过期|失效)|"
    r"session (?:has )?(?:expired|timed out)|please (?:log|sign) ?in",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"<(?:!doctype|html|head|body|form|script|meta|div|title)\b", re.IGNORECASE)
_JSON_REFUSAL = re.compile(
    r"""^\s*\{.{0,400}(?:未登录|请登录|登录超时|not.?logged.?in|unauthorized|session.?expired)""", re.IGNORECASE | re.DOTALL
)


def is_login_page(content: bytes) -> bool:
    """Whether these bytes are a login page (or a page or answer that only says that one must log in)."""
    if not content or (b"\x00" in content[:512] and not content.startswith((b"\xff\xfe", b"\xfe\xff"))):
        return False
    head = content[:4096].replace(b"\x00", b"")
    if b"<" not in head and not head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"{"):
        return False
    text = decode(content[: 256 * 1024]).text
    if _JSON_REFUSAL.match(text[:1000]):
        return True
    if not _MARKUP.search(text[:4000]):
        return False
    rows = text.lower().count("<tr")
    # Some public pages carry a login box beside their tables; a login page has few rows, if any.
    if (_PASSWORD_FIELD.search(text) and rows < 8) or _REDIRECT.search(text):
        return True
    return bool(_WORDS.search(text)) and rows < 3
