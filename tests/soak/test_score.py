"""The marking of the score soak: what is not as it must be is named, and the page shows each company and each kind."""

from __future__ import annotations

import datetime as dt
from typing import Any

from taihu.demo.shape import draw_shape
from tests.soak.score import Scored, problems, section


def scored(seed: int, has_faults: bool = True, **said: Any) -> Scored:
    kind = {"kind": "unit_slip", "planted": 4, "detected": 4, "located": 4, "repaired": 0, "held": 4}
    usual = {
        "cells": 100,
        "differing_cells": 6,
        "facts_exact": False,
        "silently_wrong": 0,
        "silently_wrong_cells": [],
        "false_flag_rate": 0.0,
    }
    usual |= {"false_flags": [], "clean_files_read_rate": 1.0, "unread": [], "clean_files": 50, "company": draw_shape(seed).as_json()}
    return Scored(seed, True, has_faults, {**usual, "faults": [kind], **said})


def test_a_good_score_has_no_problems() -> None:
    assert problems([scored(1), scored(2, has_faults=False, facts_exact=True, faults=[])]) == []


def test_each_fault_of_a_score_is_named() -> None:
    rare = {"kind": "empty_file", "planted": 2, "detected": 1, "located": 1, "repaired": 0, "held": 1}
    bad = [
        scored(1, silently_wrong=1, silently_wrong_cells=["mart 1 (2)"]),
        scored(2, false_flag_rate=0.01, false_flags=["a.csv: held"]),
        scored(3, clean_files_read_rate=0.98, unread=["b.csv"]),
        scored(4, faults=[rare]),
        scored(5, has_faults=False, faults=[]),
    ]
    named = "\n".join(problems(bad))
    expected = ("1: 1 silently wrong", "2: false flags", "3: unread", "4: empty_file planted 2", "5: figures off")
    for words in (*(f"seed {each}" for each in expected), "empty_file: 1 of 2"):
        assert words in named
    page = section(bad, dt.date(2026, 11, 25))
    assert "| unit_slip | 12 | 12 | 12 | 0 | 12 |" in page and "Not as it must be" in page and page.count("\n| 5, no faults") == 1
