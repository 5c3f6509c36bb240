"""The run log ``logs/taihu.jsonl`` of a project: one JSON object a line, for whoever has to find out what a night did.

It names sources, tables, counts and reasons, never contents; every line passes the redaction of secrets and personal data, those
of libraries too. What counts is in the ledger: the log may be deleted at any time.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taihu.core.errors import TaihuError

NAME = "logs/taihu.jsonl"
BYTES, FILES = 5_000_000, 3
_log = logging.getLogger("taihu")


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, message and the fields that were handed in."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_text:
            line["error"] = record.exc_text
        return json.dumps(line, ensure_ascii=False)


@contextmanager
def journal(project: Path, command: str) -> Iterator[None]:
    """Log to the project's file while a command works; how it ended is its last line."""
    if not (project / "taihu.yml").is_file():
        yield
        return
    handler = _handler(project / NAME)
    root = logging.getLogger()
    before = _log.level
    _log.setLevel(logging.INFO)
    root.addHandler(handler)
    try:
        record("started", command=command)
        yield
        record("ended", command=command)
    except TaihuError as error:
        record("failed", logging.ERROR, command=command, kind=type(error).__name__, what=error.what, where=error.where)
        raise
    except Exception as error:
        record("failed", logging.ERROR, command=command, kind=type(error).__name__)
        raise
    finally:
        root.removeHandler(handler)
        _log.setLevel(before)
        handler.close()


def record(message: str, level: int = logging.INFO, **fields: Any) -> None:
    """Write one line; the fields are redacted here, because a filter sees only the message."""
    from taihu.guard.redact import redact_value

    _log.log(level, message, extra={"fields": redact_value(fields)})


def _handler(path: Path) -> logging.Handler:
    from logging.handlers import RotatingFileHandler

    from taihu.guard.redact import RedactingFilter

    path.parent.mkdir(mode=0o700, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=BYTES, backupCount=FILES, encoding="utf-8")
    handler.setFormatter(JsonLines())
    handler.addFilter(RedactingFilter())
    return handler
