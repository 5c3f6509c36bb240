"""``corrections.yml``: what was changed by hand, why, who was told; each entry names exactly one row and expires by itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

from pydantic import Field

from taihu.manifest.strict import Frozen


class Told(Frozen):
    who: str = Field(description="Who was told", examples=["华东一号经销商"])
    date: dt.date = Field(description="When", examples=["2026-11-04"])


class Correction(Frozen):
    """One correction of one row."""

    row: dict[str, Any] = Field(description="Column values that name exactly one row", examples=[{"document_number": "XS1"}])
    set: dict[str, Any] = Field(description="New values", examples=[{"quantity": 12}])
    was: dict[str, Any] = Field(description="Values as sent; when they differ, the correction has expired", examples=[{"quantity": 144}])
    because: str = Field(description="Why", examples=["case counted as pieces"])
    told: Told | None = Field(default=None, description="Who was told, when", examples=[{}])
