"""A proxy on loopback that passes everything on, until it is told to spoil something.

It counts the bytes that come from the server. A fault strikes when given numbers of bytes have passed, so it can be placed in the
middle of a listing or of a file whatever the protocol; the faults of HTTP are placed by the request. Every fault strikes a
bounded number of times, as a network does that recovers.
"""

from __future__ import annotations

import http.client
import re
import select
import socket
import ssl
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

LOOPBACK = "127.0.0.1"
LOGIN_PAGE = (
    "<!doctype html><html><head><title>用户登录</title></head><body><form action='/login' method='post'>"
    "<input name='user'><input type='password' name='password'><button>登录</button></form></body></html>"
).encode()
_LITERAL = re.compile(rb"\{(\d+)\}\r\n")
_PASSIVE = re.compile(rb"227 [^(]*\((\d+),(\d+),(\d+),(\d+),(\d+),(\d+)\)")
_EXTENDED = re.compile(rb"229 [^(]*\(\|\|\|(\d+)\|\)")


@dataclass(slots=True)
class Plan:
    """What shall go wrong.

    Attributes:
        fault: ``delay``, ``reset``, ``half_close``, ``slow``, ``truncated``, ``wrong_length``, ``tls_abort``, ``429``, ``503``,
            ``login_page``, ``empty``; empty passes everything on.
        at: Numbers of bytes from the server after which it strikes, once each.
        target: Method and address of the HTTP request whose answer is spoilt; empty for any.
        times: How often a fault of requests or of handshakes strikes.
    """

    fault: str = ""
    at: list[int] = field(default_factory=list)
    target: str = ""
    times: int = 2
    struck: int = 0


@dataclass(frozen=True, slots=True)
class Exchange:
    """One HTTP request that passed: method and address, and the body of its answer."""

    target: str
    body: bytes


class FaultProxy:
    """Stands before a server.

    Args:
        server: Host and port that everything is passed on to.
        protocol: ``http`` lets single answers be spoilt; ``ftp`` also takes the data connections through the proxy.
        tls: Speak TLS towards the client with this context (the server is spoken to in clear).

    Attributes:
        connections: Connections accepted so far.
        passed: Bytes that came from the server so far.
        exchanges: HTTP requests so far, when answers are looked at.
    """

    def __init__(self, server: tuple[str, int], *, protocol: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.server = server
        self.protocol = protocol
        self.tls = tls
        self.plan = Plan()
        self.connections = 0
        self.passed = 0
        self.exchanges: list[Exchange] = []
        self.watches_requests = False
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listeners: list[socket.socket] = []
        self._closing = False
        self.port = 0

    def __enter__(self) -> Self:
        self.port = self._listen(self.server)
        return self

    def __exit__(self, *error: object) -> None:
        self._closing = True
        for each in [*self._listeners, *self._open]:
            _close(each)

    @property
    def address(self) -> tuple[str, int]:
        return LOOPBACK, self.port

    def arm(self, plan: Plan) -> None:
        """From now on this goes wrong; counting begins anew."""
        with self._lock:
            self.plan, self.passed, self.connections = plan, 0, 0
            self.exchanges.clear()

    # connections ---------------------------------------------------------------------------------------------------------

    def _listen(self, server: tuple[str, int]) -> int:
        listener = socket.create_server((LOOPBACK, 0))
        self._listeners.append(listener)
        threading.Thread(target=self._accept, args=(listener, server), daemon=True).start()
        return int(listener.getsockname()[1])

    def _accept(self, listener: socket.socket, server: tuple[str, int]) -> None:
        while not self._closing:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
            threading.Thread(target=self._serve, args=(client, server), daemon=True).start()

    def _serve(self, client: socket.socket, server: tuple[str, int]) -> None:
        with suppress(OSError):
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.plan.fault == "tls_abort" and self._strikes():
                client.recv(1)
                _reset(client)
                return
            if self.tls is not None:
                client = self.tls.wrap_socket(client, server_side=True)
            if self.watches_requests and self.protocol == "http":
                self._serve_http(client, server)
            else:
                self._relay(client, server)
        _close(client)

    def _relay(self, client: socket.socket, server: tuple[str, int]) -> None:
        try:
            upstream = socket.create_connection(server, 10)
        except OSError:
            _reset(client)
            return
        upstream.settimeout(None)
        upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open |= {client, upstream}
        threading.Thread(target=_pump, args=(client, upstream), daemon=True).start()
        try:
            while data := upstream.recv(16384):
                if not self._down(client, data):
                    break
        except OSError:
            pass
        finally:
            _close(upstream)
            _close(client)
            self._open -= {client, upstream}

    def _down(self, client: socket.socket, data: bytes) -> bool:
        """Pass bytes on to the client; whether the connection goes on."""
        plan = self.plan
        if self.protocol == "ftp":
            data = self._through_here(data)
        with self._lock:
            before, self.passed = self.passed, self.passed + len(data)
            due = plan.at[0] if plan.at else None
            strikes = due is not None and self.passed > due
            if strikes and plan.fault in ("reset", "half_close", "truncated"):
                plan.at.pop(0)
                plan.struck += 1
        if plan.fault == "delay" and plan.struck < 40:
            plan.struck += 1
            time.sleep(0.02)
        elif plan.fault == "slow":
            plan.struck += 1
            for start in range(0, len(data), 97):
                client.sendall(data[start : start + 97])
                time.sleep(0.0005)
            return True
        elif plan.fault == "wrong_length" and strikes:
            changed, count = _LITERAL.subn(lambda found: b"{%d}\r\n" % (int(found[1]) + 7), data, count=1)
            if count:
                plan.at.pop(0)
                plan.struck += 1
                client.sendall(changed)
                time.sleep(0.2)
                return False
        elif strikes and plan.fault in ("reset", "half_close", "truncated"):
            client.sendall(data[: max((due or 0) - before, 0)])
            if plan.fault == "reset":
                _reset(client)
            elif plan.fault == "half_close":
                client.shutdown(socket.SHUT_WR)
                time.sleep(0.2)  # the client may still write, and nobody answers
            return False
        client.sendall(data)
        return True

    def _through_here(self, data: bytes) -> bytes:
        """Answers of FTP that name a port for data: the client gets one of ours instead."""
        if found := _PASSIVE.search(data):
            host, port = ".".join(map(bytes.decode, found.groups()[:4])), int(found[5]) * 256 + int(found[6])
            ours = self._listen((host, port))
            return data.replace(found[0], b"227 Entering Passive Mode (127,0,0,1,%d,%d)" % divmod(ours, 256))
        if found := _EXTENDED.search(data):
            return data.replace(found[0], b"229 Extended Passive Mode (|||%d|)" % self._listen((self.server[0], int(found[1]))))
        return data

    def _strikes(self) -> bool:
        with self._lock:
            if self.plan.struck >= self.plan.times:
                return False
            self.plan.struck += 1
            return True

    # HTTP ----------------------------------------------------------------------------------------------------------------

    def _serve_http(self, client: socket.socket, server: tuple[str, int]) -> None:
        self._open.add(client)
        stream = client.makefile("rb")
        while head := stream.readline(65536):
            method, target, _ = head.decode("latin-1").split(" ", 2)
            headers = http.client.parse_headers(stream)
            body = stream.read(int(headers.get("Content-Length") or 0))
            if not self._exchange(client, server, method, target, headers, body):
                return

    def _exchange(
        self, client: socket.socket, server: tuple[str, int], method: str, target: str, headers: http.client.HTTPMessage, body: bytes
    ) -> bool:
        """Answer one request, or have the server answer it; whether the connection goes on."""
        plan, name = self.plan, f"{method} {target}"
        if plan.fault in ("429", "503") and self._strikes():
            self.exchanges.append(Exchange(name, b""))
            client.sendall(f"HTTP/1.1 {plan.fault} Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            return False
        upstream = http.client.HTTPConnection(*server, timeout=30)
        sent = [(key, value) for key, value in headers.items() if key.lower() not in ("connection", "content-length", "accept-encoding")]
        upstream.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for key, value in sent:
            upstream.putheader(key, value)
        if body or method in ("POST", "PUT", "PROPFIND", "REPORT"):
            upstream.putheader("Content-Length", str(len(body)))
        upstream.endheaders(body or None)
        response = upstream.getresponse()
        answer = response.read()
        upstream.close()
        self.exchanges.append(Exchange(name, answer))
        kept = [
            (key, value) for key, value in response.getheaders() if key.lower() not in ("connection", "content-length", "transfer-encoding")
        ]
        stated = len(answer)
        if (
            plan.fault in ("login_page", "empty", "wrong_length")
            and plan.target in ("", name)
            and response.status == 200
            and self._strikes()
        ):
            if plan.fault == "login_page":
                answer, kept = LOGIN_PAGE, [("Content-Type", "text/html; charset=utf-8")]
                stated = len(answer)
            elif plan.fault == "empty":
                answer, stated = b"", 0
            else:
                stated += 10
        bodiless = method == "HEAD" or response.status in (204, 304)
        lines = [f"HTTP/1.1 {response.status} {response.reason}", *(f"{key}: {value}" for key, value in kept)]
        if not bodiless:
            lines.append(f"Content-Length: {stated}")
        elif method == "HEAD" and response.getheader("Content-Length"):
            lines.append(f"Content-Length: {response.getheader('Content-Length')}")
        client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (b"" if bodiless else answer))
        return stated == len(answer) or bodiless


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Pass on what the client says. It never blocks in a read: that would keep a reset of the connection from going out."""
    with suppress(OSError, ValueError):
        while True:
            if not select.select([source], [], [], 0.02)[0]:
                continue
            data = source.recv(16384)
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            sink.sendall(data)


def _reset(sock: socket.socket) -> None:
    """Close with a reset instead of a farewell."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with suppress(OSError):
        sock.close()


def _close(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        sock.close()
