"""``taihu.yml``: where the project keeps things and who it logs in as."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from taihu.manifest.strict import Frozen
from taihu.manifest.words import SecretReference, Title


class Entity(Frozen):
    """A legal entity; sources name theirs."""

    currency: str = Field(description="ISO 4217 code of its books", examples=["CNY"])
    calendar: str = Field(default="cn", description="Working calendar", examples=["cn", "hk"])


class Account(Frozen):
    """Who we log in as. Values are references to secrets, never secrets."""

    kind: str = Field(
        description="imap, portal, sftp, sqlite, postgresql, mysql, sqlserver, oracle, http, smtp, "
        "folder, ftp, smb, webdav, s3, graph, wecom",
        examples=["imap"],
    )
    host: str | None = Field(default=None, description="Server name", examples=["imap.company-a.example"])
    port: int | None = Field(default=None, description="Port; the protocol's own if absent", examples=[993])
    user: str | None = Field(default=None, description="Login name", examples=["bi"])
    password: SecretReference | None = Field(default=None, description="Reference to the password", examples=["env:BI_MAILBOX_PASSWORD"])
    otp: SecretReference | None = Field(
        default=None, description="Reference to the secret of one-time codes (portal)", examples=["env:PORTAL_OTP"]
    )
    database: str | None = Field(default=None, description="Database name, or file path for sqlite", examples=["erp"])
    url: str | None = Field(default=None, description="First address of a portal or web source", examples=["https://portal.example"])
    tenant: str | None = Field(default=None, description="Directory (tenant) of the organisation (graph)", examples=["company-a.example"])
    application: str | None = Field(
        default=None, description="Client id of the registered application (graph)", examples=["6731de76-14a6-49ae-97bc-6eba6914391e"]
    )
    webhook: SecretReference | None = Field(default=None, description="Reference to a chat webhook", examples=["env:WECOM_URL"])
    known_hosts: str | None = Field(
        default=None, description="File with the server's pinned host key (sftp)", examples=["keys/sftp_known_hosts"]
    )
    key: SecretReference | None = Field(
        default=None, description="Reference to the private key to log in with (sftp)", examples=["file:keys/sftp_key"]
    )
    passphrase: SecretReference | None = Field(
        default=None, description="Reference to the passphrase of the private key", examples=["env:SFTP_KEY_PASSPHRASE"]
    )
    region: str | None = Field(
        default=None, description="Region of a bucket, where its address does not say it (s3)", examples=["cn-north-1"]
    )
    tls: bool = Field(
        default=True, description="false only for a server on this machine (ftp: said aloud by taihu doctor)", examples=[True]
    )
    implicit_tls: bool = Field(default=False, description="TLS from the first byte, as on port 990 (ftp)", examples=[True])
    authority: str | None = Field(
        default=None, description="File with the certificate of the authority that vouches for a database server", examples=["keys/ca.pem"]
    )
    passwords: tuple[SecretReference, ...] = Field(
        default=(), description="Passwords of archives and workbooks, tried in order", examples=[["env:ZIP_PASSWORD"]]
    )


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Fiscal(Frozen):
    """Fiscal years of 52 or 53 whole weeks; a 53rd week lengthens the last period."""

    pattern: Literal["4-4-5", "4-5-4", "5-4-4"] = Field(
        default="4-4-5", description="Weeks of the three periods of a quarter", examples=["4-4-5"]
    )
    last_day: Weekday = Field(default="sunday", description="Weekday on which every fiscal year ends", examples=["saturday"])
    month: int = Field(default=12, ge=1, le=12, description="Month at whose end the fiscal year ends", examples=[12])
    ends: Literal["last", "nearest"] = Field(
        default="nearest",
        description="last: the last such weekday of the month; nearest: the one nearest to its last day",
        examples=["last"],
    )


class Weeks(Frozen):
    """Weeks of the date dimension, beside those of ISO 8601."""

    first_day: Weekday = Field(default="monday", description="First day of a retail week", examples=["saturday"])
    fiscal: Fiscal = Field(default=Fiscal(), description="How fiscal years are cut", examples=[{"pattern": "4-4-5"}])


class ProjectFile(Frozen):
    """The project, once."""

    name: str = Field(description="Short name, letters and underscores", examples=["company_a"], pattern=r"^[a-z][a-z0-9_]*$")
    title: Title = Field(description="Title in both languages", examples=[{"zh": "A公司", "en": "Company A"}])
    time_zone: str = Field(default="Asia/Shanghai", description="Zone of business dates", examples=["Asia/Shanghai"])
    calendar: str = Field(default="cn", description="Working calendar of deadlines and delivery", examples=["cn"])
    weeks: Weeks = Field(default=Weeks(), description="Retail weeks and fiscal years", examples=[{"first_day": "saturday"}])
    lake: str = Field(default="./lake", description="Folder of objects and tables", examples=["./lake"])
    ledger: str = Field(
        default="sqlite:///lake/ledger.sqlite", description="SQLAlchemy address of the ledger", examples=["sqlite:///lake/ledger.sqlite"]
    )
    engine: str = Field(default="duckdb", description="duckdb", examples=["duckdb"])
    keys: str = Field(default="file:./keys", description="Keyring; never inside the lake", examples=["file:./keys"])
    entities: dict[str, Entity] = Field(description="Legal entities", examples=[{"cn_wfoe": {"currency": "CNY"}}])
    accounts: dict[str, Account] = Field(default_factory=dict, description="Logins by name", examples=[{}])
    output: str = Field(default="./out", description="Folder that delivered reports are also written to", examples=["./out"])


class LocalFile(Frozen):
    """``taihu.local.yml``: what differs on this machine; each key replaces the one of ``taihu.yml``."""

    lake: str | None = Field(default=None, description="As in taihu.yml", examples=["/data/lake"])
    ledger: str | None = Field(default=None, description="As in taihu.yml", examples=["postgresql://host/ledger"])
    keys: str | None = Field(default=None, description="As in taihu.yml", examples=["file:./keys"])
    accounts: dict[str, Account] = Field(default_factory=dict, description="Accounts replaced on this machine", examples=[{}])
    output: str | None = Field(default=None, description="As in taihu.yml", examples=["./out"])
