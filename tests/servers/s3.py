"""moto's S3 server as a child of the tests, with an account of its own; keys are checked once it is set up."""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.servers.daemon import HOST, Daemon

# Requests that are taken without a look at their key: those that make the user who then has one.
_UNCHECKED = 3
_PAGE = 7


class S3Server(Daemon):
    """A running server with one bucket; :attr:`key` and :attr:`secret` are those of a user who may do everything."""

    def __init__(self, bucket: str, *, checks_keys: bool = False) -> None:
        super().__init__()
        self.bucket = bucket
        self.key, self.secret = "AKIAIOSFODNN7EXAMPLE", "secret"
        self._checks_keys = checks_keys
        self.user = "root"

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def command(self) -> Sequence[str]:
        # Short pages, so that every listing has to go on after its first.
        settings = [f"MOTO_S3_DEFAULT_MAX_KEYS={_PAGE}", *([f"INITIAL_NO_AUTH_ACTION_COUNT={_UNCHECKED}"] if self._checks_keys else [])]
        return ["env", *settings, str(Path(sys.executable).parent / "moto_server"), "-H", HOST, "-p", str(self.port)]

    def answers(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=5):
                return True
        except OSError:
            return False

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")

    def client(self, service: str = "s3") -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
        )

    def set_up(self) -> None:
        """The user and the bucket, as a server has them from the beginning."""
        if self._checks_keys:
            users = self.client("iam")
            users.create_user(UserName="bi")
            allowed = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
            users.put_user_policy(UserName="bi", PolicyName="all", PolicyDocument=allowed)
            made = users.create_access_key(UserName="bi")["AccessKey"]
            self.key, self.secret = made["AccessKeyId"], made["SecretAccessKey"]
        self.client().create_bucket(Bucket=self.bucket)

    def put(self, path: str, content: bytes) -> None:
        self.client().put_object(Bucket=self.bucket, Key=path, Body=content)
