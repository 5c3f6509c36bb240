"""A pytest plugin: the samples of a project test themselves.

``pytest -p taihu.testing.pytest_plugin PROJECT`` (or ``pytest_plugins = ["taihu.testing.pytest_plugin"]`` in a ``conftest.py``)
makes one test of every ``sources/*/samples/*.expected.json``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from taihu.manifest.tree import ProjectTree
from taihu.testing.samples import EXPECTED, check_sample, project_of


class SampleMismatch(Exception):
    """A sample was not read as its expectation states."""


class SampleItem(pytest.Item):
    """One sample."""

    def runtest(self) -> None:
        root = project_of(self.path)
        assert root is not None
        found = check_sample(_tree(root), self.path)
        if found:
            raise SampleMismatch("\n".join(found))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, SampleMismatch):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


class SampleFile(pytest.File):
    """One expectation file."""

    def collect(self) -> Iterator[SampleItem]:
        yield SampleItem.from_parent(self, name=self.path.name.removesuffix(EXPECTED))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SampleFile | None:
    """Take ``samples/*.expected.json`` of a project."""
    if file_path.name.endswith(EXPECTED) and file_path.parent.name == "samples" and project_of(file_path) is not None:
        return SampleFile.from_parent(parent, path=file_path)
    return None


@lru_cache(maxsize=8)
def _tree(root: Path) -> ProjectTree:
    from taihu.project.load import load_tree

    return load_tree(root)
