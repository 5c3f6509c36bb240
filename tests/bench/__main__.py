"""``./do bench``: small, honest measurements of the stages beside the plainest other way to do the same; writes docs/benchmarks.md.

Each line is the median of five, after one run to warm up, in one process on an otherwise idle machine. What counts is the ratio: both
sides of a line ran one after the other on the same machine. CPU seconds stand beside wall seconds because fsync costs only wall.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import os
import platform
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taihu.core.clock import FixedClock
from taihu.demo.play import DEFAULT_SEED, FIRST, instant_of
from taihu.demo.setup import write_project
from taihu.demo.world import start_world
from taihu.project.workspace import Workspace, open_workspace

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
TIMES = 5


@dataclass(frozen=True, slots=True)
class Timing:
    """Median wall and CPU seconds."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Line:
    """One measurement, beside the plain way where there is one."""

    what: str
    ours: Timing
    beside: str = ""
    other: Timing | None = None

    @property
    def text(self) -> str:
        ours = f"| {self.what} | {self.ours.wall * 1000:.1f} | {self.ours.cpu * 1000:.1f} |"
        if self.other is None:
            return f"{ours} | | | |"
        ratio = self.ours.wall / self.other.wall
        return f"{ours} {self.beside} | {self.other.wall * 1000:.1f} | {self.other.cpu * 1000:.1f} | {ratio:.2f} |"


def timed(work: Callable[[], Any]) -> Timing:
    """Median of five after a warm-up."""
    work()
    walls, cpus = [], []
    for _ in range(TIMES):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return Timing(statistics.median(walls), statistics.median(cpus))


def landing(folder: Path) -> list[Line]:
    """Seal, flush and rename 50 files of 40 kB, beside writing them in the clear with the same flushes."""
    from taihu.guard.envelope import Envelope
    from taihu.guard.keys import Keyring
    from taihu.lake import durable
    from taihu.lake.objects import Objects

    keyring = Keyring.open(folder / "keys", create=True, outside=folder / "lake")
    files = [os.urandom(40_000) for _ in range(50)]
    turn = iter(range(1000))

    def ours() -> None:
        objects = Objects(folder / "lake" / str(next(turn)), Envelope(keyring))
        for content in files:
            objects.put(content)

    def plain() -> None:
        room = folder / "plain" / str(next(turn))
        durable.make_folder(room)
        for number, content in enumerate(files):
            temporary = durable.temporary_path(room, str(number))
            temporary.write_bytes(content)
            durable.finish(temporary, room / str(number))

    return [Line("land 50 files of 40 kB: hash, seal, fsync, rename", timed(ours), "write, fsync, rename in the clear", timed(plain))]


def mailing(folder: Path) -> list[Line]:
    """Collect the attachments of a mailbox, beside imap-tools with the same durable writes and one commit a mail."""
    from tests.bench import mail

    folder.mkdir()
    found = mail.measure(folder)
    what = f"collect {found['mails']} mails from {found['server']}: list, fetch, parse, seal, fsync, rename, commit"
    return [Line(what, Timing(*found["ours"]), "imap-tools, AES-GCM, fsync, rename, one SQLite commit a mail", Timing(*found["plain"]))]


def dropping(folder: Path) -> list[Line]:
    """Collect the files of an SFTP server, beside paramiko with the same durable writes; poll a folder in which nothing is new."""
    from tests.bench import sftp

    if sftp.missing():
        print(f"SFTP is not measured: {sftp.missing()}")
        return []
    found = sftp.measure(folder)
    what = f"collect {sftp.FILES} files of 2 to 60 kB over SFTP: list, judge, read, seal, fsync, rename, record"
    poll = f"poll an SFTP folder of {sftp.LISTED:,} known files, connecting included"
    return [
        Line(what, Timing(*found["ours"]), "paramiko, AES-GCM, fsync, rename, one SQLite commit a file", Timing(*found["plain"])),
        Line(poll, Timing(*found["poll"]["ours"]), "paramiko, connect and list", Timing(*found["poll"]["plain"])),
    ]


def workbook(rows: int) -> bytes:
    """A sell-out statement as a distributor's system writes it."""
    import openpyxl

    book, file = openpyxl.Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet("流向")
    sheet.append(["单据日期", "单据编号", "客户名称", "商品编码", "单位", "数量", "含税金额"])
    for number in range(rows):
        sheet.append(
            [
                f"2026-09-{number % 28 + 1:02d}",
                f"XS{number:06d}",
                f"客户{number % 90}",
                f"P{101 + number % 24}",
                "箱",
                number % 50 + 1,
                12.5,
            ]
        )
    book.save(file)
    return file.getvalue()


LAYOUT = "header: [单据日期, 单据编号, 客户名称, 商品编码, 单位, 数量, 含税金额]\n"
READ = "as: excel\nlayouts: [standard]\n"


def reading() -> list[Line]:
    """Read a workbook by its layout into text rows with positions, beside openpyxl that only lists its cells."""
    import openpyxl

    from taihu.manifest.layout import LayoutFile
    from taihu.manifest.source import Read
    from taihu.manifest.strict import parse
    from taihu.read import read_file

    layout, contract = parse(LayoutFile, LAYOUT, "standard.yml"), parse(Read, READ, "source.yml")
    lines = []
    for rows in (300, 20_000):
        content = workbook(rows)

        def ours(content: bytes = content, rows: int = rows) -> None:
            file = read_file(content, "a.xlsx", read=contract, layouts={"standard": layout})
            assert file.held is None and file.tables[0].rows.num_rows == rows

        def plain(content: bytes = content, rows: int = rows) -> None:
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
            assert sum(1 for _ in book.active.iter_rows(values_only=True)) == rows + 1

        lines.append(Line(f"read a workbook of {rows:,} rows by its layout", timed(ours), "openpyxl, cells only", timed(plain)))
    return lines


def committing(folder: Path) -> list[Line]:
    """Commit 5,000 rows to a table, beside deltalake's own writer (which does not flush)."""
    import deltalake
    import pyarrow as pa

    from taihu.lake.tables import Tables

    turn = iter(range(1000))
    tables = Tables(folder / "tables")

    def rows() -> pa.Table:
        shift = next(turn)
        return pa.table({"a": pa.array(range(shift, shift + 5000)), "b": [f"text {n % 77}" for n in range(5000)]})

    ours = timed(lambda: tables.replace("core.bench", rows()))
    other = timed(lambda: deltalake.write_deltalake(str(folder / "plain_delta"), rows(), mode="overwrite"))
    return [Line("commit 5,000 rows to a table, flushed", ours, "write_deltalake, not flushed", other)]


def pipeline(folder: Path) -> list[Line]:
    """Loading, building and rendering on the first morning of the simulated company."""
    from taihu.deliver import excel, mail, pdf
    from taihu.model.build import build
    from taihu.run import modelling
    from taihu.run.execution import run
    from taihu.run.figures import Audience
    from taihu.run.reporting import figures_of

    project = folder / "company_a"
    with start_world(DEFAULT_SEED, folder / "world", faults=False, inbox=project / "inbox") as world:
        os.environ.update(write_project(project, world.accounts))
        world.morning(FIRST)
        with open_workspace(project, FixedClock(instant_of(FIRST))) as ws:
            run(ws)
            again = timed(lambda: run(ws))
            loads = timed(lambda: _load_again(ws))
            rows = sum(arrival.rows for arrival in ws.ledger.arrivals())
            arrivals = len(ws.ledger.arrivals())
            models = timed(lambda: _build_again(ws, build, modelling))
            publication = ws.ledger.publications("daily")[-1]
            ws.open_pinned(publication)
            compute = timed(lambda: figures_of(ws, publication, Audience()))
            figures = figures_of(ws, publication, Audience())
            count = len(ws.graph.order)
    return [
        Line(f"take in {arrivals} files with {rows:,} rows: open, read, type, check", loads),
        Line(f"build all {count} models from nothing (the content is the same, so no table is written)", models),
        Line("a run that finds nothing new, contact with 15 sources included, in a warm process", again),
        Line("figures of the daily report", compute),
        Line("daily report as workbook, warm", timed(lambda: excel.render(figures, "zh"))),
        Line("daily report as PDF, warm", timed(lambda: pdf.render(figures, "zh"))),
        Line("daily report as mail with its pictures, warm", timed(lambda: mail.render(figures, "zh"))),
    ]


def _load_again(ws: Workspace) -> None:
    """Take in every accepted arrival again; nothing is written."""
    from taihu.run.intake import take_in
    from taihu.run.references import References

    for source in ws.tree.sources.values():
        references = References(ws, source)
        for arrival in ws.ledger.arrivals(source=source.name, states=("accepted",)):
            take_in(ws, source, arrival, references)


def _build_again(ws: Workspace, build: Any, modelling: Any) -> None:
    """Forget what every model was built from, then build."""
    for name in ws.graph.order:
        if ws.ledger.definition(name) is not None:
            ws.ledger.stamps_set(name, {}, version=0, definition="", removed=list(ws.ledger.partition_stamps(name)))
    modelling.build_models(ws)


def page(lines: list[Line]) -> str:
    versions = f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    rows = "\n".join(line.text for line in lines)
    return f"""# Benchmarks

`./do bench`, {dt.datetime.now(dt.UTC).date()}, {versions}. Median of {TIMES} after a warm-up; milliseconds.
Look at the ratios (below 1: less time than the other way); absolute times depend on the machine and on what else it does.

| what | wall | CPU | beside | wall | CPU | ratio |
|---|---:|---:|---|---:|---:|---:|
{rows}

What the other side does not do: openpyxl gives bare cells, our line gives rows of canonical text with header map, positions, layout and
totals checked; writing in the clear seals nothing; `write_deltalake` returns before its files are on the disk.
"""


def stages() -> str:
    """The first part of the page."""
    with tempfile.TemporaryDirectory(prefix="taihu-bench-") as room:
        folder = Path(room)
        return page(
            [
                *landing(folder / "landing"),
                *mailing(folder / "mail"),
                *dropping(folder / "sftp"),
                *reading(),
                *committing(folder),
                *pipeline(folder),
            ]
        )


def main() -> int:
    from tests.bench import checks, database, parse, read

    parts: dict[str, Callable[[], str]] = {
        "stages": stages,
        "read": read.section,
        "database": database.section,
        "checks": checks.section,
        "parse": parse.section,
    }
    parser = argparse.ArgumentParser(prog="./do bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one of {', '.join(parts)}; all of them without any")
    parser.add_argument("--no-page", action="store_true", help="do not write docs/benchmarks.md")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(parts):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    for part in given.parts or parts:
        text = parts[part]().strip().replace("\n\n", f"\n\n{dt.datetime.now(dt.UTC).date()}. ", 1 if part != "stages" else 0)
        print(text)
        if text and not given.no_page:
            write_part(text)
    return 0


def write_part(text: str) -> None:
    """Put a part in the place of the one with the same heading, or at the end of the page."""
    sections = re.split(r"^(?=#{1,2} )", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE) if PAGE.exists() else []
    heading = text.partition("\n")[0]
    others = {section.partition("\n")[0]: section.strip() for section in sections if section.strip()}
    PAGE.write_text("\n\n".join({**others, heading: text}.values()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
