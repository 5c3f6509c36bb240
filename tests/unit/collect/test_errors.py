"""Every error of the libraries below becomes one of ours, and none of them carries a secret."""

from __future__ import annotations

import http.client
import imaplib
import ssl
import urllib.error

import imap_tools.errors
import paramiko.ssh_exception
import pytest

from taihu.collect.mail_session import _translated
from taihu.collect.sftp_protocol import NO_SUCH_FILE, PERMISSION_DENIED, SftpStatus
from taihu.collect.sftp_session import SftpSession
from taihu.collect.web_session import WebSession, status_error
from taihu.core.errors import AccessRefused, NotFound, TaihuError, TerminalError, TransientError
from taihu.manifest.project import Account

ACCOUNT = Account(kind="imap", host="mail.example", user="bi")


def _all(base: type[BaseException], module: object) -> list[type[BaseException]]:
    return [each for each in vars(module).values() if isinstance(each, type) and issubclass(each, base)]


def _made(kind: type[BaseException]) -> BaseException:
    """An instance whatever its constructor wants."""
    error = kind.__new__(kind)
    error.args = ("LOGIN bi hunter2",)
    return error


@pytest.mark.parametrize(
    "kind",
    [
        *_all(imap_tools.errors.ImapToolsError, imap_tools.errors),
        imaplib.IMAP4.error,
        imaplib.IMAP4.abort,
        imaplib.IMAP4.readonly,
        TimeoutError,
        EOFError,
    ],
)
def test_mail(kind: type[BaseException]) -> None:
    with pytest.raises(TransientError) as caught, _translated(ACCOUNT):
        raise _made(kind)
    assert "hunter2" not in str(caught.value)


def test_a_bad_certificate_is_not_tried_again() -> None:
    with pytest.raises(TerminalError, match="certificate"), _translated(ACCOUNT):
        raise ssl.SSLCertVerificationError("x")


def test_a_mistake_of_ours_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), _translated(ACCOUNT):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    "kind", [*_all(paramiko.ssh_exception.SSHException, paramiko.ssh_exception), ConnectionResetError, EOFError, TimeoutError]
)
def test_sftp(kind: type[BaseException]) -> None:
    session = SftpSession.__new__(SftpSession)
    session._host, session._port = "sftp.example", 22
    with pytest.raises(TransientError) as caught, session._translated("/x"):
        raise _made(kind)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("code", "ours"), [(NO_SUCH_FILE, NotFound), (PERMISSION_DENIED, AccessRefused), (4, TransientError)])
def test_sftp_paths(code: int, ours: type[TaihuError]) -> None:
    session = SftpSession.__new__(SftpSession)
    session._host, session._port = "sftp.example", 22
    with pytest.raises(ours), session._translated("/x"):
        raise SftpStatus(code)


@pytest.mark.parametrize("kind", [*_all(http.client.HTTPException, http.client), ConnectionResetError, TimeoutError])
def test_web(kind: type[BaseException]) -> None:
    session = WebSession(["site.example"])

    class Breaking:
        def open(self, *_: object, **__: object) -> None:
            raise _made(kind)

    session._opener = Breaking()  # type: ignore[assignment]
    with pytest.raises(TransientError) as caught:
        session.get("https://site.example/?key=hunter2")
    assert "hunter2" not in str(caught.value)


def test_web_addresses_that_do_not_exist() -> None:
    with pytest.raises(TransientError):
        WebSession(["does-not-exist.invalid"]).get("http://does-not-exist.invalid/")
    assert isinstance(urllib.error.URLError("x"), OSError)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 408, 410, 418, 425, 429, 500, 501, 502, 503, 504])
def test_every_status_has_an_error_of_ours(status: int) -> None:
    error = status_error(status, "https://site.example/")
    assert isinstance(error, TransientError) == (status in (408, 425, 429, 500, 502, 503, 504))
    assert isinstance(error, TaihuError)
