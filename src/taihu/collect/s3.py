"""``via: s3``: files of a bucket, at any server that speaks S3: Aliyun OSS, Tencent COS, MinIO, Amazon.

An object is there with its last byte or not at all, so nothing needs to settle. The server refuses a signature that is more than
15 minutes off its own time, so our clock is near enough to it for everything else.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydantic import Field

from taihu.collect.drop import DropOptions, FileSeen
from taihu.collect.drop_connector import DropConnector
from taihu.collect.hosts import is_this_machine
from taihu.collect.store import Folder, Store, bounded, require_same
from taihu.core.errors import AccessRefused, ContentRefused, ManifestError, NotFound, TaihuError, TerminalError, TransientError
from taihu.core.types import Text

if TYPE_CHECKING:
    from taihu.manifest.project import Account

# Clouds that want the bucket in the host's name, with the region as their address tells it.
_CLOUDS = (
    re.compile(r"(?:s3\.)?(?P<region>oss-[a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com"),
    re.compile(r"cos(?:-internal)?\.(?P<region>[a-z0-9-]+)\.(?:myqcloud|tencentcos)\.c(?:om|n)"),
    re.compile(r"s3[.-](?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"),
)
_WRONG_KEY = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "AuthFailure")
_STATUS = re.compile(r"status code: (\d{3})")
_PIECE = 1 << 20
_PAGE = 1000


class S3Options(DropOptions):
    """Which files of which bucket."""

    bucket: str = Field(description="Name of the bucket", examples=["partner-drop-1250000000"])


class S3Connector(DropConnector):
    """Files of one folder (a prefix) of a bucket. Name, size, time and ETag of an object are its version."""

    title = Text("对象存储", "Object storage")
    Options = S3Options
    options: S3Options
    account_kinds = ("s3",)

    @property
    def folder(self) -> str:
        return (self.options.path or "").strip("/")

    def store(self) -> Store:
        account = self.around.login(self.source)
        where = f"taihu.yml, account {self.around.account_name}"
        name = self.around.account_name
        if name in self.around.refused:
            raise self.around.refused[name]

        def refused(error: AccessRefused) -> None:
            # There is no login to speak of: each request is signed, so any of them may be the refused one.
            self.around.refused[name] = error

        buckets = self.around.connected(lambda: Buckets(account, self.around.password(), where, refused))
        return buckets.open(self.options.bucket)


class Buckets:
    """The buckets of one account, opened once each; ``refused`` is told when the key is."""

    def __init__(self, account: Account, secret_key: str, where: str, refused: Callable[[AccessRefused], None]) -> None:
        self._refused = refused
        self._account = account
        self._secret_key = secret_key
        self._where = where
        self._open: dict[str, BucketStore] = {}

    def open(self, bucket: str) -> BucketStore:
        if bucket not in self._open:
            client = _client(self._account, self._secret_key, bucket, self._where)
            self._open[bucket] = BucketStore(client, bucket, is_clear(self._account), self._refused)
        return self._open[bucket]

    def close(self) -> None:
        self._open.clear()


class BucketStore(Store):
    """One bucket."""

    appears_whole = True
    at_once = 16

    def __init__(self, client: Any, bucket: str, in_clear: bool, refused: Callable[[AccessRefused], None]) -> None:
        self._refused = refused
        self._client = client
        self._bucket = bucket
        self._in_clear = in_clear

    def entries(self, folder: str) -> tuple[list[FileSeen], list[Folder]]:
        import obstore

        with self._translated(folder):
            listing = obstore.list_with_delimiter(self._client, prefix=folder or None)
        files = [_seen(each, folder) for each in listing["objects"] if _is_file(each, folder)]
        folders = [Folder(path.rstrip("/").rsplit("/", 1)[-1], path.rstrip("/")) for path in listing["common_prefixes"]]
        return files, folders

    def walk(self, folder: str, deepest: int) -> list[FileSeen]:
        """One flat listing, page by page, serves all levels."""
        import obstore

        if not deepest:
            return super().walk(folder, 0)
        with self._translated(folder):
            pages = obstore.list(self._client, prefix=folder or None, chunk_size=_PAGE)
            found = [_seen(each, folder) for page in pages for each in page if _is_file(each, folder)]
        return [entry for entry in found if entry.name.count("/") <= deepest]

    def chunks(self, entry: FileSeen) -> Iterator[bytes]:
        import obstore

        with self._translated(entry.name):
            # Only the listed version will do: another one is answered with a refusal.
            options: Any = {"if_match": entry.mark} if entry.mark else {}
            answer = obstore.get(self._client, entry.path, options=options)
            for chunk in answer.stream(min_chunk_size=_PIECE):
                yield bytes(chunk)

    def read_many(self, entries: Sequence[FileSeen]) -> list[bytes]:
        if len(entries) == 1:
            return [self.read(entries[0])]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(self.at_once) as threads:
            return list(threads.map(self.read, entries))

    def read(self, entry: FileSeen) -> bytes:
        content = b"".join(bounded(self.chunks(entry), entry))
        require_same(self, entry, len(content))
        return content

    def warning(self) -> str:
        return "S3 without encryption (tls: false): the files can be read on the way" if self._in_clear else ""

    def close(self) -> None:
        """The connections end with the client."""

    @contextmanager
    def _translated(self, place: str) -> Iterator[None]:
        from obstore import exceptions

        where = f"s3 {self._bucket} {place}".strip()
        try:
            yield
        except exceptions.PreconditionError:
            raise ContentRefused("incomplete_drop", "the file changed while it was read", where=where) from None
        except (exceptions.BaseError, OSError) as error:
            ours = _of_error(error, where)
            if isinstance(ours, AccessRefused) and any(code in str(error) for code in _WRONG_KEY):
                self._refused(ours)
            raise ours from None


def _of_error(error: Exception, where: str) -> TaihuError:
    """The error that an answer means. The library tells kinds of failed reads apart; of a failed listing only the text has the status."""
    from obstore import exceptions

    found = _STATUS.search(str(error))
    status = int(found[1]) if found else 0
    if isinstance(error, (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError)) or status in (401, 403):
        if any(code in str(error) for code in _WRONG_KEY):
            return AccessRefused("the server refused the key", where=where, fix="check user:, password: and region: of the account")
        return AccessRefused("the server denies access", where=where, fix="ask its operator to let the key list and read the bucket")
    if isinstance(error, (exceptions.NotFoundError, FileNotFoundError)) or status == 404:
        return NotFound("no such bucket or object", where=where, fix="correct collect: bucket:, or url: of the account")
    if 300 <= status < 500 and status not in (408, 409, 425, 429):
        return TerminalError(f"the server answered {status}", where=where, fix="check url: and region: of the account")
    return TransientError(f"the server cannot be reached or gave up ({type(error).__name__})", where=where)


def is_clear(account: Account) -> bool:
    """Whether what is sent could be read on the way."""
    parts = urllib.parse.urlsplit(account.url or "")
    return parts.scheme == "http" and not is_this_machine(parts.hostname or "")


def address_of(url: str, bucket: str) -> tuple[str, bool, str]:
    """Address, whether the bucket is in its host's name, and region (empty if it does not show).

    ``{bucket}`` in the address says where it belongs; without it the known clouds get it in front of the host, others behind.
    """
    parts = urllib.parse.urlsplit(url)
    if "{bucket}" in url:
        host = (parts.hostname or "").replace("{bucket}.", "")
        return url.replace("{bucket}", bucket).rstrip("/"), True, _region(host)
    region = _region(parts.hostname or "")
    if region:
        return f"{parts.scheme}://{bucket}.{parts.netloc}", True, region
    return url.rstrip("/"), False, ""


def _region(host: str) -> str:
    return next((match["region"] for cloud in _CLOUDS if (match := cloud.fullmatch(host))), "")


def _client(account: Account, secret_key: str, bucket: str, where: str) -> Any:
    from obstore.store import S3Store

    if not account.url:
        raise ManifestError(
            "an s3 account needs url:", where=where, fix="the address of the service, such as https://oss-cn-hangzhou.aliyuncs.com"
        )
    if is_clear(account) and account.tls:
        raise ManifestError("the files would travel without encryption", where=where, fix="use https://, or say tls: false")
    endpoint, in_host, region = address_of(account.url, bucket)
    return S3Store(
        bucket,
        endpoint=endpoint,
        access_key_id=account.user or "",
        secret_access_key=secret_key,
        region=account.region or region or "us-east-1",
        virtual_hosted_style_request=in_host,
        client_options={"allow_http": endpoint.startswith("http://"), "timeout": "60s", "connect_timeout": "30s"},
        retry_config={"max_retries": 0},
    )


def _seen(found: Any, folder: str) -> FileSeen:
    path = found["path"]
    at = found["last_modified"]
    name = path.removeprefix(folder).lstrip("/")
    return FileSeen(name, found["size"], int(at.timestamp() * 1000), at, mark=found["e_tag"] or "", path=path)


def _is_file(found: Any, folder: str) -> bool:
    """Tools put empty objects where other systems have folders."""
    return found["path"].rstrip("/") != folder and not found["path"].endswith("/")
