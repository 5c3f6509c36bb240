"""What people see on a terminal: two languages, progress bars on a terminal only, JSON on stdout, words on stderr."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from taihu.core.clock import instant_text
from taihu.core.errors import UsageError
from taihu.core.grammar import singular
from taihu.core.types import Lang, Text

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

_lang: Lang = "en"


def choose_language(wanted: str | None) -> None:
    """``zh`` or ``en``; without a wish the environment decides."""
    global _lang
    if wanted is not None and wanted not in ("zh", "en"):
        raise UsageError(f"there is no language {wanted!r}", fix="--lang zh or --lang en")
    name = wanted or os.environ.get("TAIHU_LANG") or os.environ.get("LANG", "")
    _lang = "zh" if name.lower().startswith("zh") else "en"


def lang() -> Lang:
    return _lang


def t(zh: str, en: str) -> str:
    """The text in the chosen language."""
    return zh if _lang == "zh" else singular(en)


def tt(text: Text) -> str:
    return text.in_(_lang)


def told(sentence: str) -> str:
    """A sentence of an error in the chosen language, as far as it is known there."""
    if _lang != "zh":
        return sentence
    from taihu.cli.error_words import in_chinese

    return in_chinese(sentence)


def say(text: str = "") -> None:
    """A line for people."""
    print(text, file=sys.stderr, flush=True)


def show_json(value: Any) -> None:
    """One JSON object on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=_json_text))


def _json_text(value: Any) -> str:
    """Instants in their one form; whatever else JSON has no type for as its text."""
    return instant_text(value) if isinstance(value, dt.datetime) else str(value)


def rich_console(*, err: bool = True) -> Any:
    """A rich console for tables; colours only on a terminal."""
    from rich.console import Console

    is_terminal = (sys.stderr if err else sys.stdout).isatty()
    width = None if is_terminal or os.environ.get("COLUMNS") else 120
    return Console(stderr=err, width=width, highlight=False)


@contextlib.contextmanager
def busy(what: str) -> Iterator[None]:
    """Says on a terminal what is being worked on, as long as it takes; nothing elsewhere."""
    if not sys.stderr.isatty() or os.environ.get("NO_PROGRESS"):
        yield
        return
    with rich_console().status(what, spinner="dots"):
        yield


STAGES = {
    "collect": Text("采集", "collect"),
    "load": Text("入库", "load"),
    "build": Text("建模", "build"),
    "report": Text("报告", "report"),
    "docs": Text("文档", "documents"),
}


class TerminalProgress:
    """A live line on a terminal; one plain line a stage elsewhere, never both."""

    def __init__(self, title: str = "", total: int | None = None) -> None:
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None
        self._title = title
        self._started = time.monotonic()
        self._done = 0
        if sys.stderr.isatty() and not os.environ.get("NO_PROGRESS"):
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
            self._bar = Progress(*columns, console=rich_console(), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(title, total=total)

    def stage(self, name: str, total: int | None = None) -> None:
        del total
        if self._bar is not None and self._task is not None:
            label = tt(STAGES[name]) if name in STAGES else name
            self._bar.update(self._task, description=f"{self._title} · {label}")

    def step(self, what: str) -> None:
        self._done += 1
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=f"{self._title} · {what}")

    def advance(self, title: str, line: str) -> None:
        """One unit of the whole (a morning) is done; elsewhere than on a terminal this is the line that is printed."""
        self._title = title
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=1, description=title)
        else:
            say(f"{time.monotonic() - self._started:6.1f} s  {title}  {line}")

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
