"""The canonical forms of all columns in one SQL scan.

Most cells of a large table are already in the one obvious form. The engine turns those into values in a single pass; what it
leaves null although there is a text is left to :mod:`taihu.clean.values`, which sees only the distinct texts. Below a few
thousand rows planning a query costs more than reading the texts, so small files skip this.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from taihu.clean.checked import sql_test
from taihu.clean.values import PRECISION, SCALES
from taihu.engine.types import quoted, text_literal
from taihu.manifest.source import Column

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.engine.interface import Engine

WORTH_A_SCAN = 1500
_TABLE = "clean_scan.rows"
_ODD = "|".join(
    [
        r"""^[\s'="\x{A0}\x{3000}]|[\s\x{A0}\x{3000}]$""",
        r"[\x{200B}-\x{200D}\x{2060}\x{FEFF}\x{AD}]",
        r"^-?[0-9](\.[0-9]+)?[eE]\+?[0-9]+$",
        r"^[0-9]{16,}$",
        r"^#[A-Z0-9/]+[!?]?$",
    ]
)
_FIXED_ZONES = {"UTC": 0, "Asia/Shanghai": 8}


def scan(
    engine: Engine, rows: pa.Table, bound: Mapping[str, str], columns: Mapping[str, Column], missing: tuple[str, ...], zone: str
) -> pa.Table:
    """Typed values of the canonical texts, by column; null where the text is missing or wants a closer look."""
    expressions = [f"{_expression(columns[name], quoted(header), zone, missing)} AS {quoted(name)}" for name, header in bound.items()]
    engine.register(_TABLE, rows)
    try:
        return engine.query(f"SELECT {', '.join(expressions)} FROM {_TABLE}")
    finally:
        engine.drop(_TABLE)


def _expression(column: Column, text: str, zone: str, missing: tuple[str, ...]) -> str:
    if column.type in SCALES and column.scale == 1:
        scale = SCALES[column.type]
        pattern = rf"-?[0-9]{{1,{PRECISION - scale}}}(\.[0-9]{{1,{scale}}})?"
        return _when(text, pattern, f"TRY_CAST({text} AS DECIMAL({PRECISION}, {scale}))")
    if column.type == "integer":
        return _when(text, "-?[0-9]{1,18}", f"TRY_CAST({text} AS BIGINT)")
    if column.type == "date":
        return _when(text, "(19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}", f"TRY_CAST({text} AS DATE)")
    if column.type == "timestamp" and zone in _FIXED_ZONES:  # Shanghai has no other offset since 1992
        pattern = "(199[2-9]|20[0-9]{2})-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}"
        return _when(text, pattern, f"TRY_CAST({text} AS TIMESTAMP) - INTERVAL {_FIXED_ZONES[zone]} HOUR")
    if column.type == "text":
        listed = "".join(f" AND {text} <> {text_literal(word)}" for word in missing)
        return f"CASE WHEN {text} <> '' AND NOT regexp_matches({text}, {text_literal(_ODD)}){listed} THEN {text} END"
    test = sql_test(column.type, text)
    if test is not None:
        return f"CASE WHEN {test} THEN {text} END"
    return f"CASE WHEN {text} IS NULL THEN {text} END"


def _when(text: str, pattern: str, value: str) -> str:
    return f"CASE WHEN regexp_full_match({text}, {text_literal(pattern)}) THEN {value} END"
