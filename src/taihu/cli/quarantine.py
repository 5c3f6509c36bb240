"""``taihu quarantine``: rows that were refused, by code and place; their content only from the sealed object."""

from __future__ import annotations

from typing import Annotated

import typer

from taihu.cli import console
from taihu.cli.options import HERE, Json, Project, open_project
from taihu.core.reasons import REASONS


def quarantine(
    project: Project = HERE,
    source: Annotated[str | None, typer.Option("--source", "-s", help="Only this source.")] = None,
    show: Annotated[str | None, typer.Option(help="Open the rows of this arrival in its file.")] = None,
    json: Json = False,
) -> None:
    """Refused rows: reason, file, position and column."""
    with open_project(project) as ws:
        rows = ws.ledger.quarantined(arrival=show, source=source)
        opened = {}
        if show:
            from taihu.run.explaining import cells_of

            opened = cells_of(ws, ws.ledger.arrival(show), [(row.position, row.column) for row in rows])
    listing = [
        {
            "source": r.source,
            "arrival": r.arrival_id,
            "reason": r.reason,
            "position": r.position,
            "column": r.column,
            "text": opened.get((r.position, r.column)),
        }
        for r in rows
    ]
    if json:
        console.show_json({"schema": "taihu.quarantine/1", "rows": listing})
        return
    if not listing:
        console.say(console.t("没有被拒的行", "no row is quarantined"))
    for row in listing:
        reason = REASONS[str(row["reason"])]
        text = f"  {row['text']!r}" if row["text"] is not None else ""
        console.say(
            f"{row['arrival']}  {row['source']:<20} {row['position']:<24} {row['column'] or '':<18} {console.tt(reason.title)}{text}"
        )
