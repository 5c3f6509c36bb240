"""``./do soak fuzz``: every reader under a fuzzer; only values or typed errors, within memory and time.

Each reader is fuzzed in a process of its own, without the door, so that its own faults show. What is found there is read once more
through the door: what counts is what a run would have said.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from taihu.core.types import FileRead
from tests.soak.fuzz_target import AS, MEMORY, ROOT, SECONDS

BROKEN = ("reader_failed", "reader_crashed", "took_too_long", "too_much_memory")


@dataclass
class Fuzzed:
    """One reader: how long (seconds of processor time), how many inputs, and what was found.

    Attributes:
        stopped: Whether somebody stopped it before its time was over.
    """

    reader: str
    spent: float = 0.0
    tried: int = 0
    slowest: float = 0.0
    peak: int = 0
    guided: bool = False
    stopped: bool = False
    findings: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        return not self.findings and self.slowest <= SECONDS and self.peak <= MEMORY and self.tried > 0


def fuzz(reader: str, seconds: float, seed: int, keep: Path | None = None, corpus: Path | None = None) -> Fuzzed:
    """Fuzz one reader; a target that dies is started again with the time that is left.

    Args:
        seconds: Of processor time, without the start.
        keep: Folder for the inputs that were found.
        corpus: Folder of inputs that reached new code before, and will; one for this call if not given.
    """
    result = Fuzzed(reader)
    with tempfile.TemporaryDirectory(prefix="taihu-fuzz-") as room:
        folder = Path(room)
        known = corpus or folder / "corpus"
        while not result.stopped and result.spent < seconds:
            before = result.spent
            code, said = _target(result, folder, [str(seconds - before), str(seed + result.tried), str(known)])
            if code and not result.stopped:
                if not (folder / "current").exists():
                    raise RuntimeError(f"the target does not start: {said[-2000:].decode('utf-8', 'replace')}")
                _judge(result, (folder / "current").read_bytes(), f"ended with {code}", keep)
                # What ends the process at once, time after time, gives no report; it must not go on for ever.
                result.spent = max(result.spent, before + 1)
        if keep is not None and (folder / "slowest").exists():
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{reader}-slowest.bin").write_bytes((folder / "slowest").read_bytes())
        for path in sorted((folder / "found").glob("*.txt")) if (folder / "found").exists() else ():
            _judge(result, path.with_suffix("").read_bytes(), path.read_text(encoding="utf-8"), keep, caught=True)
    return result


def _target(result: Fuzzed, folder: Path, arguments: Sequence[str]) -> tuple[int, bytes]:
    """Start the target once and add up what it reports, also if it is stopped; gives how it ended and what it printed."""
    (folder / "report.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.soak.fuzz_target", result.reader, str(folder), *arguments]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    with (folder / "said").open("w+b") as said:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=said, stderr=said)
        try:
            process.wait()
        except KeyboardInterrupt:
            result.stopped = True
            process.kill()
            process.wait()
        said.seek(max(0, said.tell() - 2000))
        printed = said.read()
    report = folder / "report.json"
    if report.exists():
        told = json.loads(report.read_text(encoding="utf-8"))
        result.tried += told["tried"]
        result.spent += told["spent"]
        result.slowest, result.peak = max(result.slowest, told["slowest"]), max(result.peak, told["peak"])
        result.guided = told["guided"]
    return process.returncode, printed


def _judge(result: Fuzzed, content: bytes, what: str, keep: Path | None, *, caught: bool = False) -> None:
    """Read it through the door; an error that the target caught counts in any case."""
    held = {read.held for read in through_the_door(result.reader, content)} & set(BROKEN)
    if not held and not caught:
        return
    result.findings.append((", ".join(sorted(held)) or "not typed", what.partition("\n")[0]))
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        number = len(result.findings)
        (keep / f"{result.reader}-{number}.bin").write_bytes(content)
        (keep / f"{result.reader}-{number}.txt").write_text(what, encoding="utf-8")


def through_the_door(reader: str, content: bytes) -> list[FileRead]:
    """What a run would say of it, and what ``taihu read`` says."""
    from taihu.manifest.layout import LayoutFile
    from taihu.manifest.source import Read
    from taihu.read import read_file

    contract = Read.model_validate({"as": AS.get(reader, "csv")})
    layouts = {"a": LayoutFile.model_validate({"header": ["门店", "数量"]})}
    return [
        read_file(content, "流向.x", passwords=["p1"]),
        read_file(content, "流向.x", read=contract, layouts=layouts, passwords=["p1"]),
    ]
