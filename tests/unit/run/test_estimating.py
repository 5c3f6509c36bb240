"""Days that are not there are estimated beside the facts: in the report of the day, gone when the file comes, never in a figure."""

from __future__ import annotations

import datetime as dt
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from tests.unit.cli.test_retry import call
from tests.unit.run.conftest import Shop, at

from taihu.core.errors import ManifestError
from taihu.core.figures import Arrivals, EstimatedGap
from taihu.core.types import Span
from taihu.deliver.page import estimate_text
from taihu.manifest.source import SourceFile
from taihu.manifest.strict import parse
from taihu.project.load import load_tree
from taihu.project.workspace import Workspace
from taihu.run.estimating import TABLE, estimates_now, peer_groups
from taihu.run.explaining import latest_figures
from taihu.run.figures import Audience
from taihu.run.reporting import figures_of

D = Decimal
COMPANY = Path(__file__).parents[3] / "examples" / "company_a"
RULE = "estimate: {of: [net_amount], from: 4 weeks, within: 80 %}\nchecks:\n  - {sql: net_amount < 1000000"


@pytest.fixture
def estimating(shop: Shop) -> Shop:
    """Thirty days of A and B are there; B sells twice what A does."""
    shop.edit("sources/sales/source.yml", "checks:\n  - {sql: net_amount < 1000000", RULE)
    shop.edit("sources/sales/source.yml", "since: 2026-11-01", "since: 2026-10-01")
    for party, size in (("A", 100), ("B", 200)):
        days = [dt.date(2026, 10, 2) + dt.timedelta(days=n) for n in range(31)]
        lines = "".join(f"{day},{size + day.day}\n" for day in days)
        shop.put("sales", f"sales_{party}_0.csv", f"日期,金额\n{lines}", at(2, 7))
    return shop


def rows(ws: Workspace) -> list[tuple[str, int, Decimal, str | None, bool]]:
    """Party, day of November, amount, day of replacement, whether an arrival replaced it."""
    table = ws.tables.read(TABLE).to_pylist()
    found = [row for row in table if row["business_date"].month == 11]
    return [
        (r["party"], r["business_date"].day, r["amount"], r["replaced_on"] and str(r["replaced_on"]), bool(r["replaced_by"])) for r in found
    ]


def banner(ws: Workspace, *where: tuple[str, str]) -> Arrivals:
    publication = ws.ledger.publications("daily")[-1]
    ws.open_pinned(publication)
    return next(block for block in figures_of(ws, publication, Audience(where)).blocks if isinstance(block, Arrivals))


def test_a_missing_day_is_estimated_beside_the_figures_and_closed_by_the_file(estimating: Shop) -> None:
    shop = estimating
    shop.edit("reports/daily/report.yml", "formats: [xlsx, mail]\nlanguages: [en]", "formats: [xlsx, pdf, mail]\nlanguages: [zh]")
    with shop.open() as ws:
        shop.run(at(2), ws)
        assert rows(ws) == [], "nothing is missing"
        shop.sales("A", "1", "2:102", at(3, 7))
        shop.run(at(3), ws, reports=True)
        ((party, day, amount, replaced, by),) = rows(ws)
        assert (party, day, replaced, by) == ("B", 2, None, False) and 200 < amount < 232
        (gap,) = banner(ws).estimates
        assert (gap.parties, gap.unknown, gap.amount, gap.unit, gap.tax, gap.within) == (1, 0, amount, "CNY", "excluded", D("0.8000"))
        assert gap.lower <= gap.amount <= gap.upper and gap.lower < gap.upper
        assert banner(ws, ("region_code", "EAST")).estimates == [], "B is of the west"
        told = [row["value"] for row in latest_figures(ws) if row["measure"] == "revenue" and not row["filter"]]
        assert told == ["102.00"], "what A sold, and no estimate"
        assert [row["party"] for row in estimates_now(ws)] == ["B"] and estimates_now(ws, "orders") == []
        _said_in_all_formats(shop, banner(ws), gap)
        (listed,) = call(shop.root, "status", "--as-of", at(3, 9).isoformat(), "--json")["estimates"]
        assert (listed["party"], listed["business_date"], listed["amount"]) == ("B", "2026-11-02", str(amount))
        shop.sales("B", "1", "2:231", at(3, 12))
        shop.run(at(3, 13), ws)
        assert rows(ws) == [("B", 2, amount, "2026-11-03", True)] and estimates_now(ws) == []
        assert list(banner(ws).estimates) == [gap], "the report that is out says what it said"
        shop.sales("A", "2", "3:103", at(4, 7))
        shop.sales("B", "2", "3:203", at(4, 7))
        shop.run(at(4, 8), ws)
        assert rows(ws) == [("B", 2, amount, "2026-11-03", True)], "it stays on record what was thought"


def _said_in_all_formats(shop: Shop, block: Arrivals, gap: EstimatedGap) -> None:
    amount, lower, upper = (f"{value:.0f}" for value in (gap.amount, gap.lower, gap.upper))
    said = {
        "zh": f"估计：缺报的 1 家约 {amount} 元（80% 区间 {lower} 至 {upper}，未税），未计入数字",
        "en": f"Estimate: 1 missing, about CNY {amount} (80% interval {lower} to {upper}, net of VAT); not in the figures",
    }
    assert {lang: estimate_text(block, lang) for lang in said} == said
    (folder,) = (shop.root / "out/daily").iterdir()
    book = openpyxl.load_workbook(next(folder.glob("*_all_*.xlsx")))
    assert said["zh"] in [cell.value for row in book.worksheets[0].iter_rows() for cell in row]
    assert said["zh"] in next(folder.glob("*_all_*.html")).read_text(encoding="utf-8")
    assert "".join(said["zh"].split()) in _pdf_text(next(folder.glob("*_all_*.pdf")))


def _pdf_text(path: Path) -> str:
    import pdfplumber

    with pdfplumber.open(path) as pdf:
        return "".join("".join((page.extract_text() or "").split()) for page in pdf.pages)


def test_held_and_waived_days(estimating: Shop) -> None:
    """What is held is estimated as well; who need not report is no longer missing."""
    with estimating.open() as ws:
        estimating.sales("A", "1", "2:2000000", at(3, 7))
        estimating.run(at(3), ws)
        before = rows(ws)
        assert [row[:2] for row in before] == [("A", 2), ("B", 2)]
        estimating.run(at(3, 9), ws)
        assert rows(ws) == before and len({row["created_at"] for row in ws.tables.read(TABLE).to_pylist()}) == 1, (
            "nothing new, nothing changed"
        )
        ws.ledger.waived("sales", "B", Span(dt.date(2026, 11, 2), dt.date(2026, 11, 3)), who="lead", why="closed")
        estimating.run(at(3, 10), ws)
        assert [(row[0], row[3], row[4]) for row in rows(ws)] == [("A", None, False), ("B", "2026-11-03", False)]


def test_little_history_gives_no_estimate(shop: Shop) -> None:
    shop.edit("sources/sales/source.yml", "checks:\n  - {sql: net_amount < 1000000", RULE)
    shop.sales("A", "1", "1:100", at(2, 7))
    with shop.open() as ws:
        shop.run(at(2), ws)
        assert rows(ws) == [] and [row["party"] for row in ws.tables.read("ops.expectation").to_pylist() if row["state"] == "missing"]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("of: [net_amount]", "of: [sold_on]", "no column of quantities in one unit, or of money in one currency"),
        ("of: [net_amount]", "of: [gone]", "no column of quantities in one unit, or of money in one currency"),
        ("currency: CNY, tax: excluded", "currency: cur, tax: excluded}\n  cur: {type: text", "or of money in one currency"),
        ("within: 80 %", "within: 80", "not a share such as"),
        ("from: 4 weeks", "from: long ago", "not a duration"),
    ],
)
def test_what_cannot_be_estimated_is_refused_at_load(estimating: Shop, old: str, new: str, what: str) -> None:
    estimating.edit("sources/sales/source.yml", old, new)
    with pytest.raises(ManifestError, match=what), estimating.open():
        pass


@pytest.mark.parametrize(("unit", "fits"), [("unit_name", False), ("each", True), (None, True)])
def test_quantities_are_estimated_in_one_unit_only(estimating: Shop, unit: str | None, fits: bool) -> None:
    """Cases and pieces of one column do not add up."""
    text = (estimating.root / "sources/sales/source.yml").read_text(encoding="utf-8").replace("of: [net_amount]", "of: [pieces]")
    more = f"  unit_name: {{type: text}}\n  pieces: {{type: quantity{f', unit: {unit}' if unit else ''}}}\nbusiness_date:"
    with nullcontext() if fits else pytest.raises(ManifestError, match="in one unit"):
        parse(SourceFile, text.replace("business_date:", more), "source.yml")


def test_parties_of_one_feed_are_peers() -> None:
    """Five or six distributors of a region are too few to say what the day was like; those of all four regions are not."""
    tree = load_tree(COMPANY)
    rules = {name: source.file.estimate for name, source in tree.sources.items() if source.file.estimate}
    ((column, rule, peers),) = peer_groups(tree, rules)
    assert (column, rule.within) == ("gross_amount", "80 %")
    assert peers == ["sell_out_huabei", "sell_out_huadong", "sell_out_huanan", "sell_out_xinan"]
    apart = {name: rule.model_copy(update={"from_": f"{weeks} weeks"}) for weeks, (name, rule) in enumerate(rules.items(), start=4)}
    groups = peer_groups(tree, apart)
    assert [group[2] for group in groups] == [peers] * 4 and len({group[1] for group in groups}) == 4
