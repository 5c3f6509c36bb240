"""A supplier portal as retailers in China run it: login form, sessions that end, a paged list of downloads.

An expired session does not answer 401: it sends the visitor to the login page, with status 200 at the end. A wrong password
does the same. That is what makes portals treacherous, so the server is faithful to it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import html
import http.cookies
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from taihu.testing.servers.background import HttpServer, QuietHandler

if TYPE_CHECKING:
    from http.server import HTTPServer

Export = Callable[[dict[str, str]], tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class PortalDownload:
    """One entry of the download list."""

    name: str
    content: bytes
    published_at: dt.datetime | None


class PortalServer(HttpServer):
    """Pages: ``/login`` (form ``#user``, ``#password``, hidden token, button 登录), ``/reports?page=N`` or ``/downloads?page=N``
    (``table.downloads a.download``, ``a.next``), ``/files/NAME``, ``/report/daily/export?...`` if ``export`` is given, ``/stock?page=N``
    (``table#stock``), ``/form`` (``#from``, ``#to``, ``#format``, ``#all``, buttons ``#export`` and, built by a script, ``#build``;
    ``#masked`` rewrites what is filled in, ``#late`` does it when the form is sent), ``/logout``. Logged-in pages carry ``.user-menu``.

    Args:
        user: Login name.
        password: Its password.
        port: 0 lets the system choose.
        page_size: Entries a page.
        session_requests: A session ends after this many requests; None never ends one.
        export: Makes the file of ``/report/daily/export`` and of ``/form`` from the query's values.
        captcha: What a person must type into ``#captcha``; the page shows it as a picture would. None asks for none.
        code: Gives the one-time code that is right now; after the password it is asked for in ``#code``. None asks for none.

    Attributes:
        stock: Rows of ``/stock``.
        slow: So many times ``/form`` says that it is being made before it is there.
        logins: Successful logins so far.
        refused_logins: Refused logins so far.
        requests: Path of every request, oldest first.
    """

    def __init__(
        self,
        user: str = "V20391",
        password: str = "secret",
        *,
        port: int = 0,
        page_size: int = 10,
        session_requests: int | None = None,
        title: str = "供应商门户",
        export: Export | None = None,
        captcha: str | None = None,
        code: Callable[[], str] | None = None,
    ) -> None:
        super().__init__(_PortalHandler, port)
        self.user = user
        self.title = title
        self.page_size = page_size
        self.session_requests = session_requests
        self.export = export
        self.captcha = captcha
        self.code = code
        self.stock: list[tuple[str, ...]] = []
        self.slow = 0
        self.logins = 0
        self.refused_logins = 0
        self.requests: list[str] = []
        self.downloads: list[PortalDownload] = []
        self._password = password
        self._sessions: dict[str, int] = {}

    def deliver(self, name: str, content: bytes, published_at: dt.datetime | None = None) -> None:
        """Put a file on top of the download list; one with the same name is replaced."""
        with self.lock:
            self.downloads = [entry for entry in self.downloads if entry.name != name]
            self.downloads.insert(0, PortalDownload(name, content, published_at))

    def expire_sessions(self) -> None:
        """End every session now."""
        with self.lock:
            self._sessions.clear()

    def login_token(self) -> str:
        """The hidden token that a login form must send back."""
        return hmac.new(self._password.encode(), b"login form", hashlib.sha256).hexdigest()[:24]

    def password_is_right(self, form: dict[str, str]) -> bool:
        """Check what the login form sent."""
        right = form.get("user") == self.user and form.get("password") == self._password and form.get("token") == self.login_token()
        with self.lock:
            if not right or (self.captcha is not None and form.get("captcha") != self.captcha):
                self.refused_logins += 1
                return False
            return True

    def session_opened(self) -> str:
        """A new session; returns its cookie value."""
        with self.lock:
            self.logins += 1
            session = hmac.new(self._password.encode(), f"session {self.logins}".encode(), hashlib.sha256).hexdigest()
            self._sessions[session] = 0
            return session

    def session_ended(self, session: str) -> None:
        """Log out."""
        with self.lock:
            self._sessions.pop(session, None)

    def session_used(self, session: str) -> bool:
        """Count a request of a session; False if it has ended."""
        with self.lock:
            if session not in self._sessions:
                return False
            self._sessions[session] += 1
            if self.session_requests is not None and self._sessions[session] > self.session_requests:
                del self._sessions[session]
                return False
            return True

    def login_page(self, problem: str = "") -> bytes:
        """The login page as it is served, also in place of a file when a session has ended."""
        return _page(
            f"{self.title} 登录",
            f"""<form id="login" action="/login" method="post"><p class="problem">{html.escape(problem)}</p>
<input type="hidden" name="token" value="{self.login_token()}">
<label>账号 <input id="user" name="user"></label> <label>密码 <input id="password" name="password" type="password"></label>
{_CAPTCHA.format(html.escape(self.captcha)) if self.captcha is not None else ""}<button type="submit">登录</button></form>""",
        )

    def code_page(self) -> bytes:
        """The page that asks for a one-time code after the password."""
        body = """<form id="login" action="/code" method="post"><label>动态口令 <input id="code" name="code" maxlength="6"></label>
<button type="submit">确认</button></form>"""
        return _page(f"{self.title} 登录", body)

    def stock_page(self, number: int) -> bytes:
        """One page of the stock table."""
        shown = self.stock[(number - 1) * self.page_size : number * self.page_size]
        rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in shown)
        following = f'<a class="next" href="/stock?page={number + 1}">下一页</a>' if len(self.stock) > number * self.page_size else ""
        table = f'<table id="stock"><tr><th>商品</th><th>数量</th></tr>{rows}</table>{following}'
        return _page(self.title, self._menu() + table)

    def form_page(self) -> bytes:
        """The page with a form and scripts, or the one that says that it is being made."""
        with self.lock:
            waiting, self.slow = self.slow > 0, max(0, self.slow - 1)
        return _page(self.title, self._menu() + ('<p class="busy">生成中，请稍候</p>' if waiting else _FORM))

    def _menu(self) -> str:
        return f'<div class="user-menu">{html.escape(self.user)} <a href="/logout">退出</a></div>\n'

    def list_page(self, number: int) -> bytes:
        """One page of the download list."""
        with self.lock:
            entries = self.downloads[(number - 1) * self.page_size : number * self.page_size]
            more = len(self.downloads) > number * self.page_size
        rows = "\n".join(
            f'<tr><td><a class="download" href="/files/{urllib.parse.quote(e.name)}">{html.escape(e.name)}</a></td>'
            f"<td>{e.published_at.isoformat(timespec='seconds') if e.published_at else ''}</td><td>{len(e.content)}</td></tr>"
            for e in entries
        )
        following = f'<a class="next" href="/downloads?page={number + 1}">下一页</a>' if more else ""
        return _page(
            self.title,
            f"""{self._menu()}<table class="downloads"><tr><th>文件</th><th>发布时间</th><th>大小</th></tr>\n{rows}</table>{following}""",
        )


_CAPTCHA = """<svg class="captcha" width="90" height="30"><text x="8" y="22">{}</text></svg>
<label>验证码 <input id="captcha" name="captcha"></label> """
_FORM = """<form action="/form/export" method="post"><label>开始 <input id="from" name="from"></label>
<label>结束 <input id="to" name="to"></label> <label>备注 <input id="masked" name="masked"></label>
<label>时段 <input id="late" name="late"></label>
<label>格式 <select id="format" name="format"><option value="xlsx">Excel</option><option value="csv">CSV</option></select></label>
<label><input id="all" type="checkbox" name="all"> 全部门店</label>
<button id="export" type="submit">导出</button> <button id="build" type="button">本地生成</button></form>
<script>const masked = document.getElementById('masked');
masked.addEventListener('input', () => { masked.value = masked.value.replace(/-/g, '/'); });
const late = document.getElementById('late');
late.form.addEventListener('submit', () => { late.value = late.value.replace(/-/g, '/'); });
document.getElementById('build').addEventListener('click', () => { const link = document.createElement('a');
const text = '\\ufeff日期\\n' + document.getElementById('from').value + '\\n';
link.href = URL.createObjectURL(new Blob([text], {type: 'text/csv'})); link.download = '本地.csv'; link.click(); });</script>"""


def _page(title: str, body: str) -> bytes:
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title>'
    return f'<!DOCTYPE html><html lang="zh-CN"><head>{head}</head><body>{body}</body></html>'.encode()


class _PortalHandler(QuietHandler):
    @property
    def site(self) -> PortalServer:
        return cast(PortalServer, cast("HTTPServer", self.server).site)  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        address = urllib.parse.urlsplit(self.path)
        path, query = urllib.parse.unquote(address.path), dict(urllib.parse.parse_qsl(address.query))
        self.site.requests.append(path)
        if path == "/login":
            self.answer(200, self.site.login_page())
        elif path == "/logout":
            self.site.session_ended(self._session())
            self._to("/login")
        elif not self.site.session_used(self._session()):
            self._to("/login")
        elif path in ("/", "/downloads", "/reports"):
            self.answer(200, self.site.list_page(int(query.get("page", "1"))))
        elif path == "/stock":
            self.answer(200, self.site.stock_page(int(query.get("page", "1"))))
        elif path == "/form":
            self.answer(200, self.site.form_page())
        elif path.startswith("/files/"):
            self._file(path.removeprefix("/files/"))
        elif path == "/report/daily/export" and self.site.export is not None:
            self._send(*self.site.export(query))
        else:
            self.answer(404, _page(self.site.title, "<p>404</p>"))

    def do_POST(self) -> None:
        self.site.requests.append(self.path)
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()))
        if self.path == "/form/export":
            if self.site.export is None or not self.site.session_used(self._session()):
                self._to("/login")
            else:
                self._send(*self.site.export(form))
        elif self.path == "/code":
            self._after_password(right=self.site.code is not None and form.get("code") == self.site.code())
        elif not self.site.password_is_right(form):
            self.answer(200, self.site.login_page("账号、密码或验证码错误"))
        elif self.site.code is not None:
            self.answer(200, self.site.code_page())
        else:
            self._after_password(right=True)

    def _after_password(self, *, right: bool) -> None:
        if right:
            self._to("/downloads", Set_Cookie=f"session={self.site.session_opened()}; Path=/; HttpOnly")
        else:
            self.answer(200, self.site.login_page("动态口令错误"))

    def _session(self) -> str:
        cookie = http.cookies.SimpleCookie(self.headers.get("Cookie", "")).get("session")
        return cookie.value if cookie else ""

    def _to(self, path: str, **headers: str) -> None:
        self.answer(302, b"", Location=path, **headers)

    def _file(self, name: str) -> None:
        with self.site.lock:
            entry = next((entry for entry in self.site.downloads if entry.name == name), None)
        if entry is None:
            self.answer(404, _page(self.site.title, "<p>404</p>"))
        else:
            self._send(entry.name, entry.content)

    def _send(self, name: str, content: bytes) -> None:
        disposition = f"attachment; filename*=UTF-8''{urllib.parse.quote(name)}"
        self.answer(200, content, "application/octet-stream", Content_Disposition=disposition)
