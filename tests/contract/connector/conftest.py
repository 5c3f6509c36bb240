"""The shared suite explains its failures like a test module; which faults are played is chosen here."""

from __future__ import annotations

import os

import pytest

pytest.register_assert_rewrite("tests.contract.connector.contract")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The sample of the class, or every fault when ``./do soak faults`` asks for it."""
    if "fault" in metafunc.fixturenames and metafunc.cls is not None:
        from tests.faults.cells import FAULTS

        metafunc.parametrize("fault", FAULTS if os.environ.get("TAIHU_FAULTS") == "all" else metafunc.cls.sampled_faults)
