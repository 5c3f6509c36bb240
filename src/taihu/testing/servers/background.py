"""What the servers share: an asyncio loop, or an HTTP server, in a thread of the calling process."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")

LOOPBACK = "127.0.0.1"


class Server:
    """A server that can be started and stopped; ``with`` does both."""

    host = LOOPBACK
    port = 0

    def start(self) -> Self:
        """Listen; returns when connections are accepted."""
        raise NotImplementedError

    def stop(self) -> None:
        """Close every connection and free the port."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


class BackgroundLoop:
    """An asyncio loop in a daemon thread; other threads hand it coroutines with :meth:`call`."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T], timeout: float = 60) -> T:
        """Run ``work`` in the loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def close(self) -> None:
        """Cancel what still runs and end the thread."""
        self.call(self._cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _cancel_all(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.get_running_loop().shutdown_default_executor()


def listening_socket(port: int = 0) -> socket.socket:
    """A bound loopback socket whose connections answer at once (no Nagle delay, which costs 40 ms a small answer)."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.bind((LOOPBACK, port))
    return sock


class QuietHandler(BaseHTTPRequestHandler):
    """HTTP/1.1 with kept connections, no Nagle delay and no lines on stderr; subclasses add ``do_GET``."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_version = "Server"
    sys_version = ""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the caller looks at the server object instead."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """A constant ``Date`` header: these servers have no clock of their own."""
        return super().date_time_string(0.0 if timestamp is None else timestamp)

    def answer(self, status: int, body: bytes = b"", content_type: str = "text/html; charset=utf-8", **headers: str) -> None:
        """Send one whole answer; underscores of header names become dashes."""
        self.send_response(status)
        if status != 304:
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            self.wfile.write(body)


class HttpServer(Server):
    """A threading HTTP server around a handler class that can reach it as ``self.server.site``."""

    def __init__(self, handler: type[QuietHandler], port: int = 0) -> None:
        self.port = port
        self._handler = handler
        self._http: _Http | None = None
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Address of the site's root, without a slash at its end."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> Self:
        self._http = _Http((self.host, self.port), self._handler)
        self._http.site = self
        self.port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, name=type(self).__name__, daemon=True).start()
        return self

    def stop(self) -> None:
        if self._http is not None:
            self._http.shutdown()
            self._http.close_connections()
            self._http.server_close()
            self._http = None


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    site: Any = None

    def __init__(self, address: tuple[str, int], handler: type[QuietHandler]) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no event of the server."""

    def close_connections(self) -> None:
        """Hang up on kept connections, so that a stopped server looks stopped."""
        for request in list(self._open):
            self.shutdown_request(request)
