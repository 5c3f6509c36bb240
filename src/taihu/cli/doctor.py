"""``taihu doctor``: what would go wrong tomorrow morning, found today."""

from __future__ import annotations

import datetime as dt
import getpass
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from taihu.cli import console
from taihu.cli.options import HERE, AsOf, Json, Project, open_project
from taihu.core.errors import TaihuError, UsageError

if TYPE_CHECKING:
    from taihu.project.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of the doctor: ``ok``, ``warn`` or ``bad``."""

    subject: str
    verdict: str
    text: str


def doctor(
    project: Project = HERE,
    as_of: AsOf = None,
    break_lease: Annotated[
        str | None, typer.Option(help="Free a lease (run, table:...) whose holder is gone on another host or container.", metavar="NAME")
    ] = None,
    why: Annotated[str, typer.Option("--because", help="Why the lease may be broken; stays on record.")] = "",
    json: Json = False,
) -> None:
    """Check files, keys, secrets, disk, calendar, models and the reach of every source; changes nothing unless told to."""
    with open_project(project, as_of) as ws:
        if break_lease is not None:
            if not why:
                raise UsageError("a lease is broken for a reason", fix="add --because REASON")
            ws.ledger.lease_broken(break_lease, who=getpass.getuser(), why=why)
            console.say(console.t(f"已解除占用 {break_lease}", f"the lease {break_lease} is free"))
            return
        findings = [*_house(ws), *_secrets(ws), *_calendar(ws), *_models(ws), *_sources(ws)]
    bad = any(finding.verdict == "bad" for finding in findings)
    if json:
        console.show_json(
            {
                "schema": "taihu.doctor/1",
                "healthy": not bad,
                "findings": [{"subject": f.subject, "verdict": f.verdict, "text": f.text} for f in findings],
            }
        )
    else:
        for finding in findings:
            console.say(f"{ {'ok': '✓', 'warn': '!', 'bad': '✗'}[finding.verdict] } {finding.subject:<24} {finding.text}")
    raise typer.Exit(1 if bad else 0)


def _house(ws: Workspace) -> list[Finding]:
    free = shutil.disk_usage(ws.root).free
    verdict = "ok" if free > 5 << 30 else "warn" if free > 1 << 30 else "bad"
    t = console.t
    sources, models, reports = len(ws.tree.sources), len(ws.tree.models), len(ws.tree.reports)
    return [
        Finding(
            "project",
            "ok",
            t(f"{sources} 个来源，{models} 个模型，{reports} 份报告", f"{sources} sources, {models} models, {reports} reports"),
        ),
        Finding("disk", verdict, t(f"剩余 {free / (1 << 30):.1f} GiB", f"{free / (1 << 30):.1f} GiB free")),
        Finding("keys", "ok", t(f"第 {ws.keyring.generation} 代", f"generation {ws.keyring.generation}")),
        _reading(),
    ]


def _reading() -> Finding:
    """Whether files can be read, and what the system keeps the reading process from."""
    from taihu.guard.children import shared_child

    t = console.t
    words = {"files": t("文件", "files"), "network": t("网络", "network")}
    try:
        kept = shared_child().start()
    except OSError as error:
        return Finding("reading", "bad", str(error))
    if not kept:
        text = t(
            "读取进程有时间和内存限制；本系统不能隔离其文件与网络",
            "limits of time and memory; this system cannot keep it from files and network",
        )
        return Finding("reading", "ok", text)
    names = t("、", ", ").join(words[name] for name in kept)
    return Finding("reading", "ok", t(f"读取进程有时间和内存限制，不能访问{names}", f"limits of time and memory; kept from {names}"))


def _secrets(ws: Workspace) -> list[Finding]:
    named: list[tuple[str, str | None]] = []
    for name, account in ws.tree.file.accounts.items():
        named += [(f"account {name}", reference) for reference in (account.password, account.otp, account.webhook, *account.passwords)]
    for name, source in ws.tree.sources.items():
        named += [(f"source {name}", reference) for reference in source.file.read.passwords]
    findings = []
    for what, reference in named:
        if reference is None:
            continue
        try:
            ws.secret(reference)
            findings.append(Finding(what, "ok", reference))
        except TaihuError as error:
            findings.append(Finding(what, "bad", f"{error.what}; {error.fix}"))
    return findings


def _calendar(ws: Workspace) -> list[Finding]:
    today = ws.clock.now().date()
    findings = []
    for year in (today.year, today.year + 1):
        status = ws.calendar.status(dt.date(year, 6, 1))
        if status == "announced":
            findings.append(Finding(f"calendar {year}", "ok", console.t("已公布", "announced")))
        elif year == today.year or today >= dt.date(today.year, 11, 1):
            findings.append(
                Finding(
                    f"calendar {year}",
                    "warn",
                    console.t(
                        "国务院放假通知尚未导入，调休上班日未知：taihu calendar import 文件",
                        "the State Council's notice is not imported, make-up workdays are not known: taihu calendar import FILE",
                    ),
                )
            )
    return findings


def _models(ws: Workspace) -> list[Finding]:
    try:
        return [Finding("models", "ok", console.t(f"{len(ws.graph.order)} 个，次序正确", f"{len(ws.graph.order)} in order"))]
    except TaihuError as error:
        return [Finding("models", "bad", str(error))]


def _sources(ws: Workspace) -> list[Finding]:
    from taihu.collect import Connections, connector

    findings = []
    with Connections(ws.tree.file.accounts, ws.secret, clock=ws.clock, root=ws.root, sessions=ws.ledger) as connections:
        for source in ws.tree.sources.values():
            if not connector(source.file.collect.via).is_polled:
                continue
            try:
                health = connections.open(source).probe()
                verdict = "bad" if not health.ok else "warn" if health.warning else "ok"
                text = f"{health.detail}; {health.warning}" if health.warning else health.detail
                findings.append(Finding(f"source {source.name}", verdict, text.replace("\n  ", "; ")))
            except TaihuError as error:
                findings.append(Finding(f"source {source.name}", "bad", error.what))
            except Exception as error:  # a connector's libraries may raise anything, and their texts may quote a secret
                text = console.t(f"连接器意外出错（{type(error).__name__}）", f"the connector failed unexpectedly ({type(error).__name__})")
                findings.append(Finding(f"source {source.name}", "bad", text))
    return findings
