"""Which tests share a worker: those that share something costly to make.

The mark ``xdist_group`` would say so at the test, but pytest-xdist 3.8 writes it to an attribute that pytest 9.2 no longer has, and
then spreads a group over all workers without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import taihu  # noqa: F401  before anything imports numpy: it says how many threads that may use

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

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
            for group in ("kill", "company"):
                if group in self.workqueue:
                    self.workqueue.move_to_end(group, last=False)
            super()._assign_work_unit(node)

    return ByGroup(config, log)
