"""Small value types that several manifest files share: bilingual titles, spans of time, secrets by reference."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from taihu.core.types import Text
from taihu.manifest.strict import Frozen


class Title(Frozen):
    """A text in both languages."""

    zh: str = Field(description="Chinese text", examples=["华东经销商销售流向"])
    en: str = Field(description="English text", examples=["Distributor sell-out, East China"])

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)


def _both(value: Any) -> Any:
    """One text for both languages, where it is written once."""
    return {"zh": value, "en": value} if isinstance(value, str) else value


Purpose = Annotated[Title, BeforeValidator(_both, json_schema_input_type=str | Title)]

_DURATION = re.compile(r"(\d+) (second|minute|hour|day|week|month)s?")


def parse_duration(text: str) -> dt.timedelta:
    """``15 minutes``, ``2 days``, ``36 months`` (30 days each) as a time difference."""
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a duration such as '15 minutes' or '2 days'")
    count, unit = int(match[1]), match[2]
    seconds = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400, "month": 30 * 86400}
    return dt.timedelta(seconds=count * seconds[unit])


_SHARE = re.compile(r"(\d{1,3}(?:\.\d+)?) ?%")


def parse_share(text: str) -> Decimal:
    """``2 %`` or ``99.5%`` as a share of one."""
    match = _SHARE.fullmatch(text.strip())
    if not match or Decimal(match[1]) > 100:
        raise ValueError(f"{text!r} is not a share such as '2 %'")
    return Decimal(match[1]) / 100


def _share(value: Any) -> str:
    parse_share(str(value))
    return str(value)


def _duration(value: Any) -> str:
    parse_duration(str(value))
    return str(value)


def _time(value: Any) -> str:
    text = str(value)
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError(f"{text!r} is not a time of day such as '08:30'")
    return text


def _day(value: Any) -> str:
    try:
        return dt.date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError(f"{str(value)!r} is not a day such as 2026-08-17") from None


def _reference(value: str) -> str:
    if value.split(":", 1)[0] not in ("env", "file", "keyring") or ":" not in value:
        raise ValueError("a secret is a reference (env:NAME, file:PATH or keyring:NAME), never the value itself")
    return value


def as_many(value: Any) -> Any:
    """One text where several may stand."""
    return [value] if isinstance(value, str) else value


Share = Annotated[str, BeforeValidator(_share)]
Duration = Annotated[str, BeforeValidator(_duration)]
Day = Annotated[str, BeforeValidator(_day)]
TimeOfDay = Annotated[str, BeforeValidator(_time)]
SecretReference = Annotated[str, AfterValidator(_reference)]
OneOrMany = Annotated[tuple[str, ...], BeforeValidator(as_many)]
