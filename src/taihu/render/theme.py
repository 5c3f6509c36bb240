"""Colours and names of the look that all formats share.

Colour says *good or bad*, the arrow says *up or down*: green is favourable and red is not, as in business reports, and not
as on Chinese stock screens, where red is up. Fewer stock days are green with an arrow down. The legend says so on each report.
"""

from __future__ import annotations

from typing import Literal

Tone = Literal["good", "bad", "flat", "warn"]

INK = "#17252F"
MUTED = "#5D6B78"
FAINT = "#93A0AB"
HAIRLINE = "#DCE3E8"
PAPER = "#FFFFFF"
MIST = "#F3F7F8"
LAKE = "#0E5566"
LAKE_LIGHT = "#E3EFF1"
GOOD = "#12784A"
GOOD_LIGHT = "#E6F4EC"
BAD = "#C0302B"
BAD_LIGHT = "#FBEAE9"
WARN = "#9A6208"
WARN_LIGHT = "#FFF5DF"

SERIES = ("#0E6E83", "#E2A03F", "#7C83C4", "#C8624A", "#6FA287", "#8A6D8F", "#4B9FD1", "#A59A7B")
"""Colours of chart series in order; told apart in greyscale and with the common colour blindnesses by their lightness."""

TONES: dict[Tone, str] = {"good": GOOD, "bad": BAD, "flat": MUTED, "warn": WARN}
LIGHT_TONES: dict[Tone, str] = {"good": GOOD_LIGHT, "bad": BAD_LIGHT, "flat": MIST, "warn": WARN_LIGHT}

OFFICE_FONT = "Microsoft YaHei"
"""Only the name goes into workbooks and slides; readers without it fall back to their own Chinese font."""

MAIL_FONTS = "-apple-system,'PingFang SC','Microsoft YaHei','Noto Sans SC','Noto Sans CJK SC','Segoe UI',Arial,sans-serif"


def named_colours() -> dict[str, str]:
    """The colours by the names that templates use."""
    return {
        "ink": INK,
        "muted": MUTED,
        "faint": FAINT,
        "hairline": HAIRLINE,
        "paper": PAPER,
        "mist": MIST,
        "lake": LAKE,
        "lake_light": LAKE_LIGHT,
        "good": GOOD,
        "good_light": GOOD_LIGHT,
        "bad": BAD,
        "bad_light": BAD_LIGHT,
        "warn": WARN,
        "warn_light": WARN_LIGHT,
        "flat": MUTED,
        "flat_light": MIST,
    }
