"""dlt: one table to Parquet files in a folder. Run by ``.venv-bench``: BACKEND ADDRESS TABLE FOLDER CHUNK; prints JSON."""

import json
import sys
import time
from pathlib import Path

import dlt
from dlt.destinations import filesystem
from dlt.sources.sql_database import sql_table
from peak import peak_memory


def main() -> None:
    backend, address, table, folder, chunk = sys.argv[1:]
    room = Path(folder)
    options = {"backend_kwargs": {"return_type": "arrow"}} if backend == "connectorx" else {}
    pipeline = dlt.pipeline("bench", destination=filesystem(str(room / "files")), dataset_name="bench", pipelines_dir=str(room / "state"))
    started = time.perf_counter()
    resource_ = sql_table(address, table, backend=backend, chunk_size=int(chunk), reflection_level="full", **options)
    pipeline.run(resource_, loader_file_format="parquet")
    seconds = time.perf_counter() - started
    import pyarrow.parquet as pq

    files = sorted((room / "files" / "bench" / table).glob("*.parquet"))
    rows = sum(pq.ParquetFile(file).metadata.num_rows for file in files)
    peak = peak_memory()
    types = [str(kind) for kind in pq.ParquetFile(files[0]).schema_arrow.types]
    print(json.dumps({"seconds": seconds, "rows": rows, "peak": peak, "bytes": sum(file.stat().st_size for file in files), "types": types}))


main()
