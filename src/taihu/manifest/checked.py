"""Types of text that carry their own proof or their own grammar, what is taken out of them, and which of them are personal."""

from __future__ import annotations

from typing import Literal

CheckedType = Literal["uscc", "id_number", "bank_card", "barcode", "licence", "invoice_number", "company_name", "address", "pack"]
PersonalKind = Literal["contact", "person", "address", "account", "identity"]

# A value of these types is about a person, whoever wrote the contract.
PERSONAL_TYPES: dict[str, PersonalKind] = {"phone": "contact", "id_number": "identity", "bank_card": "account"}

# Parts that columns of their own may hold (``part: customer_name.region``), with the type of such a column.
PARTS: dict[str, dict[str, str]] = {
    "company_name": dict.fromkeys(("region", "trade", "industry", "form", "branch"), "text"),
    "address": dict.fromkeys(("division", "province", "city", "detail"), "text"),
    "pack": {"pieces": "integer", "content": "number", "content_unit": "text", "outer": "text"},
    "invoice_number": {"code": "text", "number": "text"},
    "licence": {"kind": "text"},
}
# What may leave a personal column beside its token: the place, never the door.
NOT_PERSONAL_PARTS = frozenset({"address.division", "address.province", "address.city"})
