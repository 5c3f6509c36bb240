"""``./do soak fuzz``: every reader under a fuzzer; only values or typed errors, within memory and time.

Each reader is fuzzed in a process of its own, without the door, so that its own faults show. What is found there is read once more
through the door: what counts is what a run would have said.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from taihu.core.types import FileRead
from tests.made.seeds import seeds
from tests.soak.fuzz_target import AS, MEMORY, ROOT, SECONDS

BROKEN = ("reader_failed", "reader_crashed", "took_too_long", "too_much_memory")


@dataclass
class Fuzzed:
    """One reader: how long (on the clock, and of processor time), how many inputs, and what was found."""

    reader: str
    seconds: float = 0.0
    spent: float = 0.0
    tried: int = 0
    slowest: float = 0.0
    peak: int = 0
    guided: bool = False
    findings: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        return not self.findings and self.slowest <= SECONDS and self.peak <= MEMORY and self.tried > 0


def fuzz(reader: str, seconds: float, seed: int, keep: Path | None = None) -> Fuzzed:
    """Fuzz one reader; a target that dies is started again with the time that is left.

    Args:
        keep: Folder for the inputs that were found.
    """
    result = Fuzzed(reader)
    with tempfile.TemporaryDirectory(prefix="taihu-fuzz-") as room:
        folder = Path(room)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > (1 if result.tried else -1):
            began = time.monotonic()
            (folder / "report.json").unlink(missing_ok=True)
            arguments = [reader, str(folder), str(max(1.0, left)), str(seed + result.tried)]
            command = [sys.executable, "-m", "tests.soak.fuzz_target", *arguments]
            environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
            ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
            result.seconds += time.monotonic() - began
            report = folder / "report.json"
            if report.exists():
                said = json.loads(report.read_text(encoding="utf-8"))
                result.tried += said["tried"]
                result.spent += said["spent"]
                result.slowest, result.peak = max(result.slowest, said["slowest"]), max(result.peak, said["peak"])
                result.guided = said["guided"]
            elif not (folder / "current").exists():
                raise RuntimeError(f"the target does not start: {ran.stderr[-2000:].decode('utf-8', 'replace')}")
            if ran.returncode:
                _judge(result, (folder / "current").read_bytes(), f"ended with {ran.returncode}", keep)
            elif time.monotonic() - began < 1:
                break
        if keep is not None and (folder / "slowest").exists():
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{reader}-slowest.bin").write_bytes((folder / "slowest").read_bytes())
        for path in sorted((folder / "found").glob("*.txt")) if (folder / "found").exists() else ():
            _judge(result, path.with_suffix("").read_bytes(), path.read_text(encoding="utf-8"), keep, caught=True)
    return result


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


def section(results: Sequence[Fuzzed], today: dt.date) -> str:
    """The results as a section of the page."""
    guided = all(each.guided for each in results)
    how = "atheris, guided by coverage" if guided else "by chance (atheris is not installed for this Python), without guidance"
    lines = [
        "| reader | minutes | of them processor | inputs | slowest, s of processor | peak memory, MB | found |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for each in results:
        told = "; ".join(f"{held}: {what}" for held, what in each.findings) or "none"
        used = f"{each.seconds / 60:.1f} | {each.spent / 60:.1f} | {each.tried:,} | {each.slowest:.2f} | {each.peak / 1e6:.0f}"
        lines.append(f"| {each.reader} | {used} | {told.replace('|', '/')} |")
    minutes, tried = sum(each.seconds for each in results) / 60, sum(each.tried for each in results)
    spent = f"**{tried:,} inputs** in {minutes:.0f} minutes over {len(results)} of {len(seeds())} readers"
    found = sum(len(each.findings) for each in results)
    return (
        f"## fuzz\n\n{today.isoformat()}, {how}: {spent},"
        " with changes that keep archives and checksums whole."
        f" Allowed for each input: values or a known reason, {MEMORY // 10**6:,} MB, {SECONDS:.0f} s of processor time."
        f" {found or 'Nothing'} found.\n\n" + "\n".join(lines) + "\n"
    )


def readers(only: str = "") -> list[str]:
    """The readers that are fuzzed, or those among them that ``only`` lists."""
    wanted = [name for name in only.split(",") if name]
    unknown = set(wanted) - set(seeds())
    if unknown:
        raise SystemExit(f"no such reader: {', '.join(sorted(unknown))}; there are {', '.join(seeds())}")
    return wanted or list(seeds())
