"""The browser where the machine has no font at all, as on a small server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_FONTS = '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig></fontconfig>'
PROGRAM = """
from taihu.collect.browser_program import acquired
program = acquired(frozenset({"127.0.0.1"}))
page = program.browser.new_page()
page.set_content("<input id=a><p>销售日报</p>")
page.fill("#a", "数量")
page.screenshot(path="page.png")
print(page.input_value("#a"), page.locator("p").bounding_box()["height"] > 0)
program.released()
"""


@pytest.mark.skipif(sys.platform != "linux" or not any(map(shutil.which, BROWSERS)), reason="a browser and fontconfig are needed")
def test_a_page_is_drawn_where_there_is_no_font(tmp_path: Path) -> None:
    settings = tmp_path / "fonts.conf"
    settings.write_text(NO_FONTS, encoding="utf-8")
    environment = {**os.environ, "FONTCONFIG_FILE": str(settings), "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-X", "utf8", "-c", PROGRAM]
    ended = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert ended.stdout.split() == ["数量", "True"], ended.stderr[-1000:]
    assert (tmp_path / "page.png").stat().st_size > 1000
