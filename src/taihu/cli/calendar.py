"""``taihu calendar``: what is known of the working days of each year, and the import of a new notice."""

from __future__ import annotations

import datetime as dt
import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taihu.cli import console
from taihu.cli.options import HERE, AsOf, Json, Project, open_project
from taihu.core.types import Span

if TYPE_CHECKING:
    from taihu.china.calendar import Calendar
    from taihu.project.calendars import ImportedYear

calendar_app = typer.Typer(help="Working days by year: show what is known, import a new notice.", no_args_is_help=True)


@calendar_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="JSON file: year, papers, days with name, date, isOffDay.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would change; change nothing.")] = False,
    project: Project = HERE,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Take over the State Council's notice for a year: the file replaces what was known of that year."""
    from taihu.project.calendars import read_notices, write_notices

    with open_project(project, as_of) as ws:
        years = read_notices(ws.root, ws.calendar, file)
        if not dry_run:
            write_notices(years)
            for year in years:
                ws.ledger.audited("calendar.import", str(year.notice.year), who=getpass.getuser(), detail=", ".join(year.notice.papers))
    if json:
        console.show_json({"schema": "taihu.calendar_import/1", "dry_run": dry_run, "years": [_imported(year) for year in years]})
        return
    for year in years:
        _say_imported(year, dry_run=dry_run)


@calendar_app.command()
def show(
    year: Annotated[int | None, typer.Argument(help="A year, to see its days.")] = None,
    project: Project = HERE,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """Years with their workdays and where they are known from; with a year, the days that differ from their weekday."""
    with open_project(project, as_of) as ws:
        calendar, today = ws.calendar, ws.clock.now().date()
    years = [year] if year is not None else sorted({*calendar.known_years, today.year, today.year + 1})
    if json:
        console.show_json({"schema": "taihu.calendar/1", "version": calendar.version, "years": [_year(calendar, each) for each in years]})
        return
    for each in years:
        known = _year(calendar, each)
        state = console.t("已公布", "announced") if known["status"] == "announced" else console.t("暂定", "provisional")
        workdays = console.t(f"{known['workdays']} 个工作日", f"{known['workdays']} workdays")
        console.say(f"{each}  {state:<12}{workdays}  {'、'.join(known['papers'])}".rstrip())
        if year is not None:
            for day in known["days"]:
                off = console.t("休", "off") if day["isOffDay"] else console.t("上班", "worked")
                console.say(f"  {day['date']}  {off}  {day['name']}")
    if year is None:
        console.say(console.t(f"日历版本 {calendar.version}", f"version of the calendar: {calendar.version}"))


def _year(calendar: Calendar, year: int) -> dict[str, Any]:
    notice = calendar.notice(year)
    return {
        "year": year,
        "status": notice.status,
        "workdays": len(calendar.workdays(Span(dt.date(year, 1, 1), dt.date(year + 1, 1, 1)))),
        "papers": list(notice.papers),
        "days": [{"name": row.name, "date": str(row.day), "isOffDay": not row.is_workday} for row in notice.rows],
    }


def _imported(year: ImportedYear) -> dict[str, Any]:
    return {
        "year": year.notice.year,
        "status": year.notice.status,
        "papers": list(year.notice.papers),
        "days": len(year.notice.rows),
        "changed": [str(day) for day in year.changed],
        "file": str(year.path),
    }


def _say_imported(year: ImportedYear, *, dry_run: bool) -> None:
    number, days, changed = year.notice.year, len(year.notice.rows), len(year.changed)
    if dry_run:
        console.say(console.t(f"{number}：将导入 {days} 天", f"{number}: {days} days would be imported"))
    else:
        console.say(console.t(f"{number}：已导入 {days} 天", f"{number}: {days} days imported"))
    shown = ", ".join(str(day) for day in year.changed[:8]) + (" …" if changed > 8 else "")
    console.say(
        console.t(f"  {changed} 天的上班安排与此前不同 {shown}", f"  {changed} days are worked otherwise than before {shown}").rstrip()
    )
