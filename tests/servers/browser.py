"""One browser for all tests of a module: starting one takes a second, and a run of its own would start one each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from taihu.core.errors import ManifestError


def keep_browser(*hosts: str) -> Iterator[None]:
    """Hold the browser for these hosts open; skips where there is none."""
    from taihu.collect.browser_program import acquired

    try:
        program = acquired(frozenset(hosts))
    except ManifestError as error:
        pytest.skip(f"no browser: {error}")
    yield
    program.released()
