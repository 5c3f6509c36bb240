"""Reading beside those who only give cells: workbooks beside openpyxl and python-calamine, delimited texts beside DuckDB.

Ours goes through the door that everybody uses: a warm child process takes the bytes apart and hands rows of text back, with header,
positions, layout and totals checked; its processor time counts as ours. The sides take turns. ``python -m tests.bench.read`` prints the
table; ``./do bench`` puts it on the page.
"""

from __future__ import annotations

import datetime as dt
import io
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pyarrow as pa

from taihu.guard.children import shared_child
from taihu.manifest.layout import LayoutFile
from taihu.manifest.source import Read
from taihu.read import read_file

TIMES = 5
SHEET_ROWS, TEXT_ROWS = 60_000, 1_000_000
HEADER = ("单据日期", "录入时间", "单据编号", "客户名称", "商品编码", "商品名称", "单位", "数量", "单价", "含税金额")
LAYOUT = LayoutFile.model_validate({"header": HEADER})

Seconds = tuple[float, float]
"""Wall and CPU."""


def _rows(count: int) -> list[tuple[dt.datetime, dt.datetime, str, str, str, str, str, int, float, float]]:
    chance = random.Random(7)
    rows = []
    for n in range(count):
        day, customer, product = dt.datetime(2026, 9, n % 28 + 1), n % 900, n % 240
        moment = day + dt.timedelta(seconds=chance.randrange(86_400))
        quantity, price = chance.randint(1, 50), chance.randint(100, 9000) / 100
        named = (f"XS{n:09d}", f"上海{customer}号商贸有限公司", f"P{product + 101}", f"矿泉水{product}号", "箱")
        rows.append((day, moment, *named, quantity, price, round(quantity * price, 2)))
    return rows


def workbook(count: int) -> bytes:
    """A statement as Excel saves it: shared texts, dates as formatted numbers."""
    import xlsxwriter

    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    sheet = book.add_worksheet("流向")
    day, moment = (book.add_format({"num_format": each}) for each in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss"))
    sheet.write_row(0, 0, HEADER)
    for n, row in enumerate(_rows(count), start=1):
        sheet.write_datetime(n, 0, row[0], day)
        sheet.write_datetime(n, 1, row[1], moment)
        sheet.write_row(n, 2, row[2:])
    book.close()
    return file.getvalue()


def text(count: int) -> str:
    """The same as a delimited text."""
    lines = (f"{row[0]:%Y-%m-%d},{row[1]}," + ",".join(map(str, row[2:])) for row in _rows(count))
    return ",".join(HEADER) + "\n" + "\n".join(lines) + "\n"


def in_turns(sides: dict[str, Callable[[], int]], rows: int) -> dict[str, Seconds]:
    """Median wall and CPU seconds of each side after a warm-up."""
    taken: dict[str, list[Seconds]] = {name: [] for name in sides}
    for _ in range(TIMES + 1):
        for name, work in sides.items():
            wall, cpu = time.perf_counter(), _processor_time()
            assert work() == rows, name
            taken[name].append((time.perf_counter() - wall, _processor_time() - cpu))
    return {name: (statistics.median(w for w, _ in each[1:]), statistics.median(c for _, c in each[1:])) for name, each in taken.items()}


def _processor_time() -> float:
    """Of this process, of the child that reads, and of those before it: one that holds much memory is replaced."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    pid = shared_child().pid
    child = psutil.Process(pid).cpu_times() if pid is not None else None
    return time.process_time() + ended.ru_utime + ended.ru_stime + (child.user + child.system if child else 0.0)


def sheets() -> dict[str, Seconds]:
    import openpyxl
    import python_calamine

    content = workbook(SHEET_ROWS)

    def ours() -> int:
        file = read_file(content, "a.xlsx", read=Read.model_validate({"as": "excel"}), layouts={"a": LAYOUT})
        assert file.held is None
        return int(file.tables[0].rows.num_rows)

    def calamine() -> int:
        return len(python_calamine.load_workbook(io.BytesIO(content)).get_sheet_by_index(0).to_python()) - 1

    def plain() -> int:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
        return sum(1 for _ in book.active.iter_rows(values_only=True)) - 1

    return in_turns({"ours": ours, "python-calamine": calamine, "openpyxl": plain}, SHEET_ROWS)


def texts(encoding: str, folder: Path) -> dict[str, Seconds]:
    """Ours from either encoding to an Arrow file with a position for every record; DuckDB from UTF-8 into a table of its own."""
    import duckdb

    written = text(TEXT_ROWS)
    twin, target, content = folder / "twin.csv", folder / "rows.arrow", written.encode(encoding)
    twin.write_text(written, encoding="utf-8")
    contract = Read.model_validate({"as": "csv", "encoding": encoding, "delimiter": ","})

    def ours() -> int:
        file = read_file(content, "a.csv", read=contract, layouts={"a": LAYOUT})
        assert file.held is None, (file.held, file.held_detail)
        rows = file.tables[0].rows
        with pa.OSFile(str(target), "wb") as out, pa.ipc.new_file(out, rows.schema) as writer:
            writer.write_table(rows)
        return int(rows.num_rows)

    def other() -> int:
        with duckdb.connect() as database:
            database.execute(f"CREATE TABLE t AS SELECT * FROM read_csv('{twin}', all_varchar = true)")
            found = database.execute("SELECT count(*) FROM t").fetchone()
            return int(found[0]) if found else 0

    return in_turns({"ours": ours, "DuckDB": other}, TEXT_ROWS)


def regular_share() -> float:
    """The share of the records that Arrow split: what is measured is the fast way."""
    from taihu.read.delimited import read_delimited

    grid = read_delimited(text(TEXT_ROWS // 10), ",")
    return grid.regular / len(grid.rows)


def section() -> str:
    """The part of the page about reading."""
    lines = []

    def add(what: str, found: dict[str, Seconds], wanted: dict[str, float]) -> None:
        ours = found["ours"]
        for name, least in wanted.items():
            other = found[name]
            lines.append(
                f"| {what} | {ours[0]:.2f} | {ours[1]:.2f} | {name} | {other[0]:.2f} | {other[1]:.2f} "
                f"| {other[0] / ours[0]:.2f} | {other[1] / ours[1]:.2f} | {least} |"
            )

    load = psutil.getloadavg()[0]
    add(f"workbook of {SHEET_ROWS * len(HEADER):,} cells", sheets(), {"openpyxl": 10, "python-calamine": 0.6})
    with tempfile.TemporaryDirectory(prefix="taihu-bench-") as room:
        for encoding, least in (("utf-8", 0.35), ("gb18030", 0.2)):
            add(f"{TEXT_ROWS:,} records in {encoding} to an Arrow file", texts(encoding, Path(room)), {"DuckDB": least})
    table = "\n".join(lines)
    return f"""## Reading

Seconds; medians of {TIMES} in turns after a warm-up; speed is the other side's time over ours, by the clock and by the processor.
{regular_share():.0%} of the records were split by Arrow. Load of the machine when this began: {load:.1f}.

| what | wall | CPU | beside | wall | CPU | speed | by CPU | wanted |
|---|---:|---:|---|---:|---:|---:|---:|---:|
{table}

openpyxl and python-calamine give bare cells; DuckDB reads UTF-8 with `all_varchar` into a table in memory.
It uses all cores, our child one.
"""


if __name__ == "__main__":
    print(section())
    sys.exit(0)
