"""``portal.yml``: how to log in to a portal and take what it has, as steps without conditions or loops.

One recipe serves two engines: ``plain`` asks for pages and sends forms itself, ``browser`` lets the system's Chromium run the
page's scripts. A value is a text, ``account.user``, ``account.password``, ``period.start``, ``period.last`` or ``period.end``
(dates as 2026-09-14), or a date written as the portal wants it: ``{period: start, as: "{dd}/{mm}/{yyyy}"}``.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from taihu.manifest.strict import Frozen
from taihu.manifest.words import Duration

_DATE_PARTS = {"yyyy": "%Y", "yy": "%y", "mm": "%m", "dd": "%d"}
_PERIOD = ("start", "last", "end")
_WORDS = ("account.user", "account.password", *(f"period.{name}" for name in _PERIOD))

ACTING = ("goto", "fill", "select", "check", "click", "totp", "wait", "human")
COLLECTING = ("fetch", "download", "table")
_BESIDE = {
    "with_": ("goto", "fetch"),
    "paginate": ("download", "table"),
    "expect": COLLECTING,
    "within": ("wait",),
    "reload": ("wait",),
    "until": ("human",),
    "as_": ("table",),
}


def _date_form(form: str) -> str:
    for name in re.findall(r"\{(.*?)\}", form):
        if name not in (*_DATE_PARTS, "m", "d"):
            raise ValueError(f"unknown part {{{name}}} of a date; known: {{yyyy}} {{yy}} {{mm}} {{m}} {{dd}} {{d}}")
    if not re.search(r"\{(yyyy|yy|mm|m|dd|d)\}", form):
        raise ValueError("a date is written like '{dd}/{mm}/{yyyy}'")
    return form


class PeriodValue(Frozen):
    """A day of the period that is asked for, written as the portal wants it."""

    period: Literal["start", "last", "end"] = Field(description="First day, last day, or the day after the last", examples=["start"])
    as_: Annotated[str, AfterValidator(_date_form)] = Field(
        default="{yyyy}-{mm}-{dd}",
        alias="as",
        description="{yyyy} {yy} {mm} {m} {dd} {d}, the rest as it stands",
        examples=["{dd}/{mm}/{yyyy}"],
    )

    def of(self, start: dt.date, end: dt.date) -> str:
        """The day's text in the half-open span from ``start`` to ``end``."""
        day = {"start": start, "last": end - dt.timedelta(days=1), "end": end}[self.period]
        parts = {name: day.strftime(form) for name, form in _DATE_PARTS.items()} | {"m": str(day.month), "d": str(day.day)}
        return re.sub(r"\{(\w+)\}", lambda part: parts[part[1]], self.as_)


def _word(value: str) -> str:
    if re.match(r"(account|period)\.", value) and value not in _WORDS:
        raise ValueError(f"{value!r} is not a value; known: {', '.join(_WORDS)}")
    return value


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


Written = Annotated[str, BeforeValidator(_as_text), AfterValidator(_word), Tag("text")]
Value = Annotated[
    Written | Annotated[PeriodValue, Tag("date")],
    Discriminator(lambda value: "date" if isinstance(value, (dict, PeriodValue)) else "text"),
]


class RowsExpected(Frozen):
    """How many rows a file must have."""

    min: int | None = Field(default=None, description="At least so many", examples=[1])
    max: int | None = Field(default=None, description="At most so many", examples=[20000])


class PeriodShown(Frozen):
    """Where a file shows the period that was asked for."""

    found_in: Literal["cell", "rows", "file name"] | None = Field(
        default=None, alias="from", description="Where the period stands; cell: alone is enough for a cell", examples=["rows"]
    )
    cell: str | None = Field(default=None, description="Cell", examples=["B2"])
    pattern: str | None = Field(
        default=None, description="Pattern with {yyyy}{mm}{dd}, twice for a span", examples=["{yyyy}-{mm}-{dd} to {yyyy}-{mm}-{dd}"]
    )

    @model_validator(mode="after")
    def _one_place(self) -> PeriodShown:
        if (self.found_in in (None, "cell")) != (self.cell is not None):
            raise ValueError("name a cell:, or write from: rows or from: file name")
        return self


class ExpectContent(Frozen):
    """What a download must be; one that is not is rejected and taken again by the next run."""

    kind: str | None = Field(default=None, description="Kind by magic bytes", examples=["xlsx"])
    rows: RowsExpected = Field(default_factory=RowsExpected, description="min and max rows after reading", examples=[{"min": 1}])
    period: PeriodShown | None = Field(default=None, description="Where the file repeats the asked period", examples=[{"cell": "B2"}])


class Paginate(Frozen):
    """Follow pages: by the link to the next one, or by a query parameter that counts up."""

    next: str | None = Field(default=None, description="Selector of the link to the next page; absent on the last", examples=["a.next"])
    param: str | None = Field(default=None, description="Query parameter", examples=["page"])
    start: int = Field(default=1, description="First value of param", examples=[1])
    until: str | None = Field(default=None, description="Selector that is present while there is a next page (param)", examples=["a.next"])
    most: int = Field(default=100, description="Never more pages than this", examples=[100])

    @model_validator(mode="after")
    def _one_way(self) -> Paginate:
        if (self.next is None) == (self.param is None) or (self.param is None) != (self.until is None):
            raise ValueError("paginate by next:, or by param: and until:")
        return self


class Step(Frozen):
    """Exactly one verb, and what belongs to it."""

    goto: str | None = Field(default=None, description="Open a page", examples=["/login"])
    fill: dict[str, Value] | None = Field(
        default=None,
        description="Selector to value; each field is read back, and one that shows another value is an error",
        examples=[{"#user": "account.user"}],
    )
    select: dict[str, Value] | None = Field(
        default=None, description="Selector to the option's value or text", examples=[{"#format": "CSV"}]
    )
    check: dict[str, bool] | None = Field(
        default=None, description="Selector of a box or radio button to true or false", examples=[{"#all": True}]
    )
    click: str | None = Field(default=None, description="Press this button, or follow this link", examples=["text=登录"])
    totp: str | None = Field(default=None, description="Fill the one-time code of the account's otp: into this field", examples=["#code"])
    wait: str | None = Field(default=None, description="Wait until this is on the page", examples=["text=下载"])
    human: str | None = Field(
        default=None, description="What a person must do (taihu portal login NAME); never done by itself", examples=["solve the captcha"]
    )
    fetch: str | None = Field(default=None, description="Download an address with the session", examples=["/report/daily/export"])
    download: str | None = Field(
        default=None,
        description="Take every file that this selector links to, or the one that its button makes",
        examples=["table.downloads a"],
    )
    table: str | None = Field(default=None, description="Take this table of the page as a file of its own", examples=["table#stock"])
    with_: dict[str, Value] = Field(
        default_factory=dict, alias="with", description="Query of fetch or goto", examples=[{"from": "period.start"}]
    )
    paginate: Paginate | None = Field(default=None, description="Pages of links or of a table", examples=[{"next": "a.next"}])
    expect: ExpectContent = Field(default_factory=ExpectContent, description="What the download must be", examples=[{"kind": "xlsx"}])
    within: Duration = Field(default="60 seconds", description="How long to wait", examples=["2 minutes"])
    reload: Duration | None = Field(default=None, description="Load the page again so often while waiting", examples=["5 seconds"])
    until: str | None = Field(default=None, description="Selector that shows that the person has done it", examples=["#orders"])
    as_: Literal["html", "csv"] = Field(default="html", alias="as", description="Form of a table's file", examples=["csv"])

    @model_validator(mode="after")
    def _one_verb(self) -> Step:
        verbs = [verb for verb in (*ACTING, *COLLECTING) if getattr(self, verb) is not None]
        if len(verbs) != 1:
            raise ValueError(f"a step has exactly one of {', '.join((*ACTING, *COLLECTING))}")
        for name, wanted in _BESIDE.items():
            if name in self.model_fields_set and verbs[0] not in wanted:
                raise ValueError(f"{name.rstrip('_')}: belongs to {' or '.join(wanted)}, not to {verbs[0]}")
        return self

    @property
    def verb(self) -> str:
        """The step's one verb."""
        return next(verb for verb in (*ACTING, *COLLECTING) if getattr(self, verb) is not None)

    @property
    def label(self) -> str:
        """The step for people, without values: ``fill #user #password``."""
        given = getattr(self, self.verb)
        return f"{self.verb} {' '.join(given) if isinstance(given, dict) else given}"

    @property
    def collects(self) -> bool:
        """Whether the step gives files."""
        return self.verb in COLLECTING

    @property
    def values(self) -> tuple[str | PeriodValue, ...]:
        """Every value that the step writes somewhere."""
        return (*(self.fill or {}).values(), *(self.select or {}).values(), *self.with_.values())


class Terms(Frozen):
    """Who allowed the automation, and until when; past it the source pauses."""

    allowed_by: str = Field(description="Agreement", examples=["supplier agreement 2026"])
    until: dt.date = Field(description="Last day", examples=["2027-12-31"])


class AskedPeriods(Frozen):
    """Which periods a recipe asks for that writes dates into a form or an address."""

    each: Literal["day", "week", "month"] = Field(default="day", description="One request for each", examples=["day"])
    back: int = Field(default=1, description="Whole periods back that are asked for until they have come", examples=[7], ge=1, le=400)


class PortalFile(Frozen):
    """The recipe of one portal source."""

    engine: Literal["plain", "browser"] = Field(
        default="plain", description="plain, or browser where the page needs scripts", examples=["plain"]
    )
    login: tuple[Step, ...] = Field(description="Steps that log in", examples=[[]])
    logged_in_if: str = Field(description="Selector that only a logged-in page has", examples=["css=.user-menu"])
    login_page_if: str = Field(
        default="css=input[type=password]", description="Selector that only a login page has", examples=["css=#login-form"]
    )
    steps: tuple[Step, ...] = Field(description="Steps that collect", examples=[[]])
    logout: tuple[Step, ...] = Field(
        default=(),
        description="Steps that log out after each run; without them the session is kept, sealed",
        examples=[[{"click": "text=退出"}]],
    )
    period: AskedPeriods | None = Field(
        default=None, description="Periods that are asked for; yesterday alone if absent", examples=[{"each": "day", "back": 7}]
    )
    hosts: tuple[str, ...] = Field(
        description="Hosts that may be contacted; all others are blocked", examples=[["supplier.example"]], min_length=1
    )
    pace: Duration = Field(default="0 seconds", description="Least time between two requests of the account", examples=["1 second"])
    terms: Terms = Field(description="Permission to automate", examples=[{}])

    @model_validator(mode="after")
    def _in_order(self) -> PortalFile:
        for part, steps in (("login", self.login), ("logout", self.logout)):
            if any(step.collects for step in steps):
                raise ValueError(f"{part}: opens, fills and clicks; {', '.join(COLLECTING)} belong to steps:")
        for part, first in (("login", self.login[:1]), ("steps", self.steps[:1])):
            if first and first[0].verb not in ("goto", "fetch"):
                raise ValueError(f"{part}: begins with goto")
        if not any(step.collects for step in self.steps):
            raise ValueError(f"steps: collects nothing; end with one of {', '.join(COLLECTING)}")
        return self

    @property
    def asks_period(self) -> bool:
        """Whether the steps write days of a period anywhere."""
        written = [value for step in self.steps for value in step.values]
        return any(isinstance(value, PeriodValue) or value.startswith("period.") for value in written)
