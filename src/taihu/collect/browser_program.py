"""The system's browser as a program: where it is, how it is started, and one process for all that need it at the same time.

Starting costs a second and 150 MB, so sources that may contact the same hosts share a process; it ends when the last of them lets go.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from taihu.core.errors import ManifestError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

VARIABLE = "TAIHU_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "chrome", "msedge")
_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><include ignore_missing="yes">{}</include><dir>{}</dir></fontconfig>
"""
_driver: Any = None
_settings: TemporaryDirectory[str] | None = None
_running: dict[tuple[frozenset[str], bool], BrowserProgram] = {}


class BrowserProgram:
    """A running browser and how many use it."""

    def __init__(self, key: tuple[frozenset[str], bool], browser: Browser) -> None:
        self.browser = browser
        self.users = 0
        self._key = key

    def released(self) -> None:
        """One user less; the last one ends the process."""
        self.users -= 1
        if self.users <= 0:
            _running.pop(self._key, None)
            with suppress(Exception):  # a browser that has crashed cannot be closed
                self.browser.close()
            _stop_driver()


def acquired(hosts: frozenset[str], *, headed: bool = False) -> BrowserProgram:
    """The browser for these hosts, started if none runs; the caller calls :meth:`BrowserProgram.released` once.

    Raises:
        ManifestError: Playwright or a browser is not installed.
    """
    key = (hosts, headed)
    program = _running.get(key)
    if program is None or not program.browser.is_connected():
        program = _running[key] = BrowserProgram(key, _launched(hosts, headed))
    program.users += 1
    return program


def chromium_path() -> str:
    """Where the system's Chromium (or Chrome, or Edge) is.

    Raises:
        ManifestError: There is none.
    """
    given = os.environ.get(VARIABLE)
    if given:
        if Path(given).is_file():
            return given
        raise ManifestError(f"{VARIABLE} names no program", fix=f"set {VARIABLE} to the path of Chromium, Chrome or Edge")
    found = next((path for name in _NAMES if (path := shutil.which(name))), None) or next((p for p in _PLACES if Path(p).is_file()), None)
    if found is None:
        raise ManifestError(
            "engine: browser needs Chromium, Chrome or Edge, and none was found",
            fix=f"install it (Debian: apt install chromium), or set {VARIABLE}=/path/to/it",
        )
    return found


def _launched(hosts: frozenset[str], headed: bool) -> Browser:
    global _driver
    try:
        from playwright.sync_api import Error, sync_playwright
    except ModuleNotFoundError:
        raise ManifestError("engine: browser needs the package playwright", fix="pip install 'taihu[browser]'") from None
    path = chromium_path()
    if _driver is None:
        _driver = sync_playwright().start()
    listed = " , ".join(["MAP * ~NOTFOUND", *(f"EXCLUDE {host}" for host in sorted(hosts))])
    arguments = [f"--host-resolver-rules={listed}", "--disable-background-networking", "--no-first-run", "--disable-sync"]
    if sys.platform.startswith("linux") and os.geteuid() == 0:
        arguments.append("--no-sandbox")  # Chromium refuses to run as root with it
    try:
        browser: Browser = _driver.chromium.launch(
            executable_path=path, headless=not headed, args=arguments, env={**os.environ, **_with_chinese_font()}
        )
        return browser
    except Error:
        _stop_driver()
        missing = headed and sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
        fix = "run it where there is a screen" if missing else "start it once by hand to see why"
        raise ManifestError(f"the browser {path} could not be started", fix=fix) from None


def _with_chinese_font() -> dict[str, str]:
    """Where the browser finds our packaged font beside those of the system (or of the settings that are in force).

    A server without Chinese fonts would draw a page as boxes, and on one without any font Chromium dies.
    """
    global _settings
    if not sys.platform.startswith("linux"):
        return {}
    from taihu.render.fonts import folder

    if _settings is None:
        _settings = TemporaryDirectory(prefix="taihu-fonts-")
        others = Path("/etc/fonts") / os.environ.get("FONTCONFIG_FILE", "fonts.conf")
        (Path(_settings.name) / "fonts.conf").write_text(_FONTS.format(escape(str(others)), escape(str(folder()))), encoding="utf-8")
    return {"FONTCONFIG_FILE": str(Path(_settings.name) / "fonts.conf")}


def _stop_driver() -> None:
    global _driver, _settings
    if not _running and _driver is not None:
        driver, _driver = _driver, None
        with suppress(Exception):  # it may have gone with the browser
            driver.stop()
        if _settings is not None:
            _settings.cleanup()
            _settings = None
