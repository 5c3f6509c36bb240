"""Masks, roles, secrets by reference, and what a log line may hold."""

from __future__ import annotations

import io
import logging
import os
import pickle
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from taihu.core.errors import AccessRefused, ManifestError
from taihu.guard.keys import Keyring
from taihu.guard.mask import mask
from taihu.guard.redact import RedactingFilter, is_card_number, is_identity_number, redact, redact_text
from taihu.guard.roles import audiences, may, person_of, require, role_of, row_filter, visible_columns
from taihu.guard.secrets import Secret, resolve
from taihu.manifest.roles import RolesFile

ROLES = RolesFile.model_validate(
    {
        "roles": {
            "regional_manager": {"rows": {"region_code": "own"}, "hide": ["personal"]},
            "bi_lead": {"rows": "all", "may": ["approve", "release"]},
        },
        "people": [
            {"name": "east", "mail": "east@a.example", "role": "regional_manager", "region_code": "EAST"},
            {"name": "east_deputy", "mail": "east2@a.example", "role": "regional_manager", "region_code": "EAST"},
            {"name": "north", "mail": "north@a.example", "role": "regional_manager", "region_code": "NORTH"},
            {"name": "lost", "mail": "lost@a.example", "role": "regional_manager"},
            {"name": "lead", "mail": "lead@a.example", "role": "bi_lead"},
        ],
    }
)
COLUMNS = ("business_date", "region_code", "net_revenue_cny")


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("contact", "13812345678", "138****5678"),
        ("contact", "+86 138-1234-5678", "138****5678"),
        ("contact", "12345", "****"),
        ("contact", "li.lei@a.example", "l***@a.example"),
        ("contact", "@0000", "****"),
        ("person", "张三丰", "张*"),
        ("person", "欧阳锋", "欧阳*"),
        ("person", "Li Lei", "L*"),
        ("identity", "11010519491231002X", "****002X"),
        ("account", "1234", "****"),
        ("address", "浙江省杭州市西湖区文三路1号", "浙江省杭州市***"),
        ("anything", "secret", "****"),
    ],
)
def test_masks(kind: str, value: str, shown: str) -> None:
    assert mask(kind, value) == shown


@given(kind=st.sampled_from(["contact", "person", "address", "account", "identity"]), value=st.text(min_size=5, max_size=30))
def test_a_mask_never_shows_the_whole_value(kind: str, value: str) -> None:
    assert "*" in mask(kind, value) or not value.strip()
    assert value.strip() not in mask(kind, value) or set(value.strip()) <= {"*"} or not value.strip()


def test_row_filters() -> None:
    assert row_filter(ROLES, person_of(ROLES, "east"), table="mart.daily_kpi", columns=COLUMNS) == {"region_code": "EAST"}
    assert row_filter(ROLES, person_of(ROLES, "lead"), table="mart.x", columns=()) == {}
    with pytest.raises(ManifestError, match="no column region_code"):
        row_filter(ROLES, person_of(ROLES, "east"), table="mart.x", columns=("business_date",))
    with pytest.raises(ManifestError, match="lost has no region_code"):
        row_filter(ROLES, person_of(ROLES, "lost"), table="mart.daily_kpi", columns=COLUMNS)


def test_audiences_group_people_who_see_the_same() -> None:
    known = RolesFile(roles=ROLES.roles, people=tuple(p for p in ROLES.people if p.name != "lost"))
    groups = audiences(known, "regional_manager", table="mart.daily_kpi", columns=COLUMNS)
    assert [(each.filters, [p.name for p in each.people]) for each in groups] == [
        ((("region_code", "EAST"),), ["east", "east_deputy"]),
        ((("region_code", "NORTH"),), ["north"]),
    ]
    with pytest.raises(ManifestError):
        audiences(known, "nobody", table="t", columns=())


def test_decisions_need_the_right() -> None:
    assert may(ROLES, "lead", "release") and not may(ROLES, "east", "release") and not may(ROLES, "stranger", "release")
    require(ROLES, "lead", "approve")
    with pytest.raises(AccessRefused, match="east may not approve") as caught:
        require(ROLES, "east", "approve")
    assert caught.value.fix.startswith("ask lead;")
    nobody = RolesFile(roles={})
    require(nobody, "stranger", "release")
    require(nobody, "stranger", "waive")
    with pytest.raises(AccessRefused, match="stranger may not unmask"):
        require(nobody, "stranger", "unmask")
    classes = {"a": "personal", "b": "business", "c": "sensitive"}
    assert visible_columns(role_of(ROLES, "regional_manager"), classes) == ["b", "c"]


def test_secrets_are_resolved_at_use(tmp_path: Path, keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BI_PASSWORD", "from-environment")
    assert resolve("env:BI_PASSWORD").reveal() == "from-environment"
    (tmp_path / "erp").write_text("from-file\n", encoding="utf-8")
    (tmp_path / "erp").chmod(0o600)
    assert resolve("file:erp", base=tmp_path).reveal() == "from-file"
    keyring.secret_put("erp", Secret("from-keyring"))
    assert resolve("keyring:erp", keyring=keyring).reveal() == "from-keyring"


@pytest.mark.parametrize("reference", ["env:NOT_SET_ANYWHERE", "file:absent", "keyring:erp", "hunter2-in-clear", "env:", "vault:x"])
def test_a_bad_reference_says_so_without_repeating_a_value(reference: str, tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        resolve(reference, base=tmp_path)
    assert "hunter2" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="file modes are a matter of POSIX")
def test_a_secret_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "erp").write_text("x", encoding="utf-8")
    (tmp_path / "erp").chmod(0o644)
    with pytest.raises(ManifestError, match="read by others"):
        resolve("file:erp", base=tmp_path)


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("canary-77f1", "env:X")
    shown = f"{secret} {secret!r} {[secret]} {secret:>40} %s" % secret
    assert "canary" not in shown and "env:X" in shown
    assert secret == Secret("canary-77f1") and secret != Secret("other") and bool(secret)
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_identity_and_card_numbers_are_told_from_order_numbers() -> None:
    assert is_identity_number("11010519491231002X") and not is_identity_number("110105194912310021")
    assert is_card_number("6222021234567890128") == (sum_luhn("6222021234567890128") % 10 == 0)
    assert is_card_number("4111111111111111") and not is_card_number("4111111111111112") and not is_card_number("2026091500000001")


def sum_luhn(text: str) -> int:
    return sum(sum(divmod(int(d) * (2 if n % 2 else 1), 10)) for n, d in enumerate(reversed(text)))


def test_redacted_text() -> None:
    Secret("pa ss/wörd-91")
    text = (
        "GET https://bi:pa%20ss%2Fw%C3%B6rd-91@host/x?access_token=abc123&day=2026-09-15 failed, call 13812345678 or +86 139 1234 5678, "
        "mail li.lei@a.example, id 11010519491231002X, card 4111111111111111, order 202609150000000017, plain pa ss/wörd-91"
    )
    clean = redact_text(text)
    for leaked in ("pa ss", "pa%20ss", "abc123", "13812345678", "1234 5678", "li.lei", "11010519491231002X", "4111111111111111"):
        assert leaked not in clean, leaked
    for kept in ("day=2026-09-15", "202609150000000017", "138****5678", "l***@a.example"):
        assert kept in clean, kept


def test_log_lines_of_ours_and_of_libraries_are_clean() -> None:
    canary = Secret("canary-5d2e9c").reveal()
    processors = [structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer()]
    ours = structlog.wrap_logger(structlog.ReturnLogger(), processors=processors)
    event = {"password": "short", "url": f"ftp://u:{canary}@h", "nested": {"cookie": "s=1", "phone": 13812345678}}
    try:
        raise RuntimeError(f"login as bi:{canary} at 13812345678")
    except RuntimeError:
        line = str(ours.error("failed", exc_info=True, **event))
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactingFilter())
    library = logging.Logger("library")
    library.addHandler(handler)
    try:
        raise RuntimeError(f"no answer from {canary}")
    except RuntimeError:
        library.exception("sent %s", canary)
    for output in (line, stream.getvalue()):
        assert "RuntimeError" in output
        for leaked in (canary, "13812345678", "s=1", "short"):
            assert leaked not in output, output
