"""HTTP as it breaks: bytes that stop, lengths that lie, redirects that lead astray."""

from __future__ import annotations

import http.server
import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from taihu.collect.web_session import WebSession
from taihu.core.errors import AccessRefused, ContentRefused, TaihuError, TerminalError, TransientError


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """A server that sends these bytes, one a connection, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/file.xlsx"
        thread.join(5)


def get(url: str) -> bytes:
    return WebSession(["127.0.0.1"]).get(url).content


def test_a_whole_answer() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") as url:
        assert get(url) == b"hello"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
        b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_broken_answers_may_be_tried_again(answer: bytes) -> None:
    with answering(answer) as url, pytest.raises(TransientError):
        get(url)


def test_a_redirect_to_another_host_is_not_followed() -> None:
    astray = b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/?q=1\r\nContent-Length: 0\r\n\r\n"
    with answering(astray) as url, pytest.raises(AccessRefused, match="host"):
        get(url)


def test_a_redirect_in_a_circle_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    circle = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/x\r\nContent-Length: 0\r\n\r\n" % port
    with socket.create_server(("127.0.0.1", port)) as server:
        served = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(circle)
                    served.append(1)

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(TaihuError):
            get(f"http://127.0.0.1:{port}/x")
        assert len(served) <= 15


@pytest.mark.parametrize("stated", [b"Content-Length: 9\r\n", b""])
def test_too_much_is_refused(stated: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taihu.collect.web_session.MOST_BYTES", 4)
    with answering(b"HTTP/1.1 200 OK\r\n" + stated + b"\r\n123456789") as url, pytest.raises(ContentRefused) as caught:
        get(url)
    assert caught.value.reason == "too_large"


def test_only_http() -> None:
    for url in ("file:///etc/passwd", "ftp://127.0.0.1/x"):
        with pytest.raises(AccessRefused):
            get(url)


def test_cookies_come_back() -> None:
    first = WebSession(["127.0.0.1"])
    with answering(
        b"HTTP/1.1 200 OK\r\nSet-Cookie: session=abc; Path=/; HttpOnly\r\nContent-Length: 0\r\n\r\n",
    ) as url:
        first.get(url)
    second = WebSession(["127.0.0.1"])
    second.cookies_restored(first.cookies_saved())
    assert [(cookie.name, cookie.value) for cookie in second.cookies] == [("session", "abc")]


@pytest.mark.parametrize("host", ["portal", "portal.example", "127.0.0.1", "nas.local"])
def test_a_session_of_a_browser_is_used_and_given_back_as_it_was(host: str) -> None:
    cookie = {"name": "session", "value": "abc", "domain": host, "path": "/", "expires": -1, "httpOnly": True, "secure": False}
    session = WebSession([host])
    session.cookies_restored(json.dumps({"cookies": [{**cookie, "sameSite": "Lax"}], "origins": []}).encode())
    request = urllib.request.Request(f"http://{host}/x")
    session.cookies.add_cookie_header(request)
    assert request.get_header("Cookie") == "session=abc"
    assert json.loads(session.cookies_saved()) == {"cookies": [{**cookie, "sameSite": "Lax"}], "origins": []}


def test_https_asks_for_a_trusted_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.contract.connector.test_mailbox import certificate

    from taihu.collect import web_session

    file, context = certificate(tmp_path)
    server = http.server.HTTPServer(("127.0.0.1", 0), Hello)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    url = f"https://localhost:{server.server_address[1]}/"
    web_session._trusted.cache_clear()
    with pytest.raises(TerminalError, match="certificate"):
        WebSession(["localhost"]).get(url)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    web_session._trusted.cache_clear()
    assert WebSession(["localhost"]).get(url).content == b"hello"
    web_session._trusted.cache_clear()
    server.shutdown()
    server.server_close()


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""
