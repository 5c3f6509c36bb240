"""The command line: one file per command, nothing heavy imported before a command runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from taihu import __version__
from taihu.cli import console
from taihu.cli.decide import hold_app
from taihu.cli.demo import demo
from taihu.cli.docs import docs
from taihu.cli.doctor import doctor
from taihu.cli.explain import explain
from taihu.cli.init import init
from taihu.cli.quarantine import quarantine
from taihu.cli.read import read
from taihu.cli.report import report_app
from taihu.cli.run import run, serve
from taihu.cli.schema import schema
from taihu.cli.status import status
from taihu.core.errors import TaihuError

app = typer.Typer(name="taihu", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.callback(help="Collect what has no API, harmonise it, and send a daily report whose every number leads back to its cell.")
def _root(
    lang: Annotated[str | None, typer.Option(help="Language of texts: zh or en.", metavar="zh|en")] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    console.choose_language(lang)
    if version:
        print(f"taihu {__version__}")
        raise typer.Exit


for command in (init, demo, run, serve, status, read, explain, docs, doctor, quarantine, schema):
    app.command()(command)
app.add_typer(report_app, name="report")
app.add_typer(hold_app, name="hold")


def main() -> None:
    """Run a command; errors are printed as what, where and fix, with the exit code of their kind."""
    arguments = _lang_first(sys.argv[1:])  # --lang may stand anywhere
    try:
        app(args=arguments, standalone_mode=True)
    except TaihuError as error:
        console.say(f"{console.t('错误', 'error')}: {error}")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        console.say(console.t("已中断；再次运行即可继续", "interrupted; run again to go on"))
        raise SystemExit(1) from None


def _lang_first(arguments: list[str]) -> list[str]:
    """``taihu status --lang zh`` means ``taihu --lang zh status``."""
    for place, argument in enumerate(arguments):
        if argument == "--lang" and place + 1 < len(arguments):
            return [argument, arguments[place + 1], *arguments[:place], *arguments[place + 2 :]]
        if argument.startswith("--lang="):
            return [argument, *arguments[:place], *arguments[place + 1 :]]
    return arguments
