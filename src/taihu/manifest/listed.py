"""Rules that look a row up in a reference table: is its code listed, does its name fit, whose territory is its customer in."""

from __future__ import annotations

from pydantic import Field

from taihu.manifest.strict import Frozen


class Valid(Frozen):
    """Columns of a reference table that say when an entry counts; ``to`` is not in it, null means open."""

    from_: str = Field(alias="from", description="First day", examples=["valid_from"])
    to: str | None = Field(default=None, description="First day on which it no longer counts", examples=["valid_to"])


class Listed(Frozen):
    """A code that stands in a reference table and, where ``valid`` is given, counts on the row's day."""

    column: str = Field(description="Column of the code", examples=["store_code"])
    in_: str = Field(alias="in", description="Reference source", examples=["stores"])
    by: str | None = Field(default=None, description="Its column that is looked up (default: the same name)", examples=["store_code"])
    valid: Valid | None = Field(default=None, description="Its columns that say when an entry counts", examples=[{"from": "valid_from"}])


class NetContent(Frozen):
    """A product name whose net content (550ml, 75g) is that of its code's product; names that state none are not judged."""

    name: str = Field(description="Column of the name", examples=["product_name"])
    code: str = Field(description="Column of the product key", examples=["product_code"])
    in_: str = Field(alias="in", description="Reference source with product_code and product_name", examples=["erp_products"])


class Territory(Frozen):
    """Customers whose name begins with a place that only another territory's parties are listed in."""

    customer: str = Field(description="Column of the customer's name", examples=["customer_name"])
    in_: str = Field(alias="in", description="Reference source of the parties", examples=["distributors"])
    party: str = Field(description="Its column of the party's key", examples=["distributor_code"])
    place: str = Field(description="Its column of the place", examples=["city"])
    territory: str = Field(description="Its column of the territory", examples=["region_code"])
