"""What makes the suite quick without making it smaller: temporary files in memory, compiled modules, and which tests share a worker.

The mark ``xdist_group`` would say at the test which tests share something costly to make, but pytest-xdist 3.8 writes it to an
attribute that pytest 9.2 no longer has, and then spreads a group over all workers without a word.
"""

from __future__ import annotations

import compileall
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import taihu  # before anything imports numpy: it says how many threads that may use

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

MEMORY = Path("/dev/shm")
ROOM = 2 * 10**9  # bytes; a whole suite leaves some 200 MB

GROUPS = {
    **dict.fromkeys(
        ("tests/e2e/test_again.py", "tests/e2e/test_commands.py", "tests/e2e/test_explain.py", "tests/e2e/test_privacy.py")
        + ("tests/e2e/test_row_filters.py",),
        "company",
    ),
    "tests/e2e/test_bad_input.py": "bad input",
    "tests/e2e/test_cn_statements.py": "statements",
    "tests/soak/test_kill.py": "kill",
}
# In this order; a long one that begins last would leave the other worker idle.
LONGEST = (
    "kill", "company", "tests/soak/test_collect.py", "tests/foreign/test_oscar.py", "tests/unit/run/test_loading.py",
    "tests/unit/run/test_reporting.py", "tests/unit/read/test_bombs.py", "tests/unit/collect/test_portal_recipe.py",
    "tests/unit/read/test_hostile.py", "tests/unit/run/test_states.py", "tests/unit/ledger/test_safety.py",
    "tests/unit/read/test_pdf.py", "tests/unit/run/test_matching.py", "tests/e2e/test_starter.py", "bad input",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Before the first test, and before the processes that it starts."""
    if "TMPDIR" not in os.environ and _is_room_in_memory():
        # Small projects wait for a disk (fsync) as long as they work, and no test can see what a power cut leaves on one.
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    if not hasattr(config, "workerinput"):
        # A reader's process keeps nothing that it compiled, and there are hundreds of them.
        compileall.compile_dir(Path(taihu.__file__).parent, quiet=2)


def _is_room_in_memory() -> bool:
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return False
    runs_programs = not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC
    return runs_programs and shutil.disk_usage(MEMORY).free > ROOM


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """With ``--dist loadgroup``: a group goes to one worker, the longest first; every other file is a unit of its own."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return GROUPS.get(file, file)

        def _assign_work_unit(self, node: object) -> None:
            for group in reversed(LONGEST):
                if group in self.workqueue:
                    self.workqueue.move_to_end(group, last=False)
            super()._assign_work_unit(node)

    return ByGroup(config, log)
