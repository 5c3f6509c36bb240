"""django-oscar as a foreign supplier's portal, in an environment of its own: run, never imported."""

from __future__ import annotations

import sqlite3
import subprocess
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.servers.daemon import Daemon

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-foreign" / "bin" / "python"
SITE = ROOT / "tests" / "foreign" / "oscar"
PASSWORD = "s3cret-Portal&7"


class OscarServer(Daemon):
    """The shop with a staff user ``bi`` and 40 orders, four a day from 2026-11-10 to 2026-11-19."""

    def __init__(self) -> None:
        super().__init__()
        subprocess.run(self._with_settings("seed.py"), cwd=SITE, check=True, capture_output=True, timeout=300)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> Sequence[str]:
        return self._with_settings("-m", "django", "runserver", "--noreload", f"127.0.0.1:{self.port}")

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/dashboard/login/", timeout=30) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def drop_sessions(self) -> int:
        """End every session, as a restart of the portal does; returns how many there were."""
        with closing(sqlite3.connect(self.folder / "oscar.sqlite3", timeout=60)) as database, database:
            return database.execute("DELETE FROM django_session").rowcount

    def requests(self) -> list[str]:
        """The request lines of the server's log."""
        return [line.split('"')[1] for line in self.log.read_text(errors="replace").splitlines() if '] "' in line]

    def _with_settings(self, *arguments: str) -> list[str]:
        settings = {
            "OSCAR_FOLDER": str(self.folder),
            "OSCAR_PASSWORD": PASSWORD,
            "DJANGO_SETTINGS_MODULE": "settings",
            "PYTHONPATH": str(SITE),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return ["/usr/bin/env", *(f"{name}={value}" for name, value in settings.items()), str(PYTHON), *arguments]

    def _as_user(self) -> dict[str, Any]:
        return {}  # it runs as root too, and its environment may lie where nobody else may look
