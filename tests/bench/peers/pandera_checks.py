"""The rules of :mod:`tests.bench.checks` in pandera on polars. Run by ``.venv-bench``: FILE RULES KEY; prints one JSON object.

RULES is a JSON list of SQL conditions, which polars reads itself: pandera gets one check a rule, so that each is counted alone.
"""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pandera.polars as pa
import polars as pl
from peak import peak_memory


def rule(sql, name):
    return pa.Check(lambda data: data.lazyframe.select(pl.sql_expr(sql).fill_null(value=False)), name=name, error=name)


def main():
    path, rules, key = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
    schema = pa.DataFrameSchema(checks=[rule(sql, f"rule {number}") for number, sql in enumerate(rules)])
    unique = pa.DataFrameSchema(unique=key)
    started = time.perf_counter()
    cpu = time.process_time()
    frame = pl.read_parquet(path)
    said = {"rows": frame.height, "failed": failing(schema, frame)}
    said |= {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu, "peak": peak_memory()}
    started = time.perf_counter()
    said["repeated"] = failing(unique, frame.select(key))
    said |= {"unique_seconds": time.perf_counter() - started, "unique_peak": peak_memory()}
    print(json.dumps(said))


def failing(schema, frame):
    """Names of the checks that fail."""
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        return sorted({str(each.check.error if hasattr(each.check, "error") else each.check) for each in error.schema_errors})
    return []


main()
