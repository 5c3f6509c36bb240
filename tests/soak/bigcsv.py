"""A text of 2 GB as somebody meets it: read to CSV, to JSON and to an Arrow file, with the peak memory of all processes together."""

from __future__ import annotations

import datetime as dt
import json
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = 600_000_000
_TO_ARROW = """
import sys
from pathlib import Path
import pyarrow as pa
from taihu.read.large import read_large
source, target = map(Path, sys.argv[1:])
writer = None
def sink(rows):
    global writer
    writer = writer or pa.ipc.new_file(str(target), rows.schema)
    writer.write_table(rows)
with source.open("rb") as file:
    read = read_large(file, source.name, sink)
writer.close()
assert read.held is None, (read.held, read.held_detail)
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds and peak resident bytes of a process and its children together."""

    what: str
    seconds: float
    peak: int


def fill(path: Path, size: int) -> int:
    """Write a text of so many bytes; gives its number of records."""
    chance, rows = random.Random(3), 0
    block = []
    for n in range(20_000):
        quantity, price = chance.randint(1, 50), chance.randint(100, 9000) / 100
        moment = f"2026-09-{n % 28 + 1:02d} {n % 24:02d}:{n % 60:02d}:00"
        address = f'"上海市浦东新区张江路{chance.randint(1, 9999)}号"'
        block.append(f"{moment},客户{n % 900}商贸有限公司,{address},P{n % 240},{quantity},{price},已核对\n")
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("单据编号,单据日期,客户名称,门店地址,商品编码,数量,单价,备注\n")
        while file.tell() < size:
            file.write("".join(f"XS{rows + n:010d},{line}" for n, line in enumerate(block)))
            rows += len(block)
    return rows


def measured(what: str, command: list[str], output: Path) -> Measured:
    """Run a command to its end."""
    started, peak = time.monotonic(), 0
    with output.open("wb") as out:
        process = psutil.Popen(command, cwd=ROOT, stdout=out)
        while process.poll() is None:
            peak = max(peak, _memory(process))
            time.sleep(0.1)
    assert process.returncode == 0, (what, process.returncode)
    return Measured(what, time.monotonic() - started, peak)


def _memory(process: psutil.Process) -> int:
    total = 0
    try:
        for each in (process, *process.children(recursive=True)):
            total += each.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total


def run(size: int) -> str:
    """The section of the page."""
    import pyarrow as pa

    with tempfile.TemporaryDirectory(prefix="taihu-soak-") as room:
        folder = Path(room)
        source = folder / "big.csv"
        rows = fill(source, size)
        taihu = [sys.executable, "-m", "taihu", "read", str(source)]
        found = [measured("`taihu read --json`", [*taihu, "--json"], folder / "said.json")]
        assert json.loads((folder / "said.json").read_text(encoding="utf-8"))["tables"][0]["rows"] == rows
        found.append(measured("`taihu read --csv`", [*taihu, "--csv", str(folder / "out")], folder / "said.txt"))
        with (folder / "out" / "big.csv").open("rb") as file:
            assert sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) == rows + 1
        (folder / "out" / "big.csv").unlink()
        command = [sys.executable, "-c", _TO_ARROW, str(source), str(folder / "rows.arrow")]
        found.append(measured("`read_large` to an Arrow file with positions", command, folder / "said.txt"))
        with pa.memory_map(str(folder / "rows.arrow")) as mapped:
            batches = pa.ipc.open_file(mapped)
            assert sum(batches.get_batch(n).num_rows for n in range(batches.num_record_batches)) == rows
            last = batches.get_batch(batches.num_record_batches - 1)
            assert last["_src_row"][-1].as_py() == str(rows + 1)
        volume = source.stat().st_size
    worst = max(each.peak for each in found)
    assert worst < ALLOWED, worst
    lines = "\n".join(f"| {each.what} | {each.seconds:.0f} | {volume / each.seconds / 1e6:.0f} | {each.peak / 1e6:.0f} |" for each in found)
    return f"""## bigcsv

{dt.datetime.now(dt.UTC).date()}: a text of {volume / 1e9:.1f} GB with {rows:,} records,
all of them found again; memory of all processes together, at most {ALLOWED // 1_000_000} MB allowed.

| what | seconds | MB a second | peak memory, MB |
|---|---:|---:|---:|
{lines}
"""


if __name__ == "__main__":
    print(run(int(float(sys.argv[1]) * 1e9) if len(sys.argv) > 1 else 2_000_000_000))
