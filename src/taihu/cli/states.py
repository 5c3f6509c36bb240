"""Marks and words of the arrival matrix, for the terminal and the page alike."""

from __future__ import annotations

MARKS = {"arrived": "●", "nil": "○", "late": "◐", "missing": "×", "rejected": "!", "held": "?", "waived": "–", "expected": "·"}
STYLES = {
    "arrived": "green",
    "nil": "green",
    "late": "yellow",
    "missing": "red",
    "rejected": "red",
    "held": "magenta",
    "waived": "dim",
    "expected": "dim",
}
NAMES = {
    "arrived": ("已到", "arrived"),
    "nil": ("零申报", "nil return"),
    "late": ("迟到", "late"),
    "missing": ("未到", "missing"),
    "rejected": ("拒收", "rejected"),
    "held": ("待处理", "held"),
    "waived": ("豁免", "waived"),
    "expected": ("未到期", "not yet due"),
}
WEEKDAYS = (("一", "M"), ("二", "T"), ("三", "W"), ("四", "T"), ("五", "F"), ("六", "S"), ("日", "S"))
HOLIDAYS = {
    "元旦": "New Year",
    "春节": "Spring Festival",
    "清明节": "Qingming",
    "劳动节": "Labour Day",
    "端午节": "Dragon Boat",
    "中秋节": "Mid-Autumn",
    "国庆节": "National Day",
    "国庆节、中秋节": "National Day, Mid-Autumn",
    "中秋节、国庆节": "Mid-Autumn, National Day",
}
