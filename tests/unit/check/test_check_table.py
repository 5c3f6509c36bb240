import pyarrow as pa
import pytest

from taihu.check.table import Failure, check_table
from taihu.core.errors import ManifestError
from taihu.engine.duckdb import DuckDBEngine
from taihu.manifest.model import ModelCheck


def checks() -> list[ModelCheck]:
    return [
        ModelCheck(unique=("day", "channel"), **{"else": "hold"}),
        ModelCheck(not_null=("revenue", "channel"), **{"else": "warn"}),
        ModelCheck(sql="revenue >= 0", **{"else": "hold"}),
    ]


def test_failures_are_counted_and_say_what_must_happen() -> None:
    engine = DuckDBEngine()
    engine.register("mart.kpi", pa.table({"day": [1, 1, 2, 3], "channel": ["A", "A", "A", None], "revenue": [5, -1, None, 2]}))
    failures = check_table(engine, "mart.kpi", checks())
    assert failures[-1].detail == "unique(day, channel) fails for 1 key" and failures[2].detail == "sql(revenue >= 0) fails for 2 rows"
    assert failures == [
        Failure("not_null(revenue)", "value_missing", 1, "warn"),
        Failure("not_null(channel)", "value_missing", 1, "warn"),
        Failure("sql(revenue >= 0)", "rule_failed", 2, "hold"),
        Failure("unique(day, channel)", "duplicate_row", 1, "hold"),
    ]
    assert check_table(engine, "(SELECT * FROM mart.kpi WHERE day = 1 AND revenue > 0)", checks()) == []


def test_a_rule_that_does_not_fit_names_the_model() -> None:
    engine = DuckDBEngine()
    engine.register("mart.kpi", pa.table({"day": [1]}))
    with pytest.raises(ManifestError) as error:
        check_table(engine, "mart.kpi", [ModelCheck(sql="nope > 1", **{"else": "hold"})], where="models/mart/kpi.sql:4")
    assert error.value.where == "models/mart/kpi.sql:4" and "nope" in error.value.what
