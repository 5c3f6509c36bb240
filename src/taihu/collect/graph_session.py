"""One application's access to a mailbox over Microsoft Graph: client credentials, folders, delta pages, whole mails.

Written from the public documentation and tried against a local stand-in for the protocol only, never against Microsoft's service.
"""

from __future__ import annotations

import json
import time
import urllib.parse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from taihu.collect.hosts import is_this_machine
from taihu.collect.mail_items import LARGEST_MAIL
from taihu.collect.web_session import Answer, WebSession
from taihu.core.errors import AccessRefused, ContentRefused, ManifestError, NotFound, TerminalError, TransientError

if TYPE_CHECKING:
    from taihu.manifest.project import Account

# Where applications log in, and where the data is: Microsoft's own cloud, and the one that 21Vianet runs in China.
CLOUDS = {
    "global": ("https://login.microsoftonline.com", "https://graph.microsoft.com"),
    "china": ("https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"),
}
PAGE_MAILS = 50
_FIELDS = "internetMessageId,subject,from,toRecipients,ccRecipients,receivedDateTime"
_PREFERENCES = f'odata.maxpagesize={PAGE_MAILS}, IdType="ImmutableId"'
_RENEW_BEFORE = 120.0


class GraphSession:
    """A mailbox as one application may read it.

    Args:
        account: ``user`` is the mailbox's address, ``application`` and ``tenant`` say who asks.
        secret: The application's client secret.
        cloud: A key of :data:`CLOUDS`.
    """

    def __init__(self, account: Account, secret: str, cloud: str) -> None:
        self._login, self._graph = _endpoints(account, cloud)
        self._tenant, self._application = _required(account)
        self._secret = secret
        self._scope = CLOUDS[cloud][1] + "/.default"
        self._mailbox = f"{self._graph}/v1.0/users/{urllib.parse.quote(account.user or '', safe='@')}"
        self._web = WebSession(urllib.parse.urlsplit(each).hostname or "" for each in (self._login, self._graph))
        self._token, self._renew_at = "", 0.0
        self._folders: dict[str, str] = {}
        self._log_in()

    def close(self) -> None:
        """Nothing is kept open between requests."""

    def first_page(self, folder: str) -> str:
        """Address that begins a new round over a folder; later rounds give only mails that are new in it."""
        query = urllib.parse.urlencode({"$select": _FIELDS, "changeType": "created"}, safe="$,")
        return f"{self._mailbox}/mailFolders/{self._folder_id(folder)}/messages/delta?{query}"

    def pages(self, link: str) -> Iterator[tuple[list[dict[str, Any]], str]]:
        """Pages of a round: mails, and the link with which to go on after this page (at the last page: with the next round)."""
        while True:
            page = self._json(link)
            following = page.get("@odata.nextLink")
            yield list(page.get("value", [])), str(following or page.get("@odata.deltaLink") or link)
            if not following:
                return
            link = str(following)

    def raw(self, mail: str) -> bytes | None:
        """A whole mail as MIME; None if it is gone."""
        try:
            answer = self._get(f"{self._mailbox}/messages/{urllib.parse.quote(mail, safe='')}/$value")
        except NotFound:
            return None
        if len(answer.content) > LARGEST_MAIL:
            raise ContentRefused("too_large", where=answer.url)
        return answer.content

    def count(self, folder: str) -> int:
        """Number of mails in a folder."""
        return int(self._json(f"{self._mailbox}/mailFolders/{self._folder_id(folder)}?$select=totalItemCount").get("totalItemCount", 0))

    def _folder_id(self, name: str) -> str:
        """Id of a folder by its path; ``INBOX`` is what Graph calls by its well-known name."""
        if name.upper() == "INBOX":
            return "inbox"
        if name not in self._folders:
            place = f"{self._mailbox}/mailFolders"
            for part in name.split("/"):
                quoted = part.replace("'", "''")
                query = urllib.parse.urlencode({"$filter": f"displayName eq '{quoted}'", "$select": "id"}, safe="$")
                found = self._json(f"{place}?{query}").get("value", [])
                if not found:
                    raise NotFound("the mail folder does not exist or may not be opened", where=f"{self._graph} {name}")
                place = f"{self._mailbox}/mailFolders/{found[0]['id']}/childFolders"
            self._folders[name] = place.split("/")[-2]
        return self._folders[name]

    def _json(self, url: str) -> dict[str, Any]:
        content = self._get(url).content
        try:
            found = json.loads(content)
        except ValueError:
            raise TransientError("the answer is not what Graph answers", where=url.split("?")[0]) from None
        if not isinstance(found, dict):
            raise TransientError("the answer is not what Graph answers", where=url.split("?")[0])
        return found

    def _get(self, url: str) -> Answer:
        """An answer; a token that is no longer taken is renewed once."""
        if time.monotonic() > self._renew_at:
            self._log_in()
        try:
            return self._asked(url)
        except AccessRefused:
            self._log_in()
        try:
            return self._asked(url)
        except AccessRefused as error:
            raise AccessRefused(
                error.what, where=error.where, fix="give the application the permission Mail.Read for this mailbox"
            ) from None

    def _asked(self, url: str) -> Answer:
        return self._web.get(url, headers={"Authorization": f"Bearer {self._token}", "Prefer": _PREFERENCES})

    def _log_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._application,
            "client_secret": self._secret,
            "scope": self._scope,
        }
        url = f"{self._login}/{urllib.parse.quote(self._tenant)}/oauth2/v2.0/token"
        try:
            answer = json.loads(self._web.post(url, form.items()).content)
            self._token = str(answer["access_token"])
            self._renew_at = time.monotonic() + max(float(answer.get("expires_in", 3600)) - _RENEW_BEFORE, 1.0)
        except TerminalError as error:
            raise AccessRefused(
                f"the application's login was refused ({error.what})",
                where=url,
                fix="update the client secret, or check tenant: and application:",
            ) from None
        except (ValueError, KeyError, TypeError):
            raise TransientError("the answer to the login holds no token", where=url) from None


def _endpoints(account: Account, cloud: str) -> tuple[str, str]:
    if not account.url:
        return CLOUDS[cloud]
    parts = urllib.parse.urlsplit(account.url)
    if parts.scheme != "https" and not is_this_machine(parts.hostname or ""):
        raise ManifestError("url: of a graph account must begin with https", where=f"account {account.user}")
    return account.url.rstrip("/"), account.url.rstrip("/")


def _required(account: Account) -> tuple[str, str]:
    for name in ("tenant", "application", "user", "password"):
        if not getattr(account, name):
            raise ManifestError(f"an account of kind graph needs {name}:", where="taihu.yml, accounts")
    return str(account.tenant), str(account.application)
