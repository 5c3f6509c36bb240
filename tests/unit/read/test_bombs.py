"""Files made to fill memory or to last for ever are refused with a reason, under 300 MB, in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.made import bombs

from taihu.core.reasons import REASONS

MOST_MEMORY = 300_000_000
READER = """
import json, resource, sys
from pathlib import Path
from taihu.read.blind import read_blind
for path in sorted(Path(sys.argv[1]).iterdir()):
    read = read_blind(path.read_bytes(), path.name)
    # The peak of this process alone; where the system does not tell, the one that getrusage gives.
    peaks = [line.split()[1] for line in Path("/proc/self/status").open() if line.startswith("VmHWM")] if sys.platform == "linux" else []
    peak = int(peaks[0]) if peaks else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([path.name, read.held, sorted({m.reason for m in read.members}), len(read.tables), peak * 1024]), flush=True)
"""


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, set[str], int, int]]:
    """What one process made of all bombs, one after the other."""
    folder = tmp_path_factory.mktemp("bombs")
    for name, content, _ in bombs.every():
        (folder / name).write_bytes(content)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "src")}
    ran = subprocess.run(
        [sys.executable, "-c", READER, str(folder)], env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    return {name: (held, set(reasons), tables, peak) for name, held, reasons, tables, peak in lines}


@pytest.mark.parametrize(("name", "reason"), bombs.NAMES)
def test_a_bomb_is_refused(name: str, reason: str, verdicts: dict[str, tuple[str, set[str], int, int]]) -> None:
    held, reasons, tables, peak = verdicts[name]
    assert held in REASONS and tables == 0
    assert reason in {held, *reasons}
    assert peak < MOST_MEMORY, f"{peak / 1e6:.0f} MB"


def test_every_bomb_was_tried(verdicts: dict[str, tuple[str, set[str], int, int]]) -> None:
    assert set(verdicts) == {name for name, _ in bombs.NAMES}
