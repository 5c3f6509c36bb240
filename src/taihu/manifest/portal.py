"""``portal.yml``: how to log in to a portal and fetch a report, as steps without conditions or loops."""

from __future__ import annotations

import datetime as dt

from pydantic import Field, model_validator

from taihu.manifest.strict import Frozen


class ExpectContent(Frozen):
    """What a download must be, or it is not accepted."""

    kind: str | None = Field(default=None, description="Kind by magic bytes", examples=["xlsx"])
    rows: dict[str, int] = Field(default_factory=dict, description="min and max rows after reading", examples=[{"min": 1}])
    period: dict[str, str] = Field(default_factory=dict, description="Where the file repeats the asked period", examples=[{"cell": "B2"}])


class Paginate(Frozen):
    """Follow pages: a query parameter that counts up until a page is empty or repeats the last one."""

    param: str = Field(description="Query parameter", examples=["page"])
    start: int = Field(default=1, description="First value", examples=[1])
    until: str = Field(description="Selector that is present while there is a next page", examples=["a.next"])
    most: int = Field(default=100, description="Never more pages than this", examples=[100])


class Step(Frozen):
    """Exactly one verb."""

    goto: str | None = Field(default=None, description="Open a page", examples=["/login"])
    fill: dict[str, str] | None = Field(
        default=None,
        description="Selector to value (account.user, account.password, period.start, text)",
        examples=[{"#user": "account.user"}],
    )
    click: str | None = Field(default=None, description="Submit the form of this button, or follow this link", examples=["text=登录"])
    fetch: str | None = Field(default=None, description="Download an address with the session", examples=["/report/daily/export"])
    links: str | None = Field(default=None, description="Download every file that this selector links to", examples=["table.downloads a"])
    with_: dict[str, str] = Field(
        default_factory=dict, alias="with", description="Query of fetch or goto", examples=[{"from": "period.start"}]
    )
    paginate: Paginate | None = Field(default=None, description="Pages of links", examples=[{"param": "page", "until": "a.next"}])
    expect: ExpectContent = Field(default_factory=ExpectContent, description="What the download must be", examples=[{"kind": "xlsx"}])

    @model_validator(mode="after")
    def _one_verb(self) -> Step:
        if sum(verb is not None for verb in (self.goto, self.fill, self.click, self.fetch, self.links)) != 1:
            raise ValueError("a step has exactly one of goto, fill, click, fetch, links")
        return self


class Terms(Frozen):
    """Who allowed the automation, and until when; past it the source pauses."""

    allowed_by: str = Field(description="Agreement", examples=["supplier agreement 2026"])
    until: dt.date = Field(description="Last day", examples=["2027-12-31"])


class PortalFile(Frozen):
    """The recipe of one portal source."""

    login: tuple[Step, ...] = Field(description="Steps that log in", examples=[[]])
    logged_in_if: str = Field(description="Selector that only a logged-in page has", examples=["css=.user-menu"])
    steps: tuple[Step, ...] = Field(description="Steps that fetch", examples=[[]])
    hosts: tuple[str, ...] = Field(description="Hosts that may be contacted", examples=[["supplier.example"]])
    terms: Terms = Field(description="Permission to automate", examples=[{}])
