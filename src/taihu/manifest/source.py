"""``source.yml``: one folder is one source; who sends what, when, how it is read, what its columns mean, what must hold."""

from __future__ import annotations

import difflib
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from taihu.core.reasons import REASONS
from taihu.manifest.checked import NOT_PERSONAL_PARTS, PARTS, PERSONAL_TYPES, CheckedType, PersonalKind
from taihu.manifest.consistency import Consistent, Identity
from taihu.manifest.listed import Listed, NetContent, Territory, Valid
from taihu.manifest.missing import UNKNOWN, IfMissing
from taihu.manifest.passwords import PasswordFrom
from taihu.manifest.strict import Frozen
from taihu.manifest.words import Day, Duration, OneOrMany, Purpose, SecretReference, Share, TimeOfDay, Title

Else = Literal["warn", "quarantine", "hold"]
FileKind = Literal["excel", "csv", "html", "pdf", "invoice", "typed"]
ColumnType = Literal["text", "integer", "quantity", "money", "number", "percent", "date", "timestamp", "phone", "boolean", CheckedType]


class Collect(Frozen):
    """Where the bytes come from: the connector, whose account, and the connector's own options (each connector has a model of them)."""

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)

    via: str = Field(description="Kind of connector", examples=["mailbox"])
    account: str | None = Field(default=None, description="Account of taihu.yml", examples=["bi_mailbox"])

    @property
    def options(self) -> dict[str, Any]:
        """What stands beside ``via`` and ``account``, as written."""
        return dict(self.model_extra or {})


class Party(Frozen):
    """How the sender is known: where its key stands, and the reference table that lists the parties."""

    found_in: Literal["sender", "subject", "file name", "sheet", "cell", "label", "column"] = Field(
        alias="from", description="Where the key stands", examples=["sender"]
    )
    in_: str | None = Field(default=None, alias="in", description="Reference source that lists the parties", examples=["distributors"])
    by: str | None = Field(default=None, description="Its column that is looked up", examples=["mail_address"])
    column: str | None = Field(default=None, description="Column of this source (from: column)", examples=["store_code"])
    cell: str | None = Field(default=None, description="Cell (from: cell)", examples=["B2"])
    label: str | None = Field(default=None, description="Label that the key stands behind (from: label)", examples=["店铺编码"])
    pattern: str | None = Field(default=None, description="Pattern with {party} (from: file name, subject)", examples=["流向_{party}_*"])
    confirm: str | None = Field(
        default=None, description="Pattern of file names with {party}: a file that names another party is held", examples=["流向_{party}_*"]
    )


class Period(Frozen):
    """How the business days that an arrival speaks for are found."""

    found_in: Literal["rows", "file name", "subject", "sheet", "cell", "label", "received"] = Field(
        alias="from", description="Where the period stands", examples=["rows"]
    )
    pattern: str | None = Field(default=None, description="Pattern with {yyyy}{mm}{dd}, twice for a span", examples=["流向_{yyyy}{mm}{dd}"])
    cell: str | None = Field(default=None, description="Cell (from: cell)", examples=["B2"])
    label: str | None = Field(default=None, description="Label that the period stands behind (from: label)", examples=["账期"])
    if_empty: Literal["expected", "reject"] = Field(
        default="reject", description="What a file without rows speaks for: the oldest period still owed, or nothing", examples=["expected"]
    )


class Expect(Frozen):
    """Who owes us what, by when."""

    for_: Literal["every day since the last due date", "the day before", "the day", "the month to date"] = Field(
        alias="for", description="Business days that one delivery covers", examples=["every day since the last due date"]
    )
    every: Literal["day", "workday", "first workday of the week", "first workday of the month"] = Field(
        description="Due days", examples=["workday"]
    )
    by: TimeOfDay = Field(description="Due time in the project's zone", examples=["08:00"])
    parties: str | None = Field(
        default=None, description="Reference source; those valid on the day owe a delivery", examples=["distributors"]
    )
    where: dict[str, str] = Field(
        default_factory=dict, description="Only parties whose reference row has these values", examples=[{"region_code": "EAST"}]
    )
    grace: Duration = Field(default="0 minutes", description="Later than this is late", examples=["15 minutes"])
    since: Day | None = Field(default=None, description="First business day that is owed", examples=["2026-08-17"])


class Read(Frozen):
    """How bytes become rows of text."""

    as_: FileKind | tuple[FileKind, ...] = Field(
        alias="as", description="Kind of file; several where senders of one thing use several", examples=["excel"]
    )
    layouts: tuple[str, ...] = Field(default=(), description="layouts/<name>.yml, chosen by header", examples=[["standard"]])
    encoding: str | None = Field(default=None, description="Encoding of text files", examples=["gb18030"])
    delimiter: str | None = Field(default=None, description="Field delimiter of text files", examples=[","])
    member: str = Field(default="*", description="Pattern of the archive members that are read", examples=["*.csv"])
    passwords: tuple[SecretReference, ...] = Field(
        default=(), description="Passwords of archives and workbooks, tried in order before the account's", examples=[["env:ZIP_PASSWORD"]]
    )
    password_from: PasswordFrom | None = Field(
        default=None, description="Mails that bring the password; a file that none opens waits for them", examples=[{"subject": "*密码*"}]
    )

    @property
    def kinds(self) -> tuple[FileKind, ...]:
        """Kinds of file that are read."""
        return (self.as_,) if isinstance(self.as_, str) else self.as_


def _type_or_mapping(value: Any) -> Any:
    return {"type": value} if isinstance(value, str) else value


class Column(Frozen):
    """One column of the typed table; what is not listed is not read."""

    type: ColumnType = Field(description="Type of the values", examples=["money"])
    from_: OneOrMany | None = Field(
        default=None,
        alias="from",
        description="Header(s) of the sender; exactly one of them is present",
        examples=[["客户名称", "终端名称"]],
    )
    optional: bool = Field(default=False, description="The header may be absent", examples=[True])
    required: bool = Field(default=False, description="A row without a value is refused", examples=[True])
    if_missing: IfMissing | None = Field(
        default=None,
        description="What stands for a value that is not there: the member unknown, or what a rule makes of other columns",
        examples=[{"derive": "quantity * unit_price"}],
    )
    order: Literal["year first", "day first", "month first"] | None = Field(
        default=None, description="Order of numbers in short dates", examples=["year first"]
    )
    unit: str | None = Field(default=None, description="Column that names the unit, or a fixed unit", examples=["unit_name"])
    currency: str | None = Field(default=None, description="ISO 4217 code, or the column that holds it", examples=["CNY"])
    tax: Literal["included", "excluded", "none"] | None = Field(default=None, description="Tax basis of an amount", examples=["included"])
    positive: Literal["debit", "credit"] | None = Field(
        default=None, description="Side that counts as positive where amounts say 借 or 贷", examples=["credit"]
    )
    scale: int = Field(default=1, description="Multiply by (10000 for 万元)", examples=[10000])
    if_invalid: Literal["refuse", "keep"] | None = Field(
        default=None,
        description="A text that is no such code, name, address or pack: refuse its row, or keep the text and remark on it "
        "(default: refuse; phone: not checked)",
        examples=["keep"],
    )
    part: str | None = Field(
        default=None,
        pattern=r"^[a-z][a-z0-9_]*\.[a-z_]+$",
        description="What another column is taken apart into: region, trade, industry, form, branch of a company_name; division, "
        "province, city, detail of an address on the business date; pieces, content, content_unit, outer of a pack; code, number "
        "of an invoice_number; kind of a licence",
        examples=["customer_name.trade"],
    )
    personal: PersonalKind | None = Field(
        default=None,
        description="Personal data of this kind: kept only as a token (phone, id_number and bank_card always are)",
        examples=["contact"],
    )
    sensitive: bool = Field(default=False, description="Sensitive personal data or important data", examples=[False])
    match: str | None = Field(default=None, description="Domain whose golden id this key is matched to", examples=["product"])
    describes: str | None = Field(
        default=None,
        pattern=r"^[a-z][a-z0-9_]*\.(name|uscc|address|phone|barcode|spec|brand)$",
        description="What the column says about the key of a domain (name, uscc, address, phone; barcode, spec, brand): "
        "such a domain is matched by resemblance as well",
        examples=["store.name"],
    )

    @model_validator(mode="before")
    @classmethod
    def _personal_by_type(cls, value: Any) -> Any:
        kind = PERSONAL_TYPES.get(str(value.get("type"))) if isinstance(value, dict) else None
        return {**value, "personal": kind} if kind and not value.get("personal") else value

    @model_validator(mode="after")
    def _money_is_named(self) -> Column:
        if self.type == "money" and (self.currency is None or self.tax is None):
            raise ValueError("an amount names its currency and its tax basis (currency:, tax:)")
        return self

    @model_validator(mode="after")
    def _can_be_filled(self) -> Column:
        if self.if_missing is not None and self.personal:
            raise ValueError("if_missing: nothing stands for a personal value")
        if self.if_missing == UNKNOWN and (self.type != "text" or self.required):
            raise ValueError("if_missing: unknown is a member of a text column, and such a column is never without a value (required:)")
        if self.if_invalid and self.type not in (*get_args(CheckedType), "phone"):
            raise ValueError(f"if_invalid: there is nothing to check in a column of type {self.type}")
        if self.part and any((self.from_, self.optional, self.if_missing, self.personal, self.match, self.describes)):
            raise ValueError("part: the column has no header and no data of its own: type:, part: and required: are all it says")
        return self


class PriceBand(Frozen):
    """Unit prices beside a price list: finds unit slips, amounts in 万元 and net amounts given as gross."""

    amount: str = Field(description="Amount column", examples=["gross_amount"])
    quantity: str = Field(description="Quantity column", examples=["quantity"])
    unit: str | None = Field(default=None, description="Column that names the unit", examples=["unit_name"])
    product: str = Field(description="Product key column", examples=["product_code"])
    day: str = Field(description="Business date column", examples=["document_date"])
    prices: str = Field(description="Reference source of list prices, tax included, each", examples=["price_list"])
    within: tuple[float, float] = Field(
        default=(0.5, 1.6), description="Allowed ratio of a row's price to the list price", examples=[[0.5, 1.6]]
    )


class Anomalies(Frozen):
    """Daily sums far from what the Chinese calendar lets expect: from 6 standard deviations a note, from 8 what ``else`` says."""

    of: str = Field(description="Column that is summed by day", examples=["gross_amount"])
    by: tuple[str, ...] = Field(default=(), description="A series for each value of these", examples=[["product_code"]])
    promotions: str | None = Field(
        default=None, description="Reference source of known promotions (promotion_name, valid_from, valid_to)", examples=["promotions"]
    )


class RowBand(Frozen):
    """Smallest and largest plausible number of rows."""

    min: int = Field(default=0, description="At least", examples=[1])
    max: int = Field(default=1_000_000_000, description="At most", examples=[20000])


_KINDS = (
    *("same_sign", "rows", "sql", "unique", "not_null", "price_band", "stale", "days_covered", "consistent", "identity", "anomalies"),
    *("listed", "net_content", "territory"),
)
_NEED_A_DAY = ("stale", "days_covered", "anomalies")


class Check(Frozen):
    """One rule; exactly one kind of rule and what happens when it fails. A rule that comes out NULL fails."""

    same_sign: tuple[str, str] | None = Field(
        default=None, description="Two columns with one sign", examples=[["quantity", "gross_amount"]]
    )
    rows: RowBand | None = Field(default=None, description="Number of rows of an arrival", examples=[{"min": 1}])
    sql: str | None = Field(default=None, description="Row condition in SQL", examples=["gross_amount >= 0"])
    unique: tuple[str, ...] | None = Field(
        default=None, description="Columns that identify a row", examples=[["document_number", "line_number"]]
    )
    not_null: tuple[str, ...] | None = Field(default=None, description="Columns that always have a value", examples=[["product_code"]])
    price_band: PriceBand | None = Field(default=None, description="Unit price beside the price list", examples=[{}])
    stale: tuple[str, ...] | None = Field(
        default=None,
        description="Columns that must not all equal the party's previous snapshot; the first ones are the key, the last one the value",
        examples=[["product_code", "closing_quantity"]],
    )
    days_covered: bool | None = Field(default=None, description="Every day between the first and the last has rows", examples=[True])
    consistent: Consistent | None = Field(
        default=None, description="Columns that follow from others; rows that disagree vote", examples=[{"by": ["provider"]}]
    )
    identity: Identity | None = Field(default=None, description="A sum that every row must meet", examples=[{"equals": "total"}])
    anomalies: Anomalies | None = Field(
        default=None, description="Daily sums beside the Chinese calendar", examples=[{"of": "gross_amount", "by": ["product_code"]}]
    )
    listed: Listed | None = Field(
        default=None, description="A code that stands in a reference table", examples=[{"column": "store_code", "in": "stores"}]
    )
    net_content: NetContent | None = Field(
        default=None, description="A product name that fits its code", examples=[{"name": "product_name", "code": "product_code"}]
    )
    territory: Territory | None = Field(
        default=None, description="Customers in another party's territory", examples=[{"customer": "customer_name", "in": "distributors"}]
    )
    reason: str | None = Field(
        default=None, description="Reason code reported by a rule in sql, or for a code that is not listed", examples=["identity_broken"]
    )
    else_: Else = Field(alias="else", description="What happens when it fails", examples=["hold"])

    @model_validator(mode="after")
    def _one_kind(self) -> Check:
        if len(self.kinds) != 1:
            raise ValueError(f"a check has exactly one rule ({', '.join(_KINDS)})")
        if self.reason is not None and self.reason not in REASONS:
            close = difflib.get_close_matches(self.reason, list(REASONS), n=1)
            raise ValueError(f"reason: unknown reason {self.reason!r}" + (f", did you mean {close[0]!r}?" if close else ""))
        if self.identity and self.identity.within == "learned" and self.else_ == "quarantine":
            raise ValueError("within: learned needs else: warn or hold: of rows that are refused nothing is learned")
        if self.anomalies and self.else_ == "quarantine":
            raise ValueError("anomalies warn or hold: no single row is to blame for an unusual day")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the rule names; those of a condition stand in its SQL."""
        if self.price_band:
            band = self.price_band
            return (band.amount, band.quantity, *((band.unit,) if band.unit else ()), band.product, band.day)
        if self.consistent:
            return (*self.consistent.by, *self.consistent.columns)
        if self.identity:
            return self.identity.columns
        if self.anomalies:
            return (self.anomalies.of, *self.anomalies.by)
        if self.net_content:
            return (self.net_content.name, self.net_content.code)
        looked_up = self.listed.column if self.listed else self.territory.customer if self.territory else None
        if looked_up:
            return (looked_up,)
        return self.same_sign or self.unique or self.not_null or self.stale or ()

    @property
    def kinds(self) -> list[str]:
        return [name for name in _KINDS if getattr(self, name) is not None]

    @property
    def reference(self) -> str | None:
        """The reference source that the rule looks at."""
        if self.price_band:
            return self.price_band.prices
        rule = self.listed or self.net_content or self.territory
        return rule.in_ if rule else None


class EstimateRule(Frozen):
    """What is estimated of days that are owed and not there; estimates stand in ``ops.estimate``, never among the facts."""

    of: OneOrMany = Field(description="Columns that are summed by party and day", examples=[["gross_amount"]])
    from_: Duration = Field(default="8 weeks", alias="from", description="How far back is looked", examples=["8 weeks"])
    within: Share = Field(default="80 %", description="Share of days whose true value the interval should hold", examples=["80 %"])


class SourceFile(Frozen):
    """One source."""

    title: Title = Field(description="Title in both languages", examples=[{"zh": "经销商名单", "en": "Distributors"}])
    owner: str = Field(description="Who answers for it", examples=["regional-bi"])
    purpose: Purpose = Field(
        description="Why the data is processed, in both languages or in one text for both; registered before the first run",
        examples=[{"zh": "销售报表", "en": "sales reporting"}],
    )
    retention: Duration = Field(description="How long raw objects are kept", examples=["36 months"])
    entity: str = Field(description="Legal entity of taihu.yml", examples=["cn_wfoe"])
    collect: Collect = Field(description="Where the bytes come from", examples=[{"via": "folder"}])
    party: Party | None = Field(
        default=None, description="How the sender is known; absent: the source is its own party", examples=[{"from": "sender"}]
    )
    period: Period = Field(
        default_factory=lambda: Period(**{"from": "rows"}), description="Which days an arrival speaks for", examples=[{"from": "rows"}]
    )
    load: Literal["replace", "upsert", "append", "snapshot"] = Field(description="How an arrival changes the table", examples=["replace"])
    key: tuple[str, ...] = Field(default=(), description="Columns that identify a row (upsert, snapshot)", examples=[["distributor_code"]])
    valid: Valid | None = Field(default=None, description="Validity of a reference table's entries", examples=[{"from": "valid_from"}])
    outside_period: Literal["hold", "accept"] = Field(
        default="accept", description="Rows outside the periods that are owed or delivered", examples=["hold"]
    )
    nil_return: Literal["allowed", "refused"] = Field(
        default="refused", description="A header-only file means no sales", examples=["allowed"]
    )
    expect: Expect | None = Field(default=None, description="Who owes us what, by when", examples=[{"every": "workday"}])
    read: Read = Field(default_factory=lambda: Read(**{"as": "typed"}), description="How bytes become rows", examples=[{"as": "excel"}])
    zone: str | None = Field(default=None, description="Zone of this source's instants", examples=["UTC"])
    feeds: str | None = Field(default=None, description="Core feed that this source is part of", examples=["sell_out"])
    columns: dict[str, Annotated[Column, BeforeValidator(_type_or_mapping)]] = Field(
        description="Columns of the typed table", examples=[{"product_code": {"type": "text"}}]
    )
    business_date: str | None = Field(default=None, description="Column with the business date", examples=["document_date"])
    trust: int = Field(
        default=5, ge=1, le=9, description="How far its descriptions are believed where sources differ; 1 is most", examples=[2]
    )
    missing: tuple[str, ...] = Field(default=(), description="Texts that mean no value", examples=[["--", "/", "暂无"]])
    estimate: EstimateRule | None = Field(
        default=None,
        description="Estimate days that are owed and not there, beside the facts",
        examples=[{"of": ["gross_amount"], "from": "8 weeks", "within": "80 %"}],
    )
    quarantine_budget: Share | None = Field(
        default=None,
        description="A file is held when more than this share of its rows is refused; without it a fifth, and five rows at least",
        examples=["2 %"],
    )
    checks: tuple[Check, ...] = Field(default=(), description="Rules", examples=[[{"rows": {"min": 1}, "else": "warn"}]])

    @model_validator(mode="after")
    def _consistent(self) -> SourceFile:
        if self.business_date and self.business_date not in self.columns:
            raise ValueError(f"business_date names {self.business_date!r}, which is not a column")
        if self.load in ("upsert", "snapshot") and not self.key:
            raise ValueError(f"load: {self.load} needs key:")
        for name in self.key:
            if name not in self.columns:
                raise ValueError(f"key names {name!r}, which is not a column")
        for check in self.checks:
            if check.kinds[0] in _NEED_A_DAY and self.business_date is None:
                raise ValueError(f"{check.kinds[0]} compares days: name the column of the day in business_date:")
            self._can_repair(check)
        self._has_keys_of_what_is_described()
        self._fills_no_place()
        self._can_be_estimated()
        self._can_be_taken_apart()
        return self

    @property
    def read_columns(self) -> dict[str, Column]:
        """Columns that the sender's headers provide, without those that are parts of them."""
        return {name: column for name, column in self.columns.items() if not column.part}

    def _can_be_taken_apart(self) -> None:
        for name, column in self.columns.items():
            if not column.part:
                continue
            owner, _, part = column.part.partition(".")
            whole = self.columns.get(owner)
            parts = PARTS.get(whole.type, {}) if whole is not None else {}
            if part not in parts:
                known = f"it has {', '.join(parts)}" if parts else f"{owner!r} is no column that can be taken apart"
                raise ValueError(f"columns: {name}: there is no part {column.part!r}: {known}")
            if column.type != parts[part]:
                raise ValueError(f"columns: {name}: {column.part} is of type {parts[part]}")
            if whole is not None and whole.personal and f"{whole.type}.{part}" not in NOT_PERSONAL_PARTS:
                raise ValueError(f"columns: {name}: {owner} is personal, and so is its {part}")
            if name in (*self.key, self.business_date):
                raise ValueError(f"columns: {name} is a part of another column and cannot be a key or the business date")

    def _can_be_estimated(self) -> None:
        if self.estimate is None:
            return
        if self.expect is None or self.business_date is None:
            raise ValueError("estimate: is about days that are owed: it needs expect: and business_date:")
        for name in self.estimate.of:
            column = self.columns.get(name)
            measure = (
                column.currency if column and column.type == "money" else column.unit if column and column.type == "quantity" else name
            )
            if measure in self.columns or column is None:
                raise ValueError(f"estimate: {name} is no column of quantities in one unit, or of money in one currency")

    def _fills_no_place(self) -> None:
        party = self.party.column if self.party else None
        for name, column in self.columns.items():
            if column.if_missing is not None and (name in (*self.key, party) or (name == self.business_date)):
                raise ValueError(f"columns: {name} says which row it is (key, party, business date): if_missing cannot fill it")

    def _can_repair(self, check: Check) -> None:
        rule = check.consistent
        for name in rule.columns if rule and rule.repair else ():
            column = self.columns.get(name)
            is_place = name in self.key or name == self.business_date or (self.party is not None and self.party.column == name)
            if is_place or (column is not None and column.personal):
                raise ValueError(f"repair: vote cannot change {name!r}: it is a key, a business date, a party or personal")

    def _has_keys_of_what_is_described(self) -> None:
        domains = list(self.match_domains.values())
        for name, column in self.columns.items():
            domain = column.describes.partition(".")[0] if column.describes else ""
            if domain and domains.count(domain) != 1:
                raise ValueError(f"{name} describes {domain}, so exactly one column is its key (match: {domain})")

    @property
    def match_domains(self) -> dict[str, str]:
        """Column name to match domain."""
        return {name: column.match for name, column in self.columns.items() if column.match}
