from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa

from taihu.core.reasons import REASONS
from taihu.demo.faults import Fault
from taihu.demo.score import ArrivalRecord, ExpectationRecord, FindingRecord, Records, row_number, score_records
from taihu.demo.truth import GRAINS, Truth, net_in_cny
from taihu.demo.world import World


def perfect(truth: Truth) -> dict[str, pa.Table]:
    marts = {}
    for mart, grain in GRAINS.items():
        columns = sorted({name for row in truth.cells[mart].values() for name in row})
        rows: list[dict[str, Any]] = []
        for key, cells in truth.cells[mart].items():
            labels = dict(zip(grain, key, strict=True))
            rows.append(
                {**labels, "business_date": dt.date.fromisoformat(key[0]), **{name: cells.get(name, Decimal(0)) for name in columns}}
            )
        marts[mart] = pa.Table.from_pylist(rows)
    return marts


def all_read(truth: Truth) -> list[ArrivalRecord]:
    return [
        ArrivalRecord(f"a{n}", file.source, file.name, "accepted", "", frozenset((file.party, day) for day in file.days))
        for n, file in enumerate(truth.files)
    ]


def spoilt(marts: dict[str, pa.Table], truth: Truth, fault: Fault, by: Decimal = Decimal(1)) -> dict[str, pa.Table]:
    region = truth.regions[fault.party]
    rows = marts["mart.daily_revenue"].to_pylist()
    for row in rows:
        if (row["business_date"], row["region_code"], row["channel_code"]) == (fault.days[0], region, "DISTRIBUTOR"):
            row["net_revenue_cny"] += by
    return {**marts, "mart.daily_revenue": pa.Table.from_pylist(rows)}


def sell_out_fault(truth: Truth, kind: str) -> Fault:
    return next(fault for fault in truth.faults if fault.kind == kind and fault.source.startswith("sell_out_"))


def test_the_truth_survives_json(truth: Truth, world: World) -> None:
    assert Truth.from_json(truth.to_json()) == truth
    assert Truth.from_json(world.truth()) == truth


def test_the_sealed_truth_shows_nothing(world: World, truth: Truth) -> None:
    sealed = (world.folder / "truth" / "truth.sealed").read_bytes()
    assert b"fault" not in sealed and truth.names[0].encode() not in sealed


def test_reasons_exist(truth: Truth) -> None:
    assert {reason for fault in truth.faults for reason in fault.reasons} <= set(REASONS)


def test_names_to_scan_for_are_long_enough(truth: Truth) -> None:
    assert all(len(name) >= 3 for name in truth.names)
    assert all(len(phone) == 11 for phone in truth.phones)


def test_hong_kong_lines_use_the_last_rate_before_a_holiday(world: World) -> None:
    line = next(
        line for line in world.facts.deliveries if line.currency == "HKD" and dt.date(2026, 10, 1) <= line.day <= dt.date(2026, 10, 7)
    )
    rate = next(rate for rate in world.facts.rates if rate.currency == "HKD" and rate.day == dt.date(2026, 9, 30))
    assert net_in_cny(line, world.facts) == (line.final_net * rate.mid / 100).quantize(Decimal("0.01"), "ROUND_HALF_UP")


def test_perfect_marts_are_exact(truth: Truth) -> None:
    result = score_records(truth, perfect(truth), Records(all_read(truth)))
    assert result.facts_exact and not result.silently_wrong
    assert result.clean_files_read_rate == 1 and result.false_flag_rate == 0
    assert result.as_json()["silently_wrong"] == 0
    assert all(kind.detected == 0 for kind in result.faults)


def test_a_wrong_cell_without_a_mark_is_silently_wrong(truth: Truth) -> None:
    fault = sell_out_fault(truth, "wan_as_yuan")
    result = score_records(truth, spoilt(perfect(truth), truth, fault), Records(all_read(truth)))
    assert [(cell.mart, cell.column) for cell in result.silently_wrong] == [("mart.daily_revenue", "net_revenue_cny")]


def test_a_held_file_marks_its_cells_and_is_found(truth: Truth) -> None:
    fault = sell_out_fault(truth, "wan_as_yuan")
    arrivals = [
        dataclasses.replace(arrival, state="held", reason="scale_suspected") if arrival.name == fault.files[0] else arrival
        for arrival in all_read(truth)
    ]
    result = score_records(truth, spoilt(perfect(truth), truth, fault), Records(arrivals))
    assert not result.facts_exact and not result.silently_wrong
    (kind,) = [kind for kind in result.faults if kind.kind == "wan_as_yuan"]
    assert (kind.detected, kind.located, kind.held, kind.repaired) == (1, 1, 1, 0)


def test_a_mark_does_not_excuse_more_than_hangs_on_its_file(truth: Truth) -> None:
    fault = sell_out_fault(truth, "wan_as_yuan")
    arrivals = [
        dataclasses.replace(arrival, state="held", reason="scale_suspected") if arrival.name == fault.files[0] else arrival
        for arrival in all_read(truth)
    ]
    result = score_records(truth, spoilt(perfect(truth), truth, fault, by=Decimal(10_000_000)), Records(arrivals))
    assert len(result.silently_wrong) == 1


def test_a_missing_day_marks_its_cells(truth: Truth) -> None:
    fault = sell_out_fault(truth, "missing_day")
    owed = [ExpectationRecord(fault.source, fault.party, fault.days[0], "missing")]
    result = score_records(truth, spoilt(perfect(truth), truth, fault), Records(all_read(truth), expectations=owed))
    assert not result.silently_wrong
    (kind,) = [kind for kind in result.faults if kind.kind == "missing_day"]
    assert (kind.detected, kind.held) == (1, 1)


def test_a_refused_row_is_located_by_its_row(truth: Truth) -> None:
    fault = sell_out_fault(truth, "unit_slip")
    arrivals = all_read(truth)
    arrival = next(arrival for arrival in arrivals if arrival.name == fault.files[0])
    for row, located in ((fault.rows[0], 1), (fault.rows[0] + 1, 0)):
        records = Records(arrivals, quarantine=[FindingRecord(arrival.id, "price_out_of_band", f"Sheet1!{row}")])
        (kind,) = [kind for kind in score_records(truth, perfect(truth), records).faults if kind.kind == "unit_slip"]
        assert (kind.detected, kind.located, kind.held) == (1, located, 1)


def test_a_remark_on_a_clean_file_is_a_false_flag(truth: Truth) -> None:
    arrivals = all_read(truth)
    file = next(file for file in truth.files if file.clean and file.source == "sell_out_huabei")
    arrival = next(arrival for arrival in arrivals if arrival.name == file.name)
    flagged = score_records(truth, perfect(truth), Records(arrivals, notes=[FindingRecord(arrival.id, "columns_moved")]))
    harmless = score_records(truth, perfect(truth), Records(arrivals, notes=[FindingRecord(arrival.id, "replaced")]))
    assert len(flagged.false_flags) == 1 and not harmless.false_flags


def test_row_numbers_of_positions() -> None:
    assert [row_number(text) for text in ("Sheet1!12", "a.csv>7", "20260916.xlsx>Sheet1!9/线上", "5", "")] == [12, 7, 9, 5, None]
