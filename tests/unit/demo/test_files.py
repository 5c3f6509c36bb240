"""What is written is read back by other libraries than the pipeline's own readers where that is possible."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections import Counter
from decimal import Decimal

import openpyxl
import pytest
import pyzipper

from taihu.demo.drafts import STYLES
from taihu.demo.facts import restate, simulate
from taihu.demo.faults import FAULT_KINDS, plant
from taihu.demo.mails import mail_of, other_mails
from taihu.demo.schedule import ODD_TEXT, Sending, make_plan
from taihu.demo.senders import simulate_senders
from taihu.demo.shape import shape_of
from taihu.demo.truth import Truth
from taihu.demo.world import World
from taihu.demo.writers import ZIP_PASSWORDS, write
from taihu.formats.mail_headers import parse_mail


def regular(world: World, source: str, party: str, morning: dt.date) -> Sending:
    return world.plan.regular[(source, party, morning)]


def clean(world: World, style: str) -> Sending:
    return next(s for s in world.plan.sendings if s.draft.style.name == style and s.clean and len(s.draft.days) == 1 and s.draft.rows)


def test_equal_drafts_are_equal_bytes(world: World) -> None:
    for style in STYLES:
        sending = clean(world, style)
        assert write(sending.draft) == write(sending.draft)


@pytest.mark.parametrize("style", ["standard", "standard_2025", "daily", "two_rows"])
def test_workbooks_say_what_the_draft_says(world: World, style: str) -> None:
    sending = clean(world, style)
    written = sending.written()
    content = written.content
    if style == "two_rows":
        archive = pyzipper.AESZipFile(io.BytesIO(content))
        archive.setpassword(ZIP_PASSWORDS["sell_out_huanan"].encode())
        content = archive.read(archive.namelist()[0])
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    column = sending.draft.columns.index("amount") + 1
    amounts = [sheet.cell(row=row, column=column).value for row in written.positions]
    assert [Decimal(str(value)) for value in amounts] == [Decimal(str(float(row["amount"]))) for row in sending.draft.rows]
    total = sheet.cell(row=written.positions[-1] + 1, column=column).value
    assert Decimal(str(total)) == sum(row["amount"] for row in sending.draft.rows)


def test_a_csv_in_a_zip_with_a_gbk_name(world: World) -> None:
    sending = clean(world, "export")
    archive = zipfile.ZipFile(io.BytesIO(sending.written().content), metadata_encoding="gbk")
    (member,) = archive.namelist()
    assert member.endswith(".csv") and member.startswith("销售流向_")
    lines = list(csv.reader(io.StringIO(archive.read(member).decode("gb18030"))))
    for row, position in zip(sending.draft.rows, sending.written().positions, strict=True):
        assert lines[position - 1][sending.draft.columns.index("document")] == row["document"]
    assert "".join(lines[-1]).startswith(f"共{len(sending.draft.rows)}笔")


def test_every_mail_is_understood(world: World) -> None:
    seen = Counter[str]()
    for sending in world.plan.sendings:
        if sending.draft.channel != "mail" or seen[sending.draft.source] >= 3:
            continue
        seen[sending.draft.source] += 1
        mail = parse_mail(mail_of(sending))
        (attachment,) = [part for part in mail.parts if part.name]
        assert attachment.name == sending.name
        assert attachment.content == sending.written().content
        assert sending.draft.envelope is not None and sending.draft.envelope.subject in mail.subject
    assert len(seen) >= 5


def test_other_mails_have_no_attachment() -> None:
    assert all(not [part for part in parse_mail(raw).parts if part.name] for _, raw in other_mails())


def test_names_of_files_are_never_used_twice(world: World) -> None:
    names = Counter((sending.draft.source, sending.name) for sending in world.plan.sendings)
    assert max(names.values()) == 1


@pytest.mark.parametrize(("seed", "random_company"), [(11, False), (12, True), (13, True), (37, True)])
def test_each_kind_of_fault_is_planted_three_times(seed: int, random_company: bool) -> None:
    facts = simulate(seed, shape_of(seed, random_company))
    restate(facts, seed)
    simulate_senders(facts, seed)
    faults = plant(make_plan(facts, seed), seed)
    counted = Counter(fault.kind for fault in faults)
    assert set(counted) == set(FAULT_KINDS)
    assert len(FAULT_KINDS) >= 28 and 3 <= min(counted.values()) <= max(counted.values()) <= 6
    assert not random_company or len(faults) > 180
    assert len({fault.fault_id for fault in faults}) == len(faults)


def test_without_faults_everything_is_clean() -> None:
    facts = simulate_senders(simulate(2), 2)
    remarks = Counter(sending.remark for sending in make_plan(facts, 2).sendings if not sending.clean)
    assert remarks == {"old mail sent again": 2}


def test_a_planted_row_stands_where_the_truth_says(world: World, truth: Truth) -> None:
    fault = next(fault for fault in truth.faults if fault.kind == "day_beyond_month" and fault.source == "sell_out_xinan")
    content = next(s for s in world.plan.sendings if s.name == fault.files[0]).written().content.decode("gb18030")
    rows = content.split("<tr>")[1:]
    assert "2026-09-31" in rows[fault.rows[0] - 1]


def test_a_neighbour_s_file_comes_in_the_sender_s_own_mail(world: World, truth: Truth) -> None:
    for fault in (fault for fault in truth.faults if fault.kind == "other_party_file"):
        sending = next(s for s in world.plan.sendings if s.name == fault.files[0])
        assert world.facts.company.distributor(fault.party).mail.encode() in mail_of(sending)
        assert fault.party not in fault.files[0].partition("_转发")[0]


def test_a_text_like_an_order_is_a_name_in_a_clean_file(world: World) -> None:
    (odd,) = [sending for sending in world.plan.sendings if sending.remark == "text like an order"]
    assert odd.clean and ODD_TEXT in odd.draft.rows[0]["customer"] and ODD_TEXT.encode("gb18030") in odd.written().content
