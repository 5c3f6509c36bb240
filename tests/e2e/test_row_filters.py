"""A regional manager's files hold that region and nothing of another: no member's name, no figure."""

from __future__ import annotations

import io
import json
import re
import warnings
import zipfile
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from taihu.project.workspace import Workspace
from tests.e2e.conftest import Company

pytestmark = pytest.mark.slow
REGIONS = ("EAST", "NORTH", "SOUTH", "WEST")


def texts_of(name: str, content: bytes) -> str:
    """Everything that somebody can read in a file, and the parts of a workbook that nobody sees; pictures apart."""
    if name.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "\n".join(archive.read(member).decode("utf-8", "replace") for member in archive.namelist())
    if name.endswith(".pdf"):
        import pypdfium2

        document = pypdfium2.PdfDocument(content)
        text = "\n".join(page.get_textpage().get_text_bounded() for page in document)
        document.close()
        return re.sub(r"\s+", "", text)
    return re.sub(r"base64,[A-Za-z0-9+/=]+", "", content.decode("utf-8"))


def numbers_in(content: bytes) -> set[Decimal]:
    """All stored numbers of a workbook."""
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    cells = (cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)
    return {Decimal(repr(cell)) for cell in cells if isinstance(cell, (int, float)) and not isinstance(cell, bool)}


def values_in(figures: Any, keys: frozenset[str] | None = None, key: str = "") -> set[Decimal]:
    """Every number of a figure set, or those under some keys that are too long to be the same by chance."""
    if isinstance(figures, Mapping):
        return set().union(*(values_in(item, keys, name) for name, item in figures.items()))
    if isinstance(figures, list):
        return set().union(*(values_in(item, keys, key) for item in figures))
    if not isinstance(figures, str) or not re.fullmatch(r"-?\d+(\.\d+)?", figures):
        return set()
    if keys is not None and (key not in keys or len(figures.replace(".", "").strip("-0")) < 6):
        return set()
    return {Decimal(figures)}


@pytest.fixture(scope="module")
def files(company: Company) -> dict[str, dict[str, bytes]]:
    """Files of the latest daily and weekly report, by region (``all`` for everybody's)."""
    found: dict[str, dict[str, bytes]] = {}
    with company.open() as ws:
        for report in ("daily", "weekly"):
            publication = ws.ledger.publications(report)[-1]
            for output in ws.ledger.outputs(publication.id):
                found.setdefault(output.audience, {})[output.name] = ws.objects.get(output.sha256)
    return found


def members(ws: Workspace) -> dict[str, set[str]]:
    """Codes and names of distributors and stores, by region."""
    found: dict[str, set[str]] = {region: set() for region in REGIONS}
    for table, columns in (("distributors", ("distributor_code", "distributor_name")), ("stores", ("store_code", "store_name"))):
        for row in ws.tables.read(f"clean.{table}").to_pylist():
            found[row["region_code"]].update(row[column] for column in columns)
    return found


def test_every_region_has_its_files(files: dict[str, dict[str, bytes]]) -> None:
    assert set(files) == {"all", *REGIONS}
    for region in REGIONS:
        assert {name.rpartition(".")[2] for name in files[region]} >= {"xlsx", "pdf", "html", "json"}


@pytest.mark.parametrize("region", REGIONS)
def test_no_other_regions_members(company: Company, files: dict[str, dict[str, bytes]], region: str) -> None:
    with company.open() as ws:
        by_region = members(ws)
        names = {item.text.zh: code for code, item in ws.tree.glossary["region_code"].values.items()}
        names |= {item.text.en: code for code, item in ws.tree.glossary["region_code"].values.items()}
    others = set().union(*(by_region[other] for other in REGIONS if other != region))
    labels = {name for name, code in names.items() if code != region} | {f'"{other}"' for other in REGIONS if other != region}
    assert len(others) > 40
    for name, content in files[region].items():
        text = texts_of(name, content)
        assert [other for other in others if other in text] == [], name
        assert [label for label in labels if re.search(rf"(?<![\w])(?:{re.escape(label)})(?![\w])", text)] == [], name


def test_everybodys_files_do_name_every_region(company: Company, files: dict[str, dict[str, bytes]]) -> None:
    """The same look finds other regions where they belong, so it would find them where they do not."""
    with company.open() as ws:
        names = [item.text.zh for item in ws.tree.glossary["region_code"].values.values()]
    for name, content in files["all"].items():
        if "_zh." in name and name.startswith("daily"):
            text = texts_of(name, content)
            assert all(label in text for label in names[:4]), name


@pytest.mark.parametrize("region", REGIONS)
def test_no_other_regions_figures(files: dict[str, dict[str, bytes]], region: str) -> None:
    sets = {audience: [json.loads(c) for name, c in group.items() if name.endswith(".json")] for audience, group in files.items()}
    own = values_in(sets[region])
    foreign = values_in([sets[other] for other in ("all", *REGIONS) if other != region], frozenset({"value", "base"})) - own
    assert len(foreign) > 50
    for name, content in files[region].items():
        if name.endswith(".xlsx"):
            numbers = numbers_in(content)
            assert not numbers & foreign, name
            assert len(numbers & own) > 5
        elif name.endswith(".json"):
            assert not values_in(json.loads(content)) & foreign
    national = set().union(*(numbers_in(content) for name, content in files["all"].items() if name.endswith(".xlsx")))
    assert len(national & foreign) > 20, "the same comparison finds them where they belong"
