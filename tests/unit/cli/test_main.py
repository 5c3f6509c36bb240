"""The front door: version and help, whatever stands around them."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from taihu import __version__
from taihu.cli.main import _lang_first, app


def test_version_needs_no_command() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout.strip()) == (0, f"taihu {__version__}")


@pytest.mark.parametrize(
    "given", [["status", "--lang", "zh", "-p", "x"], ["--lang", "zh", "status", "-p", "x"], ["status", "-p", "x", "--lang", "zh"]]
)
def test_lang_may_stand_anywhere(given: list[str]) -> None:
    assert _lang_first(given) == ["--lang", "zh", "status", "-p", "x"]
