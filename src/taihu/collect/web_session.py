"""HTTP with cookies, an allow-list of hosts, a limit on size and errors of ours.

Built on the standard library: loading httpx costs six times more processor time than a whole poll of a portal and a web page.
"""

from __future__ import annotations

import email.message
import email.utils
import http.client
import http.cookiejar
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from taihu.collect.hosts import require_host
from taihu.collect.interface import MOST_BYTES
from taihu.core.errors import AccessRefused, ContentRefused, NotFound, TaihuError, TerminalError, TransientError

TIMEOUT = 60
_PIECE = 1 << 20
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_HEADERS = {"User-Agent": "taihu", "Accept": "*/*", "Accept-Encoding": "identity", "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: where it came from after redirects, its status, headers and bytes."""

    url: str
    status: int
    headers: email.message.Message
    content: bytes

    @property
    def text(self) -> str:
        """The page as text, in the charset of its header or else as the bytes suggest."""
        from taihu.formats.text import decode

        return decode(self.content, self.headers.get_content_charset()).text


class WebSession:
    """A browser without a window.

    Args:
        hosts: Hosts that may be contacted, also by redirects; others are refused before anything is sent.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        self._hosts: set[str] = set()
        self.allow(hosts)
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            _Redirects(self._check),
            urllib.request.HTTPCookieProcessor(self.cookies),
            _Https(),
        )

    def allow(self, hosts: Iterable[str]) -> None:
        """Add hosts that may be contacted."""
        self._hosts.update(host.lower() for host in hosts)

    def close(self) -> None:
        """Nothing is kept open between requests."""

    def get(self, url: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Fetch an address; 304 is an answer like any other.

        Raises:
            TransientError: Network, 429, 5xx.
            AccessRefused: 401, 403, or a host that is not on the list.
            NotFound: 404, 410.
        """
        if query:
            url += ("&" if urllib.parse.urlsplit(url).query else "?") + urllib.parse.urlencode(query)
        return self._send(urllib.request.Request(_quoted(url), headers={**_HEADERS, **(headers or {})}))

    def post(self, url: str, form: Iterable[tuple[str, str]]) -> Answer:
        """Send a form."""
        headers = {**_HEADERS, "Content-Type": "application/x-www-form-urlencoded"}
        return self._send(urllib.request.Request(_quoted(url), urllib.parse.urlencode(list(form)).encode(), headers))

    def ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """Send a request of another kind (PROPFIND)."""
        return self._send(urllib.request.Request(_quoted(url), body, {**_HEADERS, **headers}, method=method))

    def pieces(self, url: str, headers: Mapping[str, str]) -> Iterator[tuple[email.message.Message, bytes]]:
        """A file piece by piece, each with the headers of the answer; an answer that ends early simply ends."""
        request = urllib.request.Request(_quoted(url), headers={**_HEADERS, **headers})
        with self._answered(request) as response:
            while chunk := response.read(_PIECE):
                yield response.headers, chunk

    def cookies_saved(self) -> bytes:
        """The cookies, to be kept sealed, in the form in which browsers store a session: either engine can go on with it."""
        fields = ("name", "value", "path")
        known = [
            {field: getattr(cookie, field) for field in fields}
            | {
                "domain": self._browsers_domain(cookie.domain),
                "secure": bool(cookie.secure),
                "expires": -1 if cookie.expires is None else cookie.expires,
            }
            | {"httpOnly": cookie.has_nonstandard_attr("HttpOnly"), "sameSite": "Lax"}
            for cookie in self.cookies
        ]
        return json.dumps({"cookies": known, "origins": []}, sort_keys=True).encode()

    def cookies_restored(self, saved: bytes) -> None:
        """Take cookies back that :meth:`cookies_saved` or a browser gave."""
        for known in json.loads(saved)["cookies"]:
            self.cookies.set_cookie(_cookie(known))

    def _browsers_domain(self, domain: str) -> str:
        """A host without a dot is called ``host.local`` by the standard library, and ``host`` by everybody else."""
        bare = domain.removesuffix(".local")
        return bare if bare in self._hosts and "." not in bare else domain

    def _check(self, url: str) -> None:
        require_host(url, self._hosts)

    def _send(self, request: urllib.request.Request) -> Answer:
        try:
            with self._answered(request) as response:
                return _answer(response, _where(request))
        except urllib.error.HTTPError as error:  # only 304 comes as far as this
            return Answer(request.full_url, error.code, error.headers, b"")

    @contextmanager
    def _answered(self, request: urllib.request.Request) -> Iterator[Any]:
        """The open answer; whatever goes wrong until its end is an error of ours."""
        self._check(request.full_url)
        where = _where(request)
        try:
            with self._opener.open(request, timeout=TIMEOUT) as response:
                yield response
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 304:
                    raise
                raise status_error(error.code, where, error.headers.get("Retry-After")) from None
        except ssl.SSLCertVerificationError:
            raise bad_certificate(where) from None
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                raise bad_certificate(where) from None
            raise TransientError(f"the site cannot be reached ({type(error.reason).__name__})", where=where) from None
        except (OSError, http.client.HTTPException) as error:
            raise TransientError(f"the connection broke ({type(error).__name__})", where=where) from None


def _where(request: urllib.request.Request) -> str:
    """An address without its query, which may say more than a log should."""
    return request.full_url.split("?")[0]


class _Https(urllib.request.HTTPSHandler):
    """HTTPS that reads the system's certificates at the first https address only: that costs 50 ms, and most polls need none."""

    def __init__(self) -> None:
        urllib.request.AbstractHTTPHandler.__init__(self)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(http.client.HTTPSConnection, req, context=_trusted())


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to allowed hosts only."""

    def __init__(self, check: Any) -> None:
        self._check = check

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        self._check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _answer(response: Any, where: str) -> Answer:
    stated = response.headers.get("Content-Length")
    if stated and stated.isdecimal() and int(stated) > MOST_BYTES:
        raise ContentRefused("too_large", where=where)
    content = response.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ContentRefused("too_large", where=where)
    # An end within the head looks like an answer with fewer headers and without content.
    if not content and not stated and not response.headers.get("Transfer-Encoding") and response.status not in (204, 205):
        raise TransientError("the answer broke off within its head", where=where)
    # A read with a limit does not notice that the connection ended before the stated length.
    if stated and stated.isdecimal() and len(content) < int(stated):
        raise TransientError("the download ended early", where=where)
    return Answer(response.geturl(), response.status, response.headers, content)


def status_error(status: int, where: str, retry_after: str | None = None) -> TaihuError:
    """The error of an answer that is none: what may pass, what is refused, what is gone.

    Args:
        retry_after: The answer's ``Retry-After``, in seconds or as a date.
    """
    if status in _PASSING:
        return TransientError(f"the site answered {status}", where=where, retry_after=_seconds(retry_after))
    if status in (401, 403, 407):
        return AccessRefused(f"the site answered {status}", where=where, fix="check the account and its permissions")
    if status in (404, 410):
        return NotFound(f"the site answered {status}", where=where, fix="correct the address")
    return TerminalError(f"the site answered {status}", where=where)


def _seconds(retry_after: str | None) -> float | None:
    """``Retry-After`` as seconds from now; None if it says nothing that can be understood."""
    text = (retry_after or "").strip()
    if text.isdecimal():
        return float(text)
    try:
        until = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    # The wait is between two machines, so the machine's own clock is the right one, whatever instant a run acts as.
    return max(0.0, until.timestamp() - time.time())


def bad_certificate(where: str) -> TerminalError:
    """The error of a site that does not prove who it is."""
    return TerminalError("the site's certificate is not valid", where=where, fix="check the address, or ask its operator")


def _quoted(url: str) -> str:
    """Chinese file names in addresses, percent-encoded; what is encoded already stays."""
    return urllib.parse.quote(url, safe=":/?#[]@!$&'()*+,;=%~")


def _cookie(known: Mapping[str, Any]) -> http.cookiejar.Cookie:
    domain = str(known["domain"])
    if "." not in domain:
        domain += ".local"  # the standard library's name of a host without a dot
    return http.cookiejar.Cookie(
        version=0,
        name=known["name"],
        value=known["value"],
        port=None,
        port_specified=False,
        domain=domain,
        domain_specified=domain.startswith("."),
        domain_initial_dot=domain.startswith("."),
        path=known["path"],
        path_specified=True,
        secure=bool(known["secure"]),
        expires=None if known["expires"] in (None, -1) else int(known["expires"]),
        discard=known["expires"] in (None, -1),
        comment=None,
        comment_url=None,
        rest={"HttpOnly": ""} if known.get("httpOnly") else {},
    )
