"""``taihu explain FIGURE``: from a number to the cells it was made of."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from taihu.cli import console
from taihu.cli.options import HERE, Json, Project, open_project
from taihu.core.errors import ManifestError, NotFound


def explain(
    figure: Annotated[
        str, typer.Argument(help="Id of a figure (f-...), as printed in the report; or 'list' for the latest report's figures.")
    ],
    project: Project = HERE,
    cells: Annotated[int, typer.Option(help="So many rows are opened in their source file.")] = 3,
    rows: Annotated[int, typer.Option(help="So many rows are listed; 0 for all.")] = 10,
    json: Json = False,
) -> None:
    """Formula, numerator and denominator, contributing rows, and the very cells they came from."""
    from taihu.run import explaining

    with open_project(project) as ws:
        if figure == "list":
            listing = explaining.latest_figures(ws)
            if json:
                console.show_json({"schema": "taihu.figures/1", "figures": listing})
            else:
                for row in listing:
                    console.say(f"{row['id']}  {row['report']:<8} {row['measure']:<18} {row['value'] or '-':>18}  {row['filter']}")
            return
        try:
            story = explaining.explain(ws, figure, cells=cells, rows=rows or None)
        except NotFound as error:
            raise NotFound(error.what, fix=console.t("列出全部数字：taihu explain list", "list them with: taihu explain list")) from None
        except ManifestError as error:  # a password of a file is not at hand: the rows can still be told, only the file stays shut
            console.say(f"! {console.t('文件未打开', 'the files stay closed')}: {error.what}; {error.fix}")
            story = explaining.explain(ws, figure, cells=0, rows=rows or None)
    if json:
        console.show_json(story)
        return
    _show(story)


def _show(story: dict[str, Any]) -> None:
    t = console.t
    label = story["label"][console.lang()]
    console.say(f"{label} = {story['value']} {story['unit']}   ({story['span']}{'; ' + story['filter'] if story['filter'] else ''})")
    console.say(f"{t('公式', 'formula')}: {story['formula']}")
    for part in story["parts"]:
        mark = "=" if part["equal"] else "≠"
        of_rows = f"{t('明细合计', 'sum of')} {part['row_count']} {t('行', 'rows')}"
        console.say(f"\n{part['column']} = {part['value']}  {mark} {of_rows}: {part['computed']}")
        for row in part["rows"]:
            console.say(f"  {row['contribution']:>16}  {row['source']:<20} {row['file']}  {row['position']}")
        if part["row_count"] > len(part["rows"]):
            console.say(f"  … {part['row_count'] - len(part['rows'])} {t('行未列出（--rows 0 全部）', 'more (--rows 0 for all)')}")
        for cell in part["cells"]:
            place = f"{cell['cell']} [{cell['header']}] = {cell['text']!r}" if cell["cell"] else f"{cell['position']} [{cell['column']}]"
            rule = f"  {t('缺失，按规则补出', 'missing, filled by rule')}: {cell['derived']}" if "derived" in cell else ""
            console.say(f"  {t('单元格', 'cell')} {cell['file']} {place}{rule}")
