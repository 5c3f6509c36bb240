"""A moment of ``./do soak fuzz`` in the suite, a minute for each reader in its slow group; ten minutes each are in ``docs/soak.md``."""

from __future__ import annotations

import datetime as dt
import secrets
import shutil
import sys
import time
from pathlib import Path
from random import Random

import pytest

from taihu.read import isolated, read_file
from tests.made.mutations import mutated
from tests.made.seeds import seeds
from tests.made.unruly import MARK
from tests.soak import fuzz_record
from tests.soak.fuzz import BROKEN, Fuzzed, _judge, fuzz, through_the_door
from tests.soak.fuzz_record import Row, added, in_turn
from tests.soak.fuzz_target import ROOT, Harness, by_chance, target

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits as on Linux")
SEED = secrets.randbelow(2**31)


@pytest.mark.parametrize("reader", list(seeds()))
def test_every_seed_is_read(reader: str) -> None:
    """A fuzzer that starts from files that are refused never gets into the reader."""
    reads = [read_file(content, "x", passwords=["p1"]) for content in seeds()[reader]]
    assert {read.held for read in reads} <= {None, "total_disagrees", "invoice_disagrees", "unit_disagrees", "no_table"}
    assert any(read.tables for read in reads)


def test_a_moment_of_fuzzing() -> None:
    chance, end, tried = Random(SEED), time.monotonic() + 1.5, 0
    ones = {reader: target(reader) for reader in list(seeds()) if reader != "encrypted"}
    while time.monotonic() < end or tried < 2 * len(ones):
        for reader, one in ones.items():
            content = mutated(chance.choice(seeds()[reader]), chance, others=seeds()["csv"])
            try:
                one(content)
            except Exception as error:
                raise AssertionError(f"{reader}, seed {SEED}: {content[:2000]!r}") from error
            tried += 1


@pytest.mark.slow
@pytest.mark.minutes
@pytest.mark.parametrize("reader", list(seeds()))
def test_a_minute_of_fuzzing(reader: str, tmp_path: Path) -> None:
    result = fuzz(reader, 60, SEED, tmp_path)
    assert result.is_sound, (SEED, result)


def test_what_is_planted_is_found(tmp_path: Path) -> None:
    """The same loop over a reader that has a fault: it raises what has no type as soon as a text holds a quote and no line end."""

    def faulty(content: bytes) -> None:
        if b'"' in content and not content.endswith(b"\n"):
            raise RuntimeError("a fault")

    harness = Harness(faulty, tmp_path, guided=False)
    by_chance(harness, seeds()["csv"], 0.5, SEED)
    (told,) = (tmp_path / "found").glob("*.txt")
    assert told.read_text(encoding="utf-8").startswith("RuntimeError at test_fuzz.py")
    assert b'"' in told.with_suffix("").read_bytes()


def test_what_kills_its_process_counts_if_a_run_would_meet_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "_TASK", "tests.made.unruly:answer")
    result = Fuzzed("csv", tried=1)
    _judge(result, seeds()["csv"][0], "ended with -9", tmp_path)
    assert result.is_sound
    _judge(result, MARK + b"segfault ,\n", "ended with -11", tmp_path)
    assert result.findings == [("reader_crashed", "ended with -11")] and not result.is_sound
    assert (tmp_path / "csv-1.bin").read_bytes() == MARK + b"segfault ,\n"


def test_minutes_add_up_over_runs_on_the_same_code(tmp_path: Path) -> None:
    """The page is the record: what it says is read back, added to, and kept until newer code has had as much time."""
    day, page = dt.date(2026, 9, 30), tmp_path / "soak.md"
    rows: list[Row] = []
    runs = [("pdf", "old", 600, 7), ("csv", "old", 300, 40), ("csv", "old", 330.6, 2), ("csv", "new", 60, 3), ("pdf", "new", 660, 5)]
    for number, (reader, code, spent, tried) in enumerate(runs):
        run = Fuzzed(reader, spent, tried, slowest=0.25 + number, peak=123_000_000, guided=True)
        rows = added(fuzz_record.rows_of(page), Row.of(run, code, day + dt.timedelta(number)))
        page.write_text("# Soak\n\n" + fuzz_record.section(rows, dict.fromkeys(seeds(), code)) + "\n## other\n\n| a |\n", encoding="utf-8")
        assert [str(row) for row in fuzz_record.rows_of(page)] == [str(row) for row in rows]
    assert [(row.reader, row.code, row.day, round(row.minutes, 2), row.inputs, row.slowest) for row in rows] == [
        ("csv", "old", "2026-10-02", 10.51, 42, 2.25),
        ("csv", "new", "2026-10-03", 1, 3, 3.25),
        ("pdf", "new", "2026-10-04", 11, 5, 4.25),
    ]
    assert "2 of 21 readers have had their 10 minutes, 1 of them on the code as it is" in page.read_text(encoding="utf-8")
    new = dict.fromkeys(seeds(), "new")
    assert in_turn(rows, [], new)[-2:] == ["csv", "pdf"] and in_turn(rows, ["zip"], new) == ["zip"]
    with pytest.raises(SystemExit, match="no such reader: word"):
        in_turn(rows, ["word"], new)


def test_a_change_of_pages_leaves_the_minutes_of_tables_standing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src" / "taihu" / "read", tmp_path / "src" / "taihu" / "read")
    monkeypatch.setattr(fuzz_record, "ROOT", tmp_path)
    before = fuzz_record.code_states()
    (tmp_path / "src" / "taihu" / "read" / "ofd.py").write_text("changed", encoding="utf-8")
    paged = fuzz_record.code_states()
    assert {reader for reader in before if before[reader] != paged[reader]} == set(seeds()) - fuzz_record._TABLES
    (tmp_path / "src" / "taihu" / "read" / "rows.py").write_text("changed", encoding="utf-8")
    assert all(paged[reader] != state for reader, state in fuzz_record.code_states().items())


def test_what_was_found_stays_in_the_record() -> None:
    day = dt.date(2026, 9, 30)
    bad = Row.of(Fuzzed("csv", 60, 1, findings=[("reader_crashed", "ended with -11")]), "a", day)
    assert (bad + Row.of(Fuzzed("csv", 60, 1), "a", day)).found == "reader_crashed: ended with -11"
    assert "Something was found in 1 rows" in fuzz_record.section([bad], dict.fromkeys(seeds(), "a"))


@pytest.mark.parametrize("path", sorted((Path(__file__).parent / "found").glob("*.bin")), ids=lambda path: path.name)
def test_what_was_found_before(path: Path) -> None:
    """Inputs that once broke a reader: the process survives them, within its limits."""
    for read in through_the_door(path.name.partition("-")[0], path.read_bytes()):
        assert read.held not in BROKEN
