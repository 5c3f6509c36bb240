"""A stand-in for the part of Microsoft Graph that mail needs, after its public documentation: token, folders, delta rounds, MIME.

It is strict about what it was told (fields, preferences, bearer tokens), so that a request that Microsoft would refuse fails here too.
"""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import Any, cast

from taihu.formats.mail_headers import parse_head
from taihu.testing.servers.background import HttpServer, QuietHandler

_DELTA = re.compile(r"/v1\.0/users/([^/]+)/mailFolders/([^/]+)/messages/delta")
_VALUE = re.compile(r"/v1\.0/users/([^/]+)/messages/([^/]+)/\$value")
_FOLDERS = re.compile(r"/v1\.0/users/([^/]+)/mailFolders(?:/([^/]+)/childFolders)?")
_FOLDER = re.compile(r"/v1\.0/users/([^/]+)/mailFolders/([^/]+)")


@dataclass
class _Folder:
    id: str
    parent: str
    name: str
    mails: list[str] = field(default_factory=list)


class GraphServer(HttpServer):
    """One tenant, one application, one mailbox.

    Attributes:
        scheme: How the links in its answers begin (a proxy in front of it may speak TLS).
        requests: Path (without the query) and status of every answer.
        logins, refused_logins: Tokens given and refused.
        waited: Seconds between an answer with Retry-After and the next request to the same path.
    """

    def __init__(self, *, user: str = "bi@company-a.example", secret: str = "secret", port: int = 0, page: int = 2) -> None:
        super().__init__(_Handler, port)
        self.user, self.secret, self.page = user, secret, page
        self.scheme = "http"
        self.requests: list[tuple[str, int]] = []
        self.logins = self.refused_logins = 0
        self.waited: list[float] = []
        self.folders = {"inbox": _Folder("inbox", "", "Inbox")}
        self.mails: dict[str, tuple[bytes, str]] = {}
        self._failures: list[tuple[int, float]] = []
        self._told_to_wait: dict[str, float] = {}
        self._tokens: set[str] = set()
        self._generation = 1
        self._guard = threading.RLock()

    def make_folder(self, path: str) -> str:
        """Make a folder and those above it; gives its id."""
        parent = ""
        for name in path.split("/"):
            found = next((each.id for each in self.folders.values() if (each.parent, each.name) == (parent, name)), None)
            if found is None:
                found = f"AAMk-{len(self.folders)}="
                self.folders[found] = _Folder(found, parent, name)
            parent = found
        return parent

    def deliver(self, raw: bytes, folder: str = "INBOX", received_at: str = "2026-09-15T00:30:00Z") -> str:
        with self._guard:
            place = "inbox" if folder == "INBOX" else self.make_folder(folder)
            mail = f"AAkALg/{len(self.mails)}+="
            self.mails[mail] = (raw, received_at)
            self.folders[place].mails.append(mail)
            return mail

    def fail_next(self, *failures: tuple[int, float]) -> None:
        """Answer the next requests with a status and a Retry-After in seconds."""
        self._failures += failures

    def expire_links(self) -> None:
        """Forget every delta state: links given so far answer 410."""
        self._generation += 1

    def expire_tokens(self) -> None:
        """Take back every access token."""
        self._tokens.clear()

    def login(self, form: dict[str, str], tenant: str) -> tuple[int, dict[str, Any]]:
        expected = {"grant_type": "client_credentials", "client_id": "app-1", "client_secret": self.secret}
        scopes = ("https://graph.microsoft.com/.default", "https://microsoftgraph.chinacloudapi.cn/.default")
        if tenant != "tenant-1" or form.get("scope") not in scopes or any(form.get(name) != value for name, value in expected.items()):
            self.refused_logins += 1
            return 401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret provided."}
        self.logins += 1
        token = f"token-{self.logins}"
        self._tokens.add(token)
        return 200, {"token_type": "Bearer", "expires_in": 3599, "access_token": token}

    def answer(self, path: str, query: dict[str, str], headers: Any, host: str) -> tuple[int, bytes | dict[str, Any]]:
        if headers.get("Authorization", "").removeprefix("Bearer ") not in self._tokens:
            return 401, _error("InvalidAuthenticationToken")
        for pattern, work in ((_DELTA, self._delta), (_VALUE, self._value), (_FOLDERS, self._named), (_FOLDER, self._folder)):
            found = pattern.fullmatch(path)
            if found:
                parts = [urllib.parse.unquote(part or "") for part in found.groups()]
                if parts[0] != self.user:
                    return 404, _error("ErrorInvalidUser")
                return work(parts[1], query, headers, host + path)
        return 400, _error("BadRequest")

    def _delta(self, folder: str, query: dict[str, str], headers: Any, url: str) -> tuple[int, dict[str, Any]]:
        if folder not in self.folders:
            return 404, _error("ErrorItemNotFound")
        if "odata.maxpagesize=" not in headers.get("Prefer", "") or 'IdType="ImmutableId"' not in headers.get("Prefer", ""):
            return 400, _error("PreferMissing")
        token = query.get("$skiptoken") or query.get("$deltatoken")
        if token is None and (query.get("changeType") != "created" or "internetMessageId" not in query.get("$select", "")):
            return 400, _error("BadRequest")
        generation, start, fields = (token or f"{self._generation}.0.{query.get('$select', '')}").split(".", 2)
        if int(generation) != self._generation:
            return 410, _error("SyncStateNotFound")
        mails = self.folders[folder].mails
        end = min(int(start) + self.page, len(mails))
        page: dict[str, Any] = {"value": [self._fields(mail, fields) for mail in mails[int(start) : end]]}
        kind = "$skiptoken" if end < len(mails) else "$deltatoken"
        page["@odata.nextLink" if end < len(mails) else "@odata.deltaLink"] = (
            f"{url}?{urllib.parse.urlencode({kind: f'{self._generation}.{end}.{fields}'})}"
        )
        return 200, page

    def _fields(self, mail: str, fields: str) -> dict[str, Any]:
        raw, received_at = self.mails[mail]
        head = parse_head(raw)
        known = {
            "internetMessageId": head.message_id,
            "subject": head.subject,
            "from": {"emailAddress": {"name": head.sender_name, "address": head.sender}},
            "toRecipients": [{"emailAddress": {"address": each}} for each in head.recipients],
            "ccRecipients": [],
            "receivedDateTime": received_at,
        }
        return {"id": mail, "@odata.etag": 'W/"x"', **{name: known[name] for name in fields.split(",")}}

    def _value(self, mail: str, query: dict[str, str], headers: Any, url: str) -> tuple[int, bytes | dict[str, Any]]:
        return (200, self.mails[mail][0]) if mail in self.mails else (404, _error("ErrorItemNotFound"))

    def _named(self, parent: str, query: dict[str, str], headers: Any, url: str) -> tuple[int, dict[str, Any]]:
        wanted = re.fullmatch(r"displayName eq '(.*)'", query.get("$filter", ""))
        if wanted is None:
            return 400, _error("BadRequest")
        name = wanted[1].replace("''", "'")
        return 200, {"value": [{"id": each.id} for each in self.folders.values() if (each.parent, each.name) == (parent, name)]}

    def _folder(self, folder: str, query: dict[str, str], headers: Any, url: str) -> tuple[int, dict[str, Any]]:
        if folder not in self.folders:
            return 404, _error("ErrorItemNotFound")
        return 200, {"id": folder, "totalItemCount": len(self.folders[folder].mails)}

    def failure(self, path: str) -> tuple[int, float] | None:
        """The failure that is due, if one is; how long the client waited after one is noted."""
        with self._guard:
            told = self._told_to_wait.pop(path, None)
            if told is not None:
                self.waited.append(time.monotonic() - told)
            failure = self._failures.pop(0) if self._failures else None
            if failure:
                self._told_to_wait[path] = time.monotonic()
            return failure


class _Handler(QuietHandler):
    def do_GET(self) -> None:
        site, parts = self._site(), urllib.parse.urlsplit(self.path)
        failure = site.failure(parts.path)
        if failure:
            site.requests.append((parts.path, failure[0]))
            self.answer(failure[0], json.dumps(_error("TooManyRequests")).encode(), "application/json", Retry_After=f"{failure[1]:g}")
            return
        query = dict(urllib.parse.parse_qsl(parts.query))
        with site._guard:
            status, body = site.answer(parts.path, query, self.headers, f"{site.scheme}://{self.headers['Host']}")
        site.requests.append((parts.path, status))
        if isinstance(body, bytes):
            self.answer(status, body, "text/plain")
        else:
            self.answer(status, json.dumps(body).encode(), "application/json")

    def do_POST(self) -> None:
        site = self._site()
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        tenant = re.fullmatch(r"/([^/]+)/oauth2/v2\.0/token", self.path)
        status, body = site.login(form, tenant[1]) if tenant else (404, _error("NotFound"))
        self.answer(status, json.dumps(body).encode(), "application/json")

    def _site(self) -> GraphServer:
        return cast(GraphServer, self.server.site)  # type: ignore[attr-defined]


def _error(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": code}}
