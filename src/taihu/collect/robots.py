"""``robots.txt``: what the operator of a public site asks programs to leave alone. It is asked once a day and obeyed."""

from __future__ import annotations

import urllib.parse
import urllib.robotparser

from taihu.collect.web_session import WebSession
from taihu.core.errors import AccessRefused, TerminalError

AGENT = "taihu"


def require_permission(session: WebSession, urls: list[str]) -> None:
    """Refuse addresses that the site asks programs not to visit.

    A site without such a file allows everything (RFC 9309); one that is in trouble is asked again before anything else.

    Raises:
        AccessRefused: The site's ``robots.txt`` forbids one of them.
        TransientError: The site cannot be reached.
    """
    for url in urls:
        parts = urllib.parse.urlsplit(url)
        try:
            answer = session.get(f"{parts.scheme}://{parts.netloc}/robots.txt")
        except TerminalError:  # 4xx: there is none
            continue
        rules = urllib.robotparser.RobotFileParser()
        rules.parse(answer.content.decode("utf-8", errors="replace").splitlines())
        if not rules.can_fetch(AGENT, url):
            raise AccessRefused(
                "the site's robots.txt asks programs not to visit this page",
                where=url.split("?")[0],
                fix="ask its operator for permission or for a file",
            )
