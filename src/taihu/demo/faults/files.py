"""Faults of whole files: cut off, sent twice, renamed, damaged, somebody else's."""

from __future__ import annotations

import copy
import random

from taihu.demo.faults.kinds import Hit
from taihu.demo.schedule import Plan, Sending, next_workday, resend, senders


def partial(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """The first 60 % of the rows; the totals are lost, or still speak of all rows."""
    draft = sending.draft
    kept = len(draft.rows) * 3 // 5
    if kept < 2:
        return None
    if rng.random() < 0.5:
        draft.has_totals = False
    else:
        draft.stated = list(draft.rows)
    draft.rows = draft.rows[:kept]
    return [], ""


def missing_day(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    draft = sending.draft
    reported = sorted({row["date"] for row in draft.rows})
    if len(reported) < 3:
        return None
    lost = rng.choice(reported[1:-1])
    draft.rows = [row for row in draft.rows if row["date"] != lost]
    return [], ""


def resend_new_rows(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """Three documents are entered a day late; the sender mails the whole file again."""
    later = next_workday(sending.morning)
    if later is None or len(sending.draft.rows) < 7 or not plan.is_free(sending.draft.source, sending.draft.party, later, 1):
        return None
    full = copy.deepcopy(sending.draft)
    sending.draft.rows = sending.draft.rows[:-3]
    plan.occupy(full.source, full.party, later)
    resend(plan, full, later, "_补报", clean=False, remark="three late documents")
    return [], ""


def rename(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    draft = sending.draft
    name, header = rng.choice([("amount", "开票总额"), ("quantity", "出货件数"), ("product", "SKU编号")])
    draft.renamed[name] = ("销售/" if "/" in draft.header(name) else "") + header
    return [], draft.renamed[name]


_SWAPS = {"stock": ("unit", "name"), "orders": ("province", "phone"), "daily": ("product", "name")}


def move(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    draft = sending.draft
    one, other = _SWAPS.get(draft.style.name, ("customer", "product"))
    first, second = draft.columns.index(one), draft.columns.index(other)
    draft.columns[first], draft.columns[second] = other, one
    return [], draft.header(one)


def mojibake(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    sending.draft.garbled = "file" if sending.draft.source == "sell_out_huabei" else "cells"
    return [], ""


def login_page(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    sending.draft.damage = "login_page"
    return [], ""


def truncate(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    sending.draft.damage = "truncated"
    return [], ""


def duplicate(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    later = next_workday(sending.morning)
    if later is None or not plan.is_free(sending.draft.source, sending.draft.party, later, 1):
        return None
    plan.occupy(sending.draft.source, sending.draft.party, later)
    resend(plan, sending.draft, later, "(1)", clean=False, remark="the same file again")
    return [], ""


def wrong_password(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    sending.draft.damage = "other_password"
    return [], ""


def empty_file(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    sending.draft.damage = "empty"
    return [], ""


def insert_column(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """The sender's system was given a new field, and the export shows it in the middle."""
    draft = sending.draft
    at = rng.randrange(2, len(draft.columns) - 1)
    draft.columns.insert(at, "batch")
    draft.renamed["batch"] = rng.choice(("批号", "仓库", "部门"))
    for number, row in enumerate(draft.rows, 1):
        row["batch"] = f"B{number:03d}"
    return [], draft.renamed["batch"]


def reorder(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """The file is exported again with another sort order."""
    later = next_workday(sending.morning)
    if later is None or len(sending.draft.rows) < 4 or not plan.is_free(sending.draft.source, sending.draft.party, later, 0):
        return None
    again = copy.deepcopy(sending.draft)
    again.rows.reverse()
    plan.occupy(again.source, again.party, later)
    resend(plan, again, later, "_重发", clean=False, remark="the same rows in another order")
    return [], ""


def other_party(plan: Plan, sending: Sending, rng: random.Random) -> Hit:
    """The sender forwards a neighbour's file instead of its own."""
    own = sending.draft
    others = [code for code in senders(plan.facts.company, own.source) if code != own.party]
    rng.shuffle(others)
    for code in others:
        theirs = plan.regular.get((own.source, code, sending.morning))
        if theirs is None or not theirs.clean or theirs.remark or not theirs.draft.rows:
            continue
        draft = copy.deepcopy(theirs.draft)
        stem, _, extension = draft.name.rpartition(".")
        draft.party, draft.days, draft.envelope = own.party, own.days, own.envelope
        draft.name, draft.title = f"{stem}_转发{own.party}.{extension}", f"{draft.title} 转发"
        sending.draft, sending.name = draft, draft.name
        return [], ""
    return None
