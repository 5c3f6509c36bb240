"""Planted credentials on every way to fail: none of them shows in a log, the ledger, a trace, on the terminal or in an error.

One project has an account of every kind, each with a secret of its own in every slot. It is run against endpoints that fail in
every way we know, also by sending back what they were told. Libraries log everything they like (level DEBUG). Afterwards all that the
project wrote and said is taken apart and searched for every secret in every form (plain, URL, base64, hex, UTF-16). The same with
redaction switched off must find them: else the search is blind.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import http.server
import logging
import os
import re
import secrets
import shutil
import socket
import struct
import threading
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from typer.testing import CliRunner

from taihu.cli.main import app
from taihu.collect import Connector, Health, registry
from taihu.core.types import Fetched, Item, Span, Text
from taihu.guard import redact
from taihu.run import collecting
from tests.e2e.scan import automaton, forms_of, parts
from tests.faults.trust import loopback_tls

WHEN = "2026-11-10T08:30:00+08:00"
NOWHERE = "taihu-nowhere.invalid"
LOOPBACK = "127.0.0.1"
# Slot: kind of account and how its source collects. {host} and {port} are the endpoint's.
SLOTS: dict[str, tuple[str, str]] = {
    "imap password": ("kind: imap, host: {host}, port: {port}, user: bi, tls: false, password: env:{name}", "via: mailbox"),
    "imap password over tls": ("kind: imap, host: {host}, port: {port}, user: bi, password: env:{name}", "via: mailbox"),
    "sftp password": (
        "kind: sftp, host: {host}, port: {port}, user: bi, known_hosts: known_hosts, password: env:{name}",
        "via: sftp, path: drop",
    ),
    "sftp key passphrase": (
        "kind: sftp, host: {host}, port: {port}, user: bi, known_hosts: known_hosts, key: file:sftp_key, passphrase: env:{name}",
        "via: sftp, path: drop",
    ),
    "ftp password": ("kind: ftp, host: {host}, port: {port}, user: bi, tls: false, password: env:{name}", "via: ftp, path: drop"),
    "smb password": ("kind: smb, host: {host}, port: {port}, user: bi, password: env:{name}", "via: smb, path: share/drop"),
    "webdav password": ('kind: webdav, url: "{scheme}://{host}:{port}", user: bi, password: env:{name}', "via: webdav, path: drop"),
    "s3 secret key": ('kind: s3, url: "{scheme}://{host}:{port}", user: AKIA, password: env:{name}', "via: s3, bucket: drop, path: in"),
    "graph client secret": (
        'kind: graph, url: "{scheme}://{host}:{port}", user: bi@a.example, tenant: t, application: a, password: env:{name}',
        "via: graph",
    ),
    "portal password": ('kind: portal, url: "{scheme}://{host}:{port}", user: bi, password: env:{name}', "via: portal"),
    "portal one-time codes": (
        'kind: portal, url: "{scheme}://{host}:{port}", user: bi, password: env:OTHER, otp: env:{name}',
        "via: portal",
    ),
    "postgresql password": (
        "kind: postgresql, host: {host}, port: {port}, user: bi, database: erp, tls: false, password: env:{name}",
        'via: database, query: "select * from t"',
    ),
    "mysql password": (
        "kind: mysql, host: {host}, port: {port}, user: bi, database: erp, tls: false, password: env:{name}",
        'via: database, query: "select * from t"',
    ),
    "web address userinfo": ('kind: http, url: "{scheme}://bi:{value}@{host}:{port}/rates.html"', "via: web"),
    "web address token": ('kind: http, url: "{scheme}://{host}:{port}/rates.html?token={value}"', "via: web"),
    "archive password": ('kind: http, url: "{scheme}://{host}:{port}/rates.zip", passwords: [env:{name}]', "via: web"),
    "webhook": ('kind: http, url: "{scheme}://{host}:{port}/rates.html", webhook: env:{name}', "via: web"),
}
HEAD = """\
name: planted
title: {zh: 种, en: Planted}
entities: {cn: {currency: CNY}}
accounts:
"""
SOURCE = """\
title: {zh: 测试, en: Test}
owner: bi
purpose: credentials
retention: 1 month
entity: cn
collect: {%s}
load: append
read: {as: csv}
columns: {a: text, b: text}
"""
PORTAL = """\
login:
  - goto: /login
  - fill: {"#user": account.user, "#password": account.password}
%s  - click: text=登录
logged_in_if: css=.user-menu
steps:
  - goto: /reports
  - download: a.download
hosts: [127.0.0.1, taihu-nowhere.invalid]
terms: {allowed_by: planted, until: 2027-12-31}
"""
TOTP = '  - totp: {"#code": account.otp}\n'
LOGIN_PAGE = (
    "<html><body><form action='/login' method='post'><input id='user' name='user'><input id='password' type='password' name='password'>"
    "<input id='code' name='code'><button>登录</button></form><p>{said}</p></body></html>"
)


@dataclass(slots=True)
class Found:
    """What the scan did.

    Attributes:
        combinations: Pairs of slot and path that were run.
        hits: Secrets that were found: path, slot, and where.
        controls: For each slot, in how many places the same scan found it with redaction off.
    """

    combinations: list[tuple[str, str]] = field(default_factory=list)
    hits: list[tuple[str, str, str]] = field(default_factory=list)
    controls: dict[str, int] = field(default_factory=dict)
    bytes_searched: int = 0

    @property
    def problems(self) -> list[str]:
        found = [f"{path}: {slot} in {where}" for path, slot, where in self.hits]
        found += [f"without redaction {slot} is not found" for slot, count in self.controls.items() if not count]
        return found


# endpoints ------------------------------------------------------------------------------------------------------------------


@contextmanager
def _tcp(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does this with each connection."""
    listener = socket.create_server((LOOPBACK, 0))

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(client,), daemon=True).start()

    def one(client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            client.settimeout(2)
            serve(client)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.close()


def _reset(client: socket.socket) -> None:
    client.recv(1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _hang_up(client: socket.socket) -> None:
    client.recv(4096)


def _garbage(client: socket.socket) -> None:
    client.sendall(bytes(range(256)) * 8)
    client.recv(4096)


def _silent(client: socket.socket) -> None:
    while client.recv(4096):
        pass


def _echo(client: socket.socket) -> None:
    while data := client.recv(4096):
        client.sendall(data)


def _imap_that_quotes(client: socket.socket) -> None:
    """A mail server that repeats the whole command when it refuses it, literals and all."""
    client.sendall(b"* OK IMAP4rev1 ready\r\n")
    stream = client.makefile("rb")
    while line := stream.readline():
        tag, _, rest = line.strip().partition(b" ")
        if rest.upper().startswith(b"CAPABILITY"):
            client.sendall(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n")
        elif found := re.search(rb"\{(\d+)\}$", rest):
            client.sendall(b"+ go on\r\n")
            client.sendall(tag + b" NO [AUTHENTICATIONFAILED] refused: " + rest + stream.read(int(found[1])) + b"\r\n")
        else:
            client.sendall(tag + b" NO [AUTHENTICATIONFAILED] refused: " + rest + b"\r\n")


def _ftp_that_quotes(client: socket.socket) -> None:
    client.sendall(b"220 ready\r\n")
    stream = client.makefile("rb")
    while line := stream.readline():
        client.sendall(b"331 more\r\n" if line.upper().startswith(b"USER") else b"530 refused: " + line.strip() + b"\r\n")


@contextmanager
def _site(status: int, *, redirect: bool = False) -> Iterator[int]:
    """A site that answers everything with a status, and quotes the request with all its headers and its body."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            said = f"{self.path} {self.headers} ".encode() + self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = LOGIN_PAGE.format(said=said.decode("utf-8", "replace")).encode()
            self.send_response(status, f"said {self.headers.get('Authorization', '')}"[:200])
            if redirect:
                self.send_header("Location", f"http://{NOWHERE}/?said={said.hex()}&plain={re.sub(rb'[^!-~]', b'', said)[:400].decode()}")
            self.send_header("Set-Cookie", "session=planted-cookie; Path=/")
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_HEAD = do_PUT = do_PROPFIND = do_REPORT = answer

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def _untrusted(folder: Path) -> Iterator[int]:
    context, _ = loopback_tls(folder / "tls")

    def serve(client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            context.wrap_socket(client, server_side=True).recv(10)

    with _tcp(serve) as port:
        yield port


# leaking --------------------------------------------------------------------------------------------------------------------


class LeakyConnector(Connector):
    """A connector of somebody else that logs what it should not, and fails with it in its message."""

    title = Text("漏", "Leaky")

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        import base64
        import urllib.parse

        account = self.around.login(self.source)
        fields = (account.password, account.passphrase, account.otp, account.webhook, *account.passwords)
        values = [self.around.secret(reference).reveal() for reference in fields if reference]
        log = logging.getLogger("a.library")
        for value in values:
            log.error("login failed with %s", value)
            log.warning("GET /x?p=%s", urllib.parse.quote(value))
            log.info("Authorization: Basic %s", base64.b64encode(f"bi:{value}".encode()).decode())
            log.debug("sent %s and %s", base64.b64encode(value.encode()).decode(), value.encode().hex())
        log.error("asked %s", account.url)
        raise RuntimeError(f"could not log in: {values} {account.url}")
        yield

    def fetch(self, item: Item) -> Fetched:
        return Fetched(item)

    def probe(self) -> Health:
        next(self.discover(None, ()), None)
        return Health(True, "")


# the scan -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Way:
    """One way to fail.

    Attributes:
        slots: What the names of the slots must contain; empty for all.
    """

    name: str
    endpoint: Callable[[Path], Any]
    slots: str = ""
    host: str = LOOPBACK
    change: str = ""
    scheme: str = "http"


def _closed(folder: Path) -> Any:
    @contextmanager
    def closed() -> Iterator[int]:
        with socket.create_server((LOOPBACK, 0)) as probe:
            port = int(probe.getsockname()[1])
        yield port

    return closed()


PATHS = (
    Way("connection refused", _closed),
    Way("reset", lambda _: _tcp(_reset)),
    Way("hung up", lambda _: _tcp(_hang_up)),
    Way("garbage", lambda _: _tcp(_garbage)),
    Way("no answer", lambda _: _tcp(_silent)),
    Way("everything sent back", lambda _: _tcp(_echo)),
    Way("unknown name", _closed, host=NOWHERE),
    Way("untrusted certificate", _untrusted, scheme="https"),
    Way("login refused, quoting it (IMAP)", lambda _: _tcp(_imap_that_quotes), slots="imap"),
    Way("login refused, quoting it (FTP)", lambda _: _tcp(_ftp_that_quotes), slots="ftp"),
    Way("401 quoting the request", lambda _: _site(401), slots="webdav|s3|graph|portal|web"),
    Way("500 quoting the request", lambda _: _site(500), slots="webdav|s3|graph|portal|web"),
    Way("login page quoting the request", lambda _: _site(200), slots="webdav|s3|graph|portal|web"),
    Way("redirect with the request in it", lambda _: _site(302, redirect=True), slots="webdav|s3|graph|portal|web"),
    Way("a connector that leaks and crashes", _closed, change="leaky"),
    Way("the secret in place of its reference", _closed, change="value"),
    Way("the secret under a key that does not exist", _closed, change="unknown key"),
    Way("the variable is not set", _closed, change="unset"),
)


def play(room: Path, paths: tuple[Way, ...] = PATHS, slots: Mapping[str, tuple[str, str]] | None = None) -> Found:
    """Run every path with every slot, then the leaks once more without redaction."""
    found = Found()
    for path in paths:
        chosen = {slot: how for slot, how in (slots or SLOTS).items() if re.search(path.slots, slot)}
        if path.change in ("value", "unknown key", "unset"):
            chosen = {slot: how for slot, how in chosen.items() if "env:{name}" in how[0]}
            for slot, how in chosen.items():  # the project cannot be loaded: one at a time
                found.hits += _play(room, path, {slot: how}, found)
        else:
            found.hits += _play(room, path, chosen, found)
        print(f"{path.name}: {len(chosen)} slots, {len(found.hits)} hits so far", flush=True)
    leaks = next(path for path in PATHS if path.change == "leaky")
    with _without_redaction():
        hits = _play(room, leaks, dict(slots or SLOTS), None)
    found.controls = {slot: sum(each == slot for _, each, _ in hits) for slot in (slots or SLOTS)}
    return found


def _play(room: Path, path: Way, slots: Mapping[str, tuple[str, str]], found: Found | None) -> list[tuple[str, str, str]]:
    project = room / "project"
    values = {
        slot: f"{secrets.token_hex(4)}-Pw+{secrets.token_hex(6)}/=" if "address" not in slot else secrets.token_hex(12) for slot in slots
    }
    with ExitStack() as stack:
        port = stack.enter_context(path.endpoint(room))
        environment = _write(project, path, slots, values, port)
        stack.enter_context(mock.patch.dict(os.environ, environment))
        said = _commands(project, stack)
    hits = []
    found_by = automaton(values.values())
    for value in values.values():
        for text in (value.encode().hex(), value.encode().hex().upper()):
            found_by.add_word(text, value)
    found_by.make_automaton()
    slot_of = {value: slot for slot, value in values.items()}
    (project / "said.txt").write_text(said, encoding="utf-8")
    own = {project / "taihu.yml", project / "sftp_key"}
    for file in sorted(each for each in project.rglob("*") if each.is_file() and each not in own):
        for part, content in parts(file):
            if found is not None:
                found.bytes_searched += len(content)
            hits += [
                (path.name, slot_of[value], f"{file.relative_to(project)} {part}") for _, value in found_by.iter(content.decode("latin-1"))
            ]
    shutil.rmtree(project)
    if found is not None:
        found.combinations += [(slot, path.name) for slot in slots]
    return sorted(set(hits))


def _write(project: Path, path: Way, slots: Mapping[str, tuple[str, str]], values: Mapping[str, str], port: int) -> dict[str, str]:
    """The project's files; gives the environment with the secrets."""
    lines, environment = [HEAD], {"OTHER": "another-" + secrets.token_hex(8)}
    project.mkdir()
    for number, (slot, (account, collect)) in enumerate(slots.items()):
        name = f"SLOT_{number}"
        text = account
        if path.change == "value":
            text = text.replace("env:{name}", "'{value}'")
        elif path.change == "unknown key":
            text = text.replace("env:{name}", "env:{name}, passwort: '{value}'", 1)
        text = text.format(host=path.host, port=port, name=name, value=values[slot], scheme=path.scheme)
        lines.append(f"  slot_{number}: {{{text}}}\n")
        if path.change != "unset":
            environment[name] = values[slot]
        source = project / f"sources/s{number}"
        source.mkdir(parents=True)
        (source / "source.yml").write_text(
            SOURCE % (f"via: leaky, account: slot_{number}" if path.change == "leaky" else f"{collect}, account: slot_{number}")
        )
        if "portal" in collect and path.change != "leaky":
            (source / "portal.yml").write_text(PORTAL % ("" if "password" in slot else TOTP))
        if "passphrase" in slot:
            _write_key(project / "sftp_key", values[slot])
    (project / "taihu.yml").write_text("".join(lines), encoding="utf-8")
    (project / "known_hosts").write_text(
        f"[{path.host}]:{port} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5PpS7WJ8yqk0Jmbxg0k6NQhVw3rM0XwK9rJgW0Yb1S\n"
    )
    return environment


def _write_key(path: Path, passphrase: str) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    path.write_bytes(
        ed25519.Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.BestAvailableEncryption(passphrase.encode())
        )
    )
    path.chmod(0o600)


def _commands(project: Path, stack: ExitStack) -> str:
    """Everything that the commands say, with all libraries logging whatever they like; traces of portals are opened beside it."""
    stack.enter_context(mock.patch.dict(registry.CONNECTORS, {"leaky": f"{__name__}:LeakyConnector"}))
    stack.enter_context(mock.patch.object(collecting, "ORDINARY", collecting.Patience(attempts=2, seconds=5, first_wait=0.001)))
    stack.enter_context(_short_waits())
    root = logging.getLogger()
    before, handlers = root.level, list(root.handlers)
    root.setLevel(logging.DEBUG)
    said = []
    try:
        for arguments in (
            ["run", "--no-reports", "--json"],
            ["run", "--no-reports"],
            ["status"],
            ["status", "--json"],
            ["retry"],
            ["doctor", "--json"],
        ):
            ran = CliRunner().invoke(app, [*arguments, "-p", str(project), "--as-of", WHEN])
            said.append(f"{ran.stdout}\n{ran.stderr}\n")
            if ran.exception is not None and not isinstance(ran.exception, SystemExit):
                said.append(_as_shown(ran.exception))
    finally:
        root.setLevel(before)
        root.handlers[:] = handlers
    _open_traces(project)
    return "".join(said)


def _as_shown(error: BaseException) -> str:
    """An error as the command line shows it: those that are not ours end in a traceback, redacted."""
    import traceback

    from taihu.core.errors import TaihuError

    return str(error) if isinstance(error, TaihuError) else redact.redact_text("".join(traceback.format_exception(error)))


def _open_traces(project: Path) -> None:
    from taihu.core.clock import SystemClock
    from taihu.core.errors import TaihuError
    from taihu.project.workspace import open_workspace

    with contextlib.suppress(TaihuError), open_workspace(project, SystemClock()) as ws:
        for name in ws.tree.sources:
            for number, trace in enumerate(ws.ledger.traces(name)):
                (project / f"trace-{name}-{number}.zip").write_bytes(trace.content)
            rows = [repr(each) for each in (*ws.ledger.attempts(name), *ws.ledger.letters(name))]
            (project / f"clear-{name}.txt").write_text("\n".join(rows), encoding="utf-8")
        clear = [repr(each) for each in (*ws.ledger.outcomes(), *ws.ledger.audit_trail(), *ws.ledger.refused_logins())]
        (project / "clear.txt").write_text("\n".join(clear), encoding="utf-8")


@contextmanager
def _short_waits() -> Iterator[None]:
    """A second instead of a minute for servers that do not answer."""
    import importlib

    with ExitStack() as stack:
        for place in registry.CONNECTORS.values():
            importlib.import_module(place.partition(":")[0])
        import sys

        for name, module in list(sys.modules.items()):
            if name.startswith("taihu.collect.") and isinstance(getattr(module, "TIMEOUT", None), (int, float)):
                stack.enter_context(mock.patch.object(module, "TIMEOUT", 1))
        stack.callback(socket.setdefaulttimeout, socket.getdefaulttimeout())
        socket.setdefaulttimeout(2)
        yield


@contextmanager
def _without_redaction() -> Iterator[None]:
    with (
        mock.patch.object(redact, "redact_text", lambda text: text),
        mock.patch.object(redact, "redact_value", lambda value: value),
        mock.patch.object(redact.RedactingFilter, "filter", lambda _self, _record: True),
    ):
        yield


def section(found: Found, today: dt.date) -> str:
    """The result as a section of the page."""
    slots = list(dict.fromkeys(slot for slot, _ in found.combinations))
    paths = list(dict.fromkeys(path for _, path in found.combinations))
    hits = "\n".join(["", *(f"- {line}" for line in found.problems), ""]) if found.problems else ""
    forms = len(forms_of("Pw+12345678/=")) + 2
    seen = sum(map(bool, found.controls.values()))
    return f"""## credentials

{today.isoformat()}: **{len(found.combinations)} combinations** of {len(slots)} slots and {len(paths)} ways to fail;
{found.bytes_searched / 1e6:.0f} MB of logs, ledger, traces and output searched, each secret in {forms} forms (plain, URL, base64 at any
alignment, hex, UTF-16): **{len(found.hits)} occurrences**. With redaction switched off the same scan finds {seen} of
{len(found.controls)} secrets.
{hits}
Slots: {", ".join(slots)}.

Ways to fail: {"; ".join(paths)}.
"""
