"""How much speaks for two records being one thing: the Fellegi-Sunter model as Splink computes it, on DuckDB.

The weights of each level of agreement are given, not learned from the list at hand, so a small list is judged like a large one and a
run gives the same answer tomorrow. How common a value is counts by the list itself: a name or telephone that a hundred records share
says little. Splink is loaded only when something is scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

ID = "id"
# A small list says little of how common a value is, so it is read as if so many records of the wide world stood behind it.
_WORLD = 3000


@dataclass(frozen=True, slots=True)
class Level:
    """One degree of agreement.

    Attributes:
        holds: SQL over ``<column>_l`` and ``<column>_r``.
        same: Share of the pairs of one thing that have it (m).
        other: Share of the pairs of two things that have it (u).
        frequency: The column whose value, equal on both sides, counts the less the more often it occurs.
    """

    holds: str
    same: float | None = None
    other: float | None = None
    frequency: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Levels from the strongest on, what is missing says nothing, the last level is all the rest."""

    name: str
    missing: str
    levels: Sequence[Level]
    rest: Level


@dataclass(frozen=True, slots=True)
class Model:
    """What is compared, and which pairs at all.

    Attributes:
        candidates: Columns that have to be equal for a pair to be looked at; one entry is enough.
        partners: How many other records of the same thing a record has on average.
    """

    comparisons: Sequence[Comparison]
    candidates: Sequence[Sequence[str]]
    partners: float = 1.0


def score(
    records: pa.Table, model: Model, *, least: float, memory_limit: str = "1GB", threads: int = 2, train: Sequence[str] = ()
) -> pa.Table:
    """Candidate pairs with the probability that both are one thing.

    Args:
        records: A row for each record: ``id`` (unique text) and the columns that the model names; an absent value is null.
        least: Pairs below this probability are left out.
        train: Where the weights are to be learned from the records themselves (expectation maximisation): the columns by which
            pairs are drawn for it, one session each.

    Returns:
        ``left``, ``right`` (ids, left before right) and ``probability``, the strongest pairs first.
    """
    import logging

    import pyarrow as pa
    from splink import DuckDBAPI, Linker, block_on

    empty = pa.table({"left": pa.array([], pa.string()), "right": pa.array([], pa.string()), "probability": pa.array([], pa.float64())})
    if records.num_rows < 2:
        return empty
    logging.getLogger("splink").setLevel(logging.ERROR)
    database = DuckDBAPI()
    connection = database.duckdb_con
    try:
        for setting in (f"memory_limit = '{memory_limit}'", f"threads = {threads}", "autoinstall_known_extensions = false"):
            connection.execute(f"SET {setting}")
        linker = Linker(database.register(records), _settings(model, records.num_rows), log_level=None)
        for column, share in _frequencies(model).items():
            shares = database.register(_shares(records[column], share).rename_columns([column, f"tf_{column}"]))
            linker.table_management.register_term_frequency_lookup(shares, column)
        if train:
            linker.training.estimate_u_using_random_sampling(max_pairs=1_000_000, seed=1)
            for column in train:
                linker.training.estimate_parameters_using_expectation_maximisation(block_on(column))
        pairs = linker.inference.predict(threshold_match_probability=least).physical_name
        return connection.sql(
            f"SELECT least({ID}_l, {ID}_r) AS left, greatest({ID}_l, {ID}_r) AS right, match_probability AS probability"
            f" FROM {pairs} ORDER BY round(match_weight, 6) DESC, 1, 2"
        ).to_arrow_table()
    finally:
        connection.close()


def _frequencies(model: Model) -> dict[str, float]:
    """Columns whose values count by how common they are, with the share of pairs that agree in them anyway."""
    levels = (level for each in model.comparisons for level in each.levels)
    shares: dict[str, float] = {}
    for level in levels:
        if level.frequency and level.other is not None:
            shares[level.frequency] = shares.get(level.frequency, 0.0) + level.other
    return shares


def _shares(values: pa.ChunkedArray, share: float) -> pa.Table:
    """How common each value is: as in the list, drawn towards ``share`` the more, the shorter the list."""
    import pyarrow as pa
    import pyarrow.compute as pc

    known = values.drop_null()
    counts = known.value_counts()
    others = pc.subtract(counts.field("counts"), 1)
    smooth = pc.divide(pc.add(pc.cast(others, pa.float64()), share * _WORLD), float(len(known) + _WORLD))
    return pa.table({"value": counts.field("values"), "tf": smooth})


def _settings(model: Model, records: int) -> dict[str, Any]:
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": ID,
        "probability_two_random_records_match": model.partners / max(records, _WORLD),
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": " AND ".join(f"l.{column} = r.{column}" for column in columns), "sql_dialect": "duckdb"}
            for columns in model.candidates
        ],
        "comparisons": [_comparison(each) for each in model.comparisons],
    }


def _comparison(each: Comparison) -> dict[str, Any]:
    missing = {"sql_condition": each.missing, "label_for_charts": "missing", "is_null_level": True}
    levels = [_level(level) for level in each.levels]
    return {"output_column_name": each.name, "comparison_levels": [missing, *levels, {**_level(each.rest), "sql_condition": "ELSE"}]}


def _level(level: Level) -> dict[str, Any]:
    known = {"m_probability": level.same, "u_probability": level.other}
    said: dict[str, Any] = {"sql_condition": level.holds, "label_for_charts": level.holds or "rest"}
    said |= {name: value for name, value in known.items() if value is not None}
    if level.frequency:
        said |= {"tf_adjustment_column": level.frequency, "tf_adjustment_weight": 1.0, "disable_tf_exact_match_detection": True}
    return said
