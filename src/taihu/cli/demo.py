"""``taihu demo``: the simulated company, 28 mornings, reports, documents and the score against known truth."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taihu.cli import console
from taihu.cli.options import Json
from taihu.core.errors import UsageError

if TYPE_CHECKING:
    from taihu.demo.play import Played
    from taihu.demo.shape import Shape


def demo(
    folder: Annotated[Path, typer.Argument(help="Folder for project and reports.")] = Path("demo"),
    score: Annotated[bool, typer.Option("--score", help="Print the score in full.")] = False,
    seed: Annotated[int | None, typer.Option(help="Seed of the simulated company.")] = None,
    random_company: Annotated[
        bool, typer.Option("--random-company", help="Draw the company's shape and the rate of faults from the seed, too.")
    ] = False,
    no_faults: Annotated[bool, typer.Option("--no-faults", help="Plant no faults.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave project and servers up to play with, until Ctrl-C.")] = False,
    no_docs: Annotated[bool, typer.Option("--no-docs", help="Leave the documents out.")] = False,
    json: Json = False,
) -> None:
    """Simulate a company through real protocols on this machine and run the whole pipeline on it."""
    from taihu.demo.play import DEFAULT_SEED, play
    from taihu.demo.shape import shape_of

    if folder.exists() and any(folder.iterdir()):
        if not (folder / ".taihu-demo").exists():
            raise UsageError(f"{folder} is not empty and was not made by taihu demo", fix="name another folder: taihu demo DIR")
        shutil.rmtree(folder)
    started = time.monotonic()
    drawn = secrets.randbelow(2**31) if random_company else DEFAULT_SEED
    chosen = drawn if seed is None else seed
    shape = shape_of(chosen, random_company)
    progress = console.TerminalProgress("taihu demo", total=28)
    try:
        with play(
            folder, seed=chosen, faults=not no_faults, documents=not no_docs, progress=progress, random_company=random_company
        ) as played:
            progress.close()
            if json:
                run = {"seed": chosen, "company": shape.as_json(), "seconds": round(time.monotonic() - started, 1)}
                console.show_json({"schema": "taihu.score/1", **run, **played.score.as_json()})
            else:
                _show(folder, played, shape, chosen, time.monotonic() - started, in_full=score)
            if keep:
                _wait(played.environment, folder)
    finally:
        progress.close()


def _show(folder: Path, played: Played, shape: Shape, seed: int, seconds: float, *, in_full: bool) -> None:
    from taihu.demo.shape import REGIONS

    t = console.t
    say = console.say
    say(f"\n{t('完成', 'done')}: {seconds:.1f} s, seed {seed}, {t('28 个早晨', '28 mornings')}")
    regions = ", ".join(f"{region} {count}" for region, count in zip(REGIONS, shape.distributors, strict=True))
    say(
        t(
            f"公司：{sum(shape.distributors)} 家经销商（{regions}），{shape.products} 种商品，{shape.stores} 家门店",
            f"Company: {sum(shape.distributors)} distributors ({regions}), {shape.products} products, {shape.stores} stores",
        )
    )
    say(t("\n报告与文档：", "\nReports and documents:"))
    for path in played.files:
        say(f"  {path}")
    say("")
    for line in played.score.lines(console.lang(), in_full=in_full):
        say(line)
    say(t("\n继续看看：", "\nLook further:"))
    say(f"  taihu status -p {folder / 'company_a'} --as-of 2026-10-12T08:30:00+08:00")
    say(f"  taihu explain list -p {folder / 'company_a'}")


def _wait(environment: Mapping[str, str], folder: Path) -> None:
    console.say(console.t("\n服务器保持运行；另开一个终端并设置：", "\nThe servers stay up; in another terminal set:"))
    for name, value in environment.items():
        console.say(f"  export {name}={value}")
    console.say(f"  cd {folder / 'company_a'} && taihu run --as-of 2026-10-12T08:30:00+08:00")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return
