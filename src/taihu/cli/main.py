"""The command line: one file per command, nothing heavy imported before a command runs."""

from __future__ import annotations

import gc
import logging
import sys
from typing import Annotated

import typer

from taihu import __version__
from taihu.cli import console
from taihu.cli.calendar import calendar_app
from taihu.cli.corrections import corrections
from taihu.cli.decide import hold_app
from taihu.cli.demo import demo
from taihu.cli.docs import docs
from taihu.cli.doctor import doctor
from taihu.cli.explain import explain
from taihu.cli.init import init
from taihu.cli.keys import keys_app
from taihu.cli.onboard import onboard
from taihu.cli.portal import portal_app
from taihu.cli.quarantine import quarantine_app
from taihu.cli.read import read
from taihu.cli.report import report_app
from taihu.cli.retry import retry
from taihu.cli.review import review
from taihu.cli.run import run, serve
from taihu.cli.schema import schema
from taihu.cli.status import status
from taihu.cli.upload import upload
from taihu.cli.waive import waive
from taihu.core.errors import TaihuError
from taihu.core.types import Text

app = typer.Typer(name="taihu", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

SHORT = {
    "init": Text("新建一个可立即运行的小项目", "Write a small project that works at once."),
    "demo": Text("模拟一家公司，跑完整条流水线并评分", "Simulate a company, run everything on it, score it."),
    "run": Text("采集、入库、建模、出报告：凡到期的都做", "Collect, load, check, build and report what is due."),
    "serve": Text("常驻运行，定时检查到期事项", "The same again and again, until stopped."),
    "status": Text("谁报了、谁没报；待处理的文件", "Who reported, who did not; what is held."),
    "read": Text("看懂任意一个文件：表头、行、合计", "What is in any file: header, rows, totals."),
    "onboard": Text("看懂未知文件，提出来源、布局与样本", "Unknown files become proposed sources."),
    "explain": Text("一个数字从哪些单元格来", "From a number to the cells it was made of."),
    "docs": Text("生成设计文档、数据字典、血缘与幻灯片", "Design document, dictionary, lineage, slides."),
    "doctor": Text("体检：明早会出什么问题", "What would go wrong tomorrow morning."),
    "retry": Text("没采集到的：列出、再试", "What could not be collected: list, try again."),
    "quarantine": Text("被拒的行：列出、放行、退回、重读", "Refused rows: list, let in, put aside, read again."),
    "corrections": Text("各行互相矛盾之处及建议的更正", "Corrections that the rows propose."),
    "schema": Text("导出编辑器所用的 JSON Schema", "JSON Schemas of the project's files, for editors."),
    "report": Text("已发布的报告：列出、重建", "Reports that went out: list, rebuild."),
    "portal": Text("门户：试走步骤、人工登录、查看失败", "Portals: try the steps, log in by hand, see failures."),
    "upload": Text("手工交入文件", "Hand in a file that did not come by itself."),
    "review": Text("判定两个编码是否同一个", "Are two keys one company, store or product?"),
    "waive": Text("豁免某方某些天的报送", "Days that a party need not report."),
    "keys": Text("密钥环中的密码：存入、列出", "Passwords in the keyring: keep one, list their names."),
    "calendar": Text("工作日历：查看、导入放假通知", "Working days: show a year, import a notice."),
    "hold": Text("待处理的文件：列出、放行", "Files that are held: list, release."),
}


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"taihu {__version__}")
        raise typer.Exit


@app.callback(help="Collect what has no API, harmonise it, and send a daily report whose every number leads back to its cell.")
def _root(
    lang: Annotated[str | None, typer.Option(help="Language of texts: zh or en.", metavar="zh|en")] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", callback=_show_version, is_eager=True)] = False,
) -> None:
    del version
    console.choose_language(lang)
    _redact_libraries()


for command in (
    init,
    demo,
    run,
    serve,
    status,
    onboard,
    read,
    explain,
    docs,
    doctor,
    retry,
    corrections,
    review,
    waive,
    upload,
    schema,
):
    app.command(short_help=SHORT[command.__name__].en)(command)
app.add_typer(report_app, name="report", short_help=SHORT["report"].en)
app.add_typer(portal_app, name="portal", short_help=SHORT["portal"].en)
app.add_typer(calendar_app, name="calendar", short_help=SHORT["calendar"].en)
app.add_typer(keys_app, name="keys", short_help=SHORT["keys"].en)
app.add_typer(quarantine_app, name="quarantine", short_help=SHORT["quarantine"].en)
app.add_typer(hold_app, name="hold", short_help=SHORT["hold"].en)


def _redact_libraries() -> None:
    """Warnings of libraries that no handler takes go to stderr: they pass the redaction, which is loaded with the first of them."""

    def redacted(record: logging.LogRecord) -> bool:
        from taihu.guard.redact import RedactingFilter

        return RedactingFilter().filter(record)

    if logging.lastResort is not None and not logging.lastResort.filters:
        logging.lastResort.addFilter(redacted)


def _translate() -> None:
    """The list of commands in the reader's language."""
    for command in app.registered_commands:
        command.short_help = console.tt(SHORT[str(command.name or getattr(command.callback, "__name__", ""))])
    for group in app.registered_groups:
        group.short_help = console.tt(SHORT[str(group.name)])


def main() -> None:
    """Run a command; errors are printed as what, where and fix, with the exit code of their kind."""
    # A run makes millions of small values that live shortly; looking for cycles among them every 700 costs several per cent.
    gc.set_threshold(50_000, 20, 20)
    arguments = _lang_first(sys.argv[1:])  # --lang may stand anywhere
    logging.getLogger("stamina").setLevel(logging.ERROR)  # a retry that helped is not worth a line, one that did not is told at the end
    try:
        console.choose_language(arguments[1] if arguments[:1] == ["--lang"] else None)
        _translate()
        root = typer.main.get_command(app)
        if console.lang() == "zh":
            from taihu.cli.help_words import into_chinese

            into_chinese(root)
        ended = root(args=arguments, prog_name="taihu", standalone_mode=console.lang() != "zh")
        raise SystemExit(ended if isinstance(ended, int) else 0)
    except TaihuError as error:
        console.say(_told(error))
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        console.say(console.t("已中断；再次运行即可继续", "interrupted; run again to go on"))
        raise SystemExit(1) from None
    except Exception as error:
        from taihu.cli.usage_words import is_usage_error, usage_in_chinese

        if is_usage_error(error):
            console.say(usage_in_chinese(error))
            raise SystemExit(error.exit_code) from None  # type: ignore[attr-defined]
        if isinstance(error, typer.Abort):
            console.say("已取消")
            raise SystemExit(1) from None
        # A mistake of ours: the traceback is what a maintainer needs, but texts of libraries in it may quote a secret.
        import traceback

        from taihu.guard.redact import redact_text

        console.say(redact_text(traceback.format_exc()))
        raise SystemExit(1) from None


def _told(error: TaihuError) -> str:
    """An error as what, where and fix, in the reader's language."""
    if console.lang() != "zh":
        return f"error: {error}"
    from taihu.cli.error_words import error_in_chinese

    return f"错误：{error_in_chinese(error)}"


def _lang_first(arguments: list[str]) -> list[str]:
    """``taihu status --lang zh`` means ``taihu --lang zh status``."""
    for place, argument in enumerate(arguments):
        if argument == "--lang" and place + 1 < len(arguments):
            return [argument, arguments[place + 1], *arguments[:place], *arguments[place + 2 :]]
        if argument.startswith("--lang="):
            return ["--lang", argument.removeprefix("--lang="), *arguments[:place], *arguments[place + 1 :]]
    return arguments
