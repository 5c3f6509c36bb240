"""WsgiDAV on cheroot over a folder, in a thread of the calling process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

from taihu.testing.servers.background import Server


class Webdav(Server):
    """A running WebDAV server with one account.

    Attributes:
        refused_logins: Requests that were answered 401 although they brought a password.
    """

    def __init__(self, root: Path, user: str, password: str, port: int = 0) -> None:
        self.root, self.user, self.password, self.port = root, user, password, port
        self.refused_logins = 0
        self.requests: list[tuple[str, str]] = []

    def start(self) -> Self:
        from cheroot import wsgi
        from wsgidav.wsgidav_app import WsgiDAVApp

        self.root.mkdir(parents=True, exist_ok=True)
        app = WsgiDAVApp(
            {
                "provider_mapping": {"/": str(self.root)},
                "simple_dc": {"user_mapping": {"*": {self.user: {"password": self.password}}}},
                "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
                "verbose": 0,
                "logging": {"enable": False},
                "dir_browser": {"enable": False},
                "property_manager": False,
                "lock_storage": False,
            }
        )

        def counted(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            def noted(status: str, *rest: Any) -> Any:
                self.refused_logins += status.startswith("401") and "HTTP_AUTHORIZATION" in environ
                self.requests.append((environ["REQUEST_METHOD"], status[:3]))
                return start_response(status, *rest)

            return app(environ, noted)  # type: ignore[no-any-return]

        self._server = wsgi.Server((self.host, self.port), counted, numthreads=4)
        self._server.prepare()
        self.port = self._server.bind_addr[1]
        threading.Thread(target=self._server.serve, name="webdav", daemon=True).start()
        return self

    def stop(self) -> None:
        self._server.stop()
