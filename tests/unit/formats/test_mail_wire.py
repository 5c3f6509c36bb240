"""Mails pass between processes unchanged, and an answer that is none is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.made.containers import MAIL
from tests.made.seeds import seeds

from taihu.core.errors import ContentRefused
from taihu.formats.mail_headers import Mail, MailPart, parse_mail
from taihu.formats.mail_wire import packed, unpacked

texts = st.text(max_size=6)
parts = st.builds(MailPart, st.integers(0, 9), texts, texts, st.binary(max_size=9), texts, texts, st.booleans())
mails = st.builds(
    Mail, texts, st.none() | st.datetimes(timezones=st.timezones()), texts, texts, st.lists(parts, max_size=3), texts,
    st.lists(texts).map(tuple),
)  # fmt: skip


@given(mails)
def test_a_mail_comes_back_equal(mail: Mail) -> None:
    said, contents = packed(mail)
    back = unpacked(json.loads(json.dumps(said)), b"".join(contents))
    assert back == mail and (back.date is None or back.date.utcoffset() == mail.date.utcoffset())  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "change", [{"parts": []}, {"date": "2026-09-15T08:00:00"}, {"subject": 3}, {"parts": [[0, "", "", "", "", False, -1]]}]
)
def test_what_is_no_mail_is_refused(change: dict[str, Any]) -> None:
    said, contents = packed(parse_mail(MAIL))
    with pytest.raises((ValueError, TypeError)):
        unpacked({**said, **change}, b"".join(contents))


def test_taken_apart_in_the_child_as_here() -> None:
    from taihu.collect.mail_items import taken_apart

    for raw in seeds()["eml"]:
        assert taken_apart(raw) == parse_mail(raw)
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000))
    with pytest.raises(ContentRefused) as refused:
        taken_apart(deep)
    assert refused.value.reason == "damaged_file"
