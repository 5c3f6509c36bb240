"""What spreadsheets show where a formula could not be computed (ECMA-376, 18.18.11)."""

from __future__ import annotations

ERROR_CELLS = frozenset({"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"})
