"""Figures, recipients, restatements; a publication that a crash left half done; the same bytes made again."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.run.conftest import Shop, at

from taihu.core.errors import ManifestError
from taihu.core.figures import Arrivals, Figure, ReportFigures, Restatements, TableBlock, Tiles
from taihu.core.types import Span
from taihu.ledger.ledger import Ledger
from taihu.ledger.records import Publication
from taihu.project.workspace import Workspace
from taihu.run.cube import change, shifted
from taihu.run.explaining import explain, latest_figures
from taihu.run.figures import Audience
from taihu.run.reporting import audiences_of, figures_of, is_finished, rebuild, recipients_of

D = Decimal


def published(shop: Shop, ws: Workspace) -> list[Publication]:
    """Two mornings: the 2nd covers the 1st (and the weekend before), the 3rd covers the 2nd."""
    shop.sales("A", "1", "1:100 1:50", at(2, 7))
    shop.sales("B", "1", "1:30", at(2, 7))
    first = shop.run(at(2), ws, reports=True)
    shop.sales("A", "2", "2:200", at(3, 7))
    shop.sales("B", "2", "2:40 1:31", at(3, 7))
    second = shop.run(at(3), ws, reports=True)
    return [*first.publications, *second.publications]


def of(figures: ReportFigures, kind: type[Any]) -> Any:
    return next(block for block in figures.blocks if isinstance(block, kind))


def made(ws: Workspace, publication: Publication, *where: tuple[str, str]) -> ReportFigures:
    ws.open_pinned(publication)
    return figures_of(ws, publication, Audience(where))


def tile(figures: ReportFigures, name: str) -> Figure:
    found: Figure = next(figure for figure in of(figures, Tiles).figures if figure.measure == name)
    return found


def against(figure: Figure, kind: str) -> tuple[Decimal | None, Decimal | None]:
    return next((each.base, each.change) for each in figure.comparisons if each.against == kind)


def test_figures_are_sums_ratios_of_sums_and_comparisons_of_the_same_question(shop: Shop, ws: Workspace) -> None:
    _, second = published(shop, ws)
    figures = made(ws, second)
    revenue = tile(figures, "revenue")
    assert revenue.value == D(240)
    assert against(revenue, "target") == (D(480), D("0.5"))
    assert against(revenue, "day") == (D(181), D("0.325967"))
    assert against(revenue, "week") == (None, None), "nothing was sold a week earlier: a dash, not a growth"
    attainment = tile(figures, "attainment")
    assert attainment.value == D("0.5") and dict(attainment.parts) == {"net_amount_cny": D(240), "target_amount_cny": D(480)}
    assert against(attainment, "day") == (D("0.5"), D(0)) and against(attainment, "target") == (None, None)
    assert tile(figures, "closing").value == D(240) and tile(figures, "closing").span == Span(at(2).date(), at(3).date())
    table = of(figures, TableBlock)
    assert [(row.labels[0].en, row.figures[0].value) for row in table.rows] == [("East", D(200)), ("West", D(40)), ("Total", D(240))]


def test_change_and_spans() -> None:
    assert change(D(1), D(0), points=False) is None and change(D(1), D(-2), points=False) is None
    assert change(D("0.4"), D("0.5"), points=True) == D("-0.1")
    span = Span(at(20).date(), at(23).date())
    assert shifted(span, "day") == Span(at(17).date(), at(20).date())
    assert shifted(span, "week") == Span(at(13).date(), at(16).date())
    leap = Span(at(1).date().replace(2028, 2, 29), at(1).date().replace(2028, 3, 1))
    assert str(shifted(leap, "year")) == "2027-02-28"


def test_a_region_sees_its_rows_and_its_parties(shop: Shop, ws: Workspace) -> None:
    first, second = published(shop, ws)
    east = made(ws, second, ("region_code", "EAST"))
    assert tile(east, "revenue").value == D(200)
    assert [row.labels[0].en for row in of(east, TableBlock).rows] == ["East", "Total"]
    assert of(east, Restatements).rows == [] or not of(east, Restatements).rows
    assert of(east, Arrivals).parties_expected < of(made(ws, second), Arrivals).parties_expected
    report = ws.tree.reports["daily"]
    assert {(person.name, where) for person, _, where in recipients_of(ws, report)} == {
        ("lead", ()),
        ("east", (("region_code", "EAST"),)),
    }
    assert [audience.where for audience, _ in audiences_of(ws, report)] == [(), (("region_code", "EAST"),)]
    assert {row.recipient: row.meta["audience"] for row in ws.ledger.outbox(publication=first.id)} == {
        "lead@shop.example": "all",
        "east@shop.example": "EAST",
    }


def test_a_filter_and_a_split_hold_together(shop: Shop) -> None:
    shop.edit("models/mart/sales/daily_sales.sql", "GROUP BY 1, 2", "GROUP BY 1, 2, 3")
    shop.edit(
        "models/mart/sales/daily_sales.sql",
        "  CAST(SUM(sale.net_amount_cny) AS",
        "  CAST(sale.party_code AS TEXT)                       AS party_code,\n  CAST(SUM(sale.net_amount_cny) AS",
    )
    shop.edit("reports/daily/report.yml", "split: region_code", "split: party_code")
    shop.edit("roles.yml", "region_code: EAST, lang", "region_code: EAST, party_code: B, lang")
    with shop.open() as ws:
        (_, _, where) = recipients_of(ws, ws.tree.reports["daily"])[1]
        assert where == (("party_code", "B"), ("region_code", "EAST"))
        first, _ = published(shop, ws)
        assert tile(made(ws, first, *where), "revenue").value is None, "B is not in the east"
        assert tile(made(ws, first, ("party_code", "B")), "revenue").value == D(30)
        assert of(made(ws, first, ("party_code", "B")), Arrivals).parties_expected == 0, "parties are known by region alone"


def test_a_restatement_names_what_came(shop: Shop, ws: Workspace) -> None:
    _, second = published(shop, ws)
    rows = of(made(ws, second), Restatements).rows
    assert [(row.business_date.day, row.measure.en, row.before, row.after, row.cause) for row in rows] == [
        (1, "Revenue", D(180), D(181), "data")
    ]
    assert "乙店" in rows[0].detail.zh and "甲店" not in rows[0].detail.zh


def test_a_restatement_names_what_flows_into_its_measure_only(shop: Shop, ws: Workspace) -> None:
    shop.sales("A", "1", "1:100", at(2, 7))
    shop.run(at(2), ws, reports=True)
    shop.order("O2", 1, "5")
    shop.sales("A", "2", "1:110", at(3, 7))
    (second,) = shop.run(at(3), ws, reports=True).publications
    fresh = {each.source for each in ws.ledger.arrivals(states=("accepted",)) if each.landed_at == at(3)}
    assert fresh >= {"orders", "sales"}, "both came since, and speak for the day"
    (row,) = of(made(ws, second), Restatements).rows
    assert (row.before, row.after, row.cause, row.detail.zh) == (D(100), D(110), "data", "甲店（流向）")


def test_a_restated_week_names_what_came_for_any_of_its_days(shop: Shop) -> None:
    model = "models/mart/sales/daily_sales.sql"
    shop.edit(model, "kind: incremental\npartition: month of business_date\n", "kind: full\n")
    shop.edit(model, "CAST(sale.business_date AS DATE)  ", "CAST(DATE_TRUNC('week', sale.business_date) AS DATE)  ")
    with shop.open() as ws:
        shop.sales("B", "1", "2:30 4:5", at(5, 7))
        shop.run(at(5), ws, reports=True)
        shop.sales("A", "1", "4:100", at(6, 7))
        (second,) = shop.run(at(6), ws, reports=True).publications
        (row,) = of(made(ws, second), Restatements).rows
        assert (row.business_date.day, row.before, row.after) == (2, D(35), D(135))
        assert (row.cause, row.detail.zh) == ("data", "甲店（流向）")


def test_a_change_of_a_day_long_ago_is_listed_too(shop: Shop) -> None:
    shop.edit("sources/sales/source.yml", "2026-11-01", "2026-06-01")
    with shop.open() as ws:
        shop.put("sales", "sales_A_1.csv", "日期,金额\n2026-06-03,10\n", at(2, 7))
        shop.run(at(2), ws, reports=True)
        shop.put("sales", "sales_A_2.csv", "日期,金额\n2026-06-03,12\n", at(3, 7))
        (second,) = shop.run(at(3), ws, reports=True).publications
        assert [(str(row.business_date), row.before, row.after) for row in of(made(ws, second), Restatements).rows] == [
            ("2026-06-03", D(10), D(12))
        ]


# a crash on the way out ------------------------------------------------------------------------------------------------


class PowerCut(BaseException):
    """The process dies here."""


@pytest.mark.parametrize("verb", ["figures_recorded", "outputs_recorded", "outbox_put"])
def test_a_publication_is_finished_by_the_next_run(shop: Shop, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    shop.sales("A", "1", "1:100 1:50", at(2, 7))

    def cut(*_: Any, **__: Any) -> None:
        raise PowerCut

    with monkeypatch.context() as patched, pytest.raises(PowerCut), shop.open() as ws:
        patched.setattr(Ledger, verb, cut)
        shop.run(at(2), ws, reports=True)
    with shop.open() as ws:
        (publication,) = ws.ledger.publications("daily")
        assert not is_finished(ws, publication)
        assert shop.run(at(2, 9), ws, reports=True).publications == [], "it is not published twice"
        assert is_finished(ws, publication)
        names = [output.name for output in ws.ledger.outputs(publication.id)]
        assert len(names) == len(set(names)) == 6, "figures, workbook and mail of two audiences"
        assert len(ws.ledger.outbox(publication=publication.id)) == 2
        assert ws.ledger.figures(publication.id)
        before = ws.ledger.outputs(publication.id)
        shop.run(at(2, 10), ws, reports=True)
        assert ws.ledger.outputs(publication.id) == before


def test_an_old_report_is_made_again_byte_for_byte(shop: Shop) -> None:
    with shop.open() as ws:
        first, second = published(shop, ws)
    shop.clock.move_to(at(20))
    with shop.open() as ws:
        for publication in (first, second):
            made_again = rebuild(ws, publication, shop.root / "again")
            assert len(made_again) == 6 and all(each.same for each in made_again)


def test_every_figure_is_explained_down_to_its_cells(shop: Shop, ws: Workspace) -> None:
    published(shop, ws)
    for listed in latest_figures(ws):
        story = explain(ws, listed["id"])
        assert story["recomputed"] == listed["value"] and all(part["equal"] for part in story["parts"])
        for cell in (cell for part in story["parts"] for cell in part["cells"]):
            line, field = (int(number) for number in re.findall(r"\d+", cell["cell"])[-2:])
            text = next((shop.root / "inbox/sales").glob(cell["file"])).read_text(encoding="utf-8")
            assert text.splitlines()[line - 1].split(",")[field - 1] == cell["text"]


# load errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "what"),
    [
        ("reports/daily/report.yml", "rows: [region_code]", "rows: [regoin_code]", "reports/daily/report.yml:8", "regoin_code"),
        ("reports/daily/report.yml", "show: [revenue, att", "show: [revenu, att", "reports/daily/report.yml:7", "revenu"),
        ("reports/daily/report.yml", "split: region_code", "split: channel_code", "roles.yml:6", "channel_code"),
        (
            "reports/daily/report.yml",
            "tiles: {from: mart.daily_sales",
            "tiles: {from: mart.daily",
            "reports/daily/report.yml:7",
            "mart.daily",
        ),
        ("roles.yml", "rows: {region_code: own}", "rows: {channel_code: own}", "roles.yml:6", "channel_code"),
        ("roles.yml", "region_code: EAST, lang", "lang", "roles.yml:6", "region_code"),
        ("glossary/sales.yml", "{sum: net_amount_cny}", "{sum: net_revenue_cny}", "reports/daily/report.yml:7", "net_revenue_cny"),
    ],
)
def test_a_report_that_does_not_fit_is_said_before_anything_is_collected(
    shop: Shop, file: str, old: str, new: str, where: str, what: str
) -> None:
    shop.edit(file, old, new)
    shop.sales("A", "1", "1:100", at(2, 7))
    with pytest.raises(ManifestError) as told:
        shop.run(at(2))
    assert told.value.where == where and what in told.value.what and told.value.exit_code == 2


@pytest.mark.parametrize("what", ["split", "filter"])
def test_a_mart_without_the_column_of_a_filter_is_a_load_error(shop: Shop, what: str) -> None:
    shop.edit("roles.yml", "region_code: EAST", "channel_code: KA, region_code: EAST")
    if what == "split":
        shop.edit("reports/daily/report.yml", "split: region_code", "split: channel_code")
    else:
        shop.edit("roles.yml", "rows: {region_code: own}", "rows: {channel_code: own}")
    with pytest.raises(ManifestError) as told:
        shop.run(at(2))
    assert told.value.where == ("reports/daily/report.yml:15" if what == "split" else "roles.yml:3")
    assert told.value.what == "mart.daily_sales has no column 'channel_code'"


def updating(shop: Shop, when: str = "[completeness, figures]") -> None:
    shop.edit("reports/daily/report.yml", "blocks:\n", f'updates: {{until: "12:00", when: {when}}}\nblocks:\n')


def test_what_comes_after_the_report_makes_a_later_version_that_says_what_changed(shop: Shop, ws: Workspace) -> None:
    updating(shop)
    with shop.open() as ws:
        shop.sales("A", "1", "1:100", at(2, 7))
        assert [publication.version for publication in shop.run(at(2), ws, reports=True).publications] == [1]
        assert shop.run(at(2, 9), ws, reports=True).publications == [], "nothing came, so there is nothing to say"
        shop.sales("B", "1", "1:30", at(2, 9))
        (second,) = shop.run(at(2, 9, 10), ws, reports=True, due=True).publications
        assert (second.version, str(second.span)) == (2, "2026-10-30..2026-11-01")
        figures = made(ws, second)
        assert tile(figures, "revenue").value == D(130)
        (row,) = of(figures, Restatements).rows
        assert (row.before, row.after, row.cause) == (D(100), D(130), "data") and "乙店" in row.detail.zh
        subjects = [row.meta["subject"] for row in ws.ledger.outbox(publication=second.id)]
        assert subjects and all("Version 2" in subject for subject in subjects if "East" not in subject)


def test_no_version_without_a_change_that_the_report_asks_for_nor_past_its_hour(shop: Shop, ws: Workspace) -> None:
    updating(shop, "[figures]")
    with shop.open() as ws:
        shop.sales("A", "1", "1:100", at(2, 7))
        shop.run(at(2), ws, reports=True)
        shop.sales("B", "1", "", at(2, 9))
        assert shop.run(at(2, 9, 10), ws, reports=True).publications == [], "a nil return changes completeness alone"
        shop.sales("B", "late", "1:30", at(2, 12))
        assert shop.run(at(2, 12, 1), ws, reports=True).publications == []


def test_a_nil_return_makes_a_version_where_completeness_is_asked_for(shop: Shop) -> None:
    updating(shop, "[completeness]")
    with shop.open() as ws:
        shop.sales("A", "1", "1:100", at(2, 7))
        (first,) = shop.run(at(2), ws, reports=True).publications
        shop.sales("B", "1", "", at(2, 9))
        (second,) = shop.run(at(2, 9, 10), ws, reports=True, due=True).publications
        counted = [of(made(ws, publication), Arrivals).parties_reported for publication in (first, second)]
        assert counted == [1, 2]


def test_a_report_that_fails_does_not_stop_the_others_and_is_finished_by_the_next_run(shop: Shop) -> None:
    shop.write("reports/another/report.yml", (shop.root / "reports/daily/report.yml").read_text(encoding="utf-8"))
    shop.write("out/another", "a file where the folder of the report should be")
    with shop.open() as ws:
        shop.sales("A", "1", "1:100", at(2, 7))
        result = shop.run(at(2), ws, reports=True)
        assert "another" in result.failed["report another"] and result.exit_code == 3
        assert [publication.report for publication in result.publications] == ["daily"]
        (shop.root / "out/another").unlink()
        assert not shop.run(at(2, 9), ws, reports=True).failed
        (publication,) = ws.ledger.publications("another")
        assert is_finished(ws, publication)
