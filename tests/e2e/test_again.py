"""Doing it again changes nothing: a second run, and a report made again years later from what it pinned."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.commands import taihu
from tests.e2e.conftest import Company

pytestmark = pytest.mark.slow


def test_second_run_with_nothing_new_writes_nothing(company: Company, capsys: pytest.CaptureFixture[str]) -> None:
    with company.open() as ws:
        before = {table: ws.tables.version(table) for table in ws.tables.names()}
        arrivals = len(ws.ledger.arrivals())
        publications = len(ws.ledger.publications())
        objects = sorted(ws.objects.names())
    ran = taihu("run", "-p", str(company.project), "--as-of", company.as_of, "--json", anew=True)
    assert ran.code == 3, ran.said
    assert ran.json["landed"] and sum(ran.json["landed"].values()) == 0
    assert ran.json["failed"] == {} and ran.json["tables"] == [] and ran.json["publications"] == []
    with company.open() as ws:
        assert {table: ws.tables.version(table) for table in ws.tables.names()} == before
        assert len(before) > 30
        assert len(ws.ledger.arrivals()) == arrivals
        assert len(ws.ledger.publications()) == publications
        assert sorted(ws.objects.names()) == objects
    with capsys.disabled():
        print(
            f"\nsecond run with nothing new: {ran.cpu:.2f} CPU s, contact with {len(ran.json['landed'])} sources, {len(before)} tables kept"
        )


def test_reports_made_again_in_another_process_have_the_same_bytes(
    company: Company, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "elsewhere" / "project"
    shutil.copytree(company.project, project, symlinks=True, ignore=shutil.ignore_patterns("out"))
    with company.open() as ws:
        publications = [ws.ledger.publications(report)[-1] for report in ("daily", "weekly")]
        first = {output.name: ws.objects.get(output.sha256) for p in publications for output in ws.ledger.outputs(p.id)}
        archived = {output.sha256 for p in ws.ledger.publications() for output in ws.ledger.outputs(p.id)}
    for sha256 in archived:  # unreadable: not there at all
        (project / "lake" / "objects" / sha256[:2] / sha256[2:]).unlink()
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {"TMPDIR": str(temporary), "TZ": "America/New_York", "PYTHONHASHSEED": "4711", "LANG": "C", "LC_ALL": "C"}
    made = tmp_path / "made"
    for publication in publications:
        ran = taihu(
            "report", "rebuild", publication.id[:10], "-p", str(project), "--as-of", "2031-02-03T23:59:59+00:00", "--out", str(made),
            "--json", environment=environment, folder=tmp_path, anew=True,
        )  # fmt: skip
        assert ran.code == 0, ran.said
        assert ran.json["same"] is True
        assert all(file["same"] and file["archived"] == file["rebuilt"] for file in ran.json["files"])
    again = {path.name: path.read_bytes() for path in made.iterdir()}
    assert again.keys() == first.keys()
    assert {name for name in first if again[name] != first[name]} == set()
    kinds = sorted({name.rpartition(".")[2] for name in first})
    assert kinds == ["html", "json", "pdf", "xlsx"]
    with capsys.disabled():
        print(f"\nrebuilt {len(again)} files ({', '.join(kinds)}) with {len(archived)} archived objects gone: same bytes")


def test_a_changed_pinned_table_is_noticed(company: Company, tmp_path: Path) -> None:
    """The comparison can fail: another number in a pinned mart gives other bytes and exit code 1."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    project = tmp_path / "changed"
    shutil.copytree(company.project, project, symlinks=True, ignore=shutil.ignore_patterns("out"))
    with company.open(project) as ws:
        publication = ws.ledger.publications("daily")[-1]
        version = publication.tables["mart.daily_kpi"]
        for file in ws.tables.files("mart.daily_kpi", version):
            table = pq.ParquetFile(file).read()
            place = table.column_names.index("net_revenue_cny")
            column = table.column(place)
            grown = pc.multiply(column.cast("float64"), 1.5).cast(column.type, safe=False)
            Path(file).chmod(0o600)
            pq.write_table(table.set_column(place, table.schema.field(place), grown), file)
    ran = taihu("report", "rebuild", publication.id, "-p", str(project), "--json")
    assert ran.code == 1, ran.said
    assert not ran.json["same"]
