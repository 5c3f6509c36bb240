"""What a fuzzer calls: one input through one reader, in every way that the project reads it.

``python -m tests.soak.fuzz_target READER FOLDER SECONDS SEED CORPUS`` fuzzes for so many seconds of processor time (the start, which
measures out the code, is not among them), guided by coverage where atheris is installed (in the environment ``.venv-fuzz``), else by
chance alone. What raises an error without a type is kept in ``FOLDER/found``; what ends the process is left in ``FOLDER/current``; what
reached new code stays in ``CORPUS``, where the next start goes on.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from taihu.core.errors import ContentRefused
from taihu.core.reasons import REASONS
from taihu.core.types import FileRead, Position
from taihu.read.wire import packed, unpacked

ROOT = Path(__file__).parents[2]
SECONDS, MEMORY = 10.0, 1_000_000_000
AS = {
    **dict.fromkeys(("xlsx", "xlsb", "xls", "ods", "spreadsheetml", "encrypted"), "excel"),
    **dict.fromkeys(("invoice", "ofd"), "invoice"),
    **dict.fromkeys(("json", "parquet"), "typed"),
    "html": "html",
    "pdf": "pdf",
}
# Where coverage is measured: our own code and what is Python in the readers that others wrote.
INSTRUMENTED = ("taihu.read", "taihu.formats", "olefile", "msoffcrypto", "py7zr", "pdfplumber", "pdfminer", "email")
LIBRARIES = {"pdf": ("pdfplumber",), "7z": ("py7zr",), "encrypted": ("msoffcrypto",), "msg": ("olefile",), "xls": ("olefile",)}


class Untyped(AssertionError):
    """A result that is no value and no known reason."""


def target(reader: str) -> Callable[[bytes], None]:
    """Reads one input blind and as a contract would; raises what is not typed."""
    from taihu.formats.mail_headers import parse_mail
    from taihu.manifest.layout import LayoutFile
    from taihu.manifest.source import Read
    from taihu.read.file import read_file

    contract = Read.model_validate({"as": AS.get(reader, "csv")})
    totals = [{"row": "合计", "of": ["数量"], "required": False}]
    layouts = {
        "a": LayoutFile.model_validate({"header": ["门店", "数量"], "until": {"first_cell": ["合计"]}, "totals": totals}),
        "b": LayoutFile.model_validate({"header": ["编号", "数量"], "columns_at": [0, 6, 9]}),
    }

    def one(content: bytes) -> None:
        for read, known in ((None, None), (contract, layouts)):
            try:
                check(read_file(content, "流向.x", read=read, layouts=known, passwords=["p1"]))
            except ContentRefused:
                continue
        if reader == "eml":
            try:
                mail = parse_mail(content)
            except Exception:  # the mail's collector refuses it as damaged
                return
            for part in mail.parts:
                assert isinstance(part.text, str) and isinstance(part.is_attachment, bool)

    return one


def check(read: FileRead) -> None:
    """Every reason is known, every row has its place, and all of it passes between processes unchanged.

    Raises:
        Untyped, ValueError: It is not so.
    """
    reasons = [read.held, *(member.reason or None for member in read.members)]
    reasons += [note.reason for table in read.tables for note in table.notes]
    unknown = {reason for reason in reasons if reason is not None} - set(REASONS)
    if unknown:
        raise Untyped(f"unknown reasons {unknown}")
    for table in read.tables:
        for place in table.rows.column("_src_row").to_pylist():
            Position.parse(place)
    said, buffers = packed(read)
    if unpacked(json.loads(json.dumps(said)), b"".join(buffers)) != read:
        raise Untyped("what passes between processes is not the same")


class Harness:
    """Runs the target, keeps what it finds and counts.

    Attributes:
        tried: How many inputs there were.
        slowest: Processor seconds of the slowest.
        spent: Processor seconds since the first input.
    """

    def __init__(self, one: Callable[[bytes], None], folder: Path, *, guided: bool, seconds: float = math.inf) -> None:
        self._one, self._seconds, self._began = one, seconds, time.process_time()
        self._report, self._reported, self._slow = folder / "report.json", 0.0, folder / "slowest"
        self._guided = guided
        self._current = (folder / "current").open("wb", buffering=0)
        self._found = folder / "found"
        self._found.mkdir(exist_ok=True)
        self._known: set[str] = set()
        self.tried = 0
        self.slowest = 0.0

    def __call__(self, content: bytes) -> None:
        self._current.seek(0)
        self._current.truncate()
        self._current.write(content)
        # A reader that spins is ended by the system; the input is then in its file.
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        began = time.process_time()
        try:
            self._one(content)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self._keep(content, error)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        self.tried += 1
        took = time.process_time() - began
        if took > self.slowest:
            self.slowest = took
            if took > 1:
                self._slow.write_bytes(content)
        # What ends the process ends it without a word, so what is known is written down as it goes.
        if time.monotonic() > self._reported + 0.5 or self.spent >= self._seconds:
            self._write()
        if self.spent >= self._seconds:
            os._exit(0)  # the fuzzer itself knows the clock alone, which says little where other work is done at the same time

    @property
    def spent(self) -> float:
        return time.process_time() - self._began

    def _write(self) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        said = {"tried": self.tried, "slowest": self.slowest, "peak": peak, "guided": self._guided, "spent": self.spent}
        # Put in its place at once: whoever is stopped meanwhile leaves a whole report.
        whole = self._report.with_suffix(".new")
        whole.write_text(json.dumps(said), encoding="utf-8")
        whole.replace(self._report)
        self._reported = time.monotonic()

    def _keep(self, content: bytes, error: BaseException) -> None:
        frames = traceback.extract_tb(error.__traceback__)
        own = next((frame for frame in reversed(frames) if "/taihu/" in frame.filename), frames[-1])
        what = f"{type(error).__name__} at {Path(own.filename).name}:{own.lineno}"
        if what in self._known:
            return
        self._known.add(what)
        name = hashlib.sha256(content).hexdigest()[:16]
        (self._found / name).write_bytes(content)
        (self._found / f"{name}.txt").write_text(
            f"{what}\n{error}\n{''.join(traceback.format_tb(error.__traceback__)[-6:])}", encoding="utf-8"
        )


def by_chance(harness: Harness, seeds: list[bytes], seconds: float, seed: int) -> None:
    """Without guidance: each input is a seed, or an earlier input, changed once more."""
    from tests.made.mutations import mutated

    chance, pool = Random(seed), list(seeds)
    for content in seeds:
        harness(content)
    while harness.spent < seconds:
        content = mutated(chance.choice(pool), chance, others=seeds)
        harness(content)
        if chance.random() < 0.02:
            pool.append(content)
            if len(pool) > 200:
                pool.pop(chance.randrange(len(seeds), len(pool)))


def guided(atheris: Any, harness: Harness, folder: Path, corpus: Path, seeds: list[bytes], seed: int) -> None:
    """With atheris: what reaches new code is kept and changed again, until the harness ends it."""
    from tests.made.mutations import mutated

    corpus.mkdir(parents=True, exist_ok=True)
    for content in seeds:
        (corpus / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)

    def mutator(content: bytes, most: int, number: int) -> bytes:
        return mutated(
            bytes(content), Random(number), most=most, base=lambda part: bytes(atheris.Mutate(part, len(part) + 4096)), others=seeds
        )

    arguments = [
        sys.argv[0],
        str(corpus),
        f"-seed={seed % 2**31 or 1}",
        "-max_len=65536",
        "-rss_limit_mb=0",
    ]
    arguments += ["-timeout=600", f"-artifact_prefix={folder}/", "-print_final_stats=1", "-verbosity=1", "-len_control=0"]
    atheris.Setup(arguments, harness, custom_mutator=mutator)
    atheris.Fuzz()


def main() -> None:
    reader, folder, seconds, seed, corpus = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5])
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    atheris = _atheris()
    if atheris is not None:
        with atheris.instrument_imports(include=list(INSTRUMENTED)):
            _import_readers(reader)
    from tests.made.seeds import seeds

    begun = seeds()[reader]
    harness = Harness(target(reader), folder, guided=atheris is not None, seconds=seconds)
    if atheris is None:
        by_chance(harness, begun, seconds, seed)
    else:
        guided(atheris, harness, folder, corpus, begun, seed)


def _atheris() -> Any:
    """The module from the environment beside this one; None where it is not installed."""
    import importlib

    places = sorted((ROOT / ".venv-fuzz").glob("lib/python*/site-packages"))
    if not places or f"python{sys.version_info[0]}.{sys.version_info[1]}" not in str(places[0]):
        return None
    sys.path.append(str(places[0]))
    try:
        return importlib.import_module("atheris")
    except ImportError:
        return None


def _import_readers(reader: str) -> None:
    import importlib
    import pkgutil

    import taihu.read

    for module in pkgutil.iter_modules(taihu.read.__path__):
        importlib.import_module(f"taihu.read.{module.name}")
    for name in ("taihu.formats.mail_headers", *LIBRARIES.get(reader, ())):
        importlib.import_module(name)


if __name__ == "__main__":
    main()
