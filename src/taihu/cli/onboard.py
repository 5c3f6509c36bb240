"""``taihu onboard FILE or FOLDER``: unknown files become proposed sources with layouts, evidence and masked samples."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taihu.cli import console
from taihu.cli.options import HERE, Json, Project

if TYPE_CHECKING:
    from taihu.project.onboard import Proposed, Ready


def onboard(
    place: Annotated[Path, typer.Argument(help="A file, or a folder with files of any number of senders.", exists=True)],
    name: Annotated[str | None, typer.Option("--name", help="Name of the source, where the files are one.")] = None,
    into: Annotated[str | None, typer.Option("--into", help="Add the layouts to this source of the project.")] = None,
    via: Annotated[
        str, typer.Option("--via", help="How the files will come: folder, upload, mailbox, sftp, ftp, smb, webdav, s3.")
    ] = "folder",
    account: Annotated[str | None, typer.Option("--account", help="Account of taihu.yml that they come by.")] = None,
    password: Annotated[list[str] | None, typer.Option(help="Reference to a password (env:NAME, file:PATH); several are tried.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written, write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Also change the source.yml of sources that exist, without asking.")] = False,
    project: Project = HERE,
    json: Json = False,
) -> None:
    """Group unknown files by layout, and write a proposed source for each group: source.yml, layouts, masked samples.

    Every line says what it rests on; what the files cannot tell is marked "decide". Nothing that exists is overwritten.
    """
    from taihu.cli.read import resolved
    from taihu.project.load import load_tree
    from taihu.project.onboard import Wish, propose, write

    tree = load_tree(project)
    references = password or []
    wish = Wish(name, into, via, account, tuple(references), tuple(resolved(references, project)), console.lang())
    progress = console.TerminalProgress(console.t("查看文件", "looking"))
    try:
        proposed = propose(place, tree, project, wish, progress)
    finally:
        progress.close()
    written = [] if dry_run else write(proposed, project, change=lambda ready: _may_change(ready, yes))
    changed = {path.resolve() for path in written}
    unchanged = [
        ready for ready in proposed.ready if ready.extends and (project / ready.extends.source.path / "source.yml").resolve() not in changed
    ]
    if json:
        console.show_json(as_json(proposed, written, project))
    else:
        _show(proposed, written, project, dry_run=dry_run)
        for ready in unchanged if not dry_run else ():
            console.say(
                console.t(
                    f"! {ready.proposal.name} 的 source.yml 没有改：照上面的差异修改，或删去新布局后用 --yes 再来一次",
                    f"! source.yml of {ready.proposal.name} was not changed: change it as shown, or remove the new files and say --yes",
                )
            )
    if not dry_run:
        load_tree(project)
    raise typer.Exit(3 if proposed.unread else 0)


def _may_change(ready: Ready, yes: bool) -> bool:
    """Whether the ``source.yml`` of an existing source may be changed; on a terminal the user is asked."""
    assert ready.extends is not None
    if yes or not sys.stdin.isatty():
        return yes
    console.say(ready.extends.diff)
    return typer.confirm(console.t("修改 source.yml？", "Change source.yml so?"), err=True)


def as_json(proposed: Proposed, written: list[Path], project: Path) -> dict[str, Any]:
    """The shape that scripts rely on."""
    return {
        "schema": "taihu.onboard/1",
        "files": proposed.files,
        "sources": [_source_json(ready) for ready in proposed.ready],
        "known": [
            {"file": str(known.path), "source": known.source, "layouts": list(known.layouts), "held": known.held}
            for known in proposed.known
        ],
        "unread": [
            {"file": str(one.path), "member": one.member or None, "reason": one.reason, "detail": one.detail} for one in proposed.unread
        ],
        "written": [path.relative_to(project).as_posix() for path in written],
    }


def _source_json(ready: Ready) -> dict[str, Any]:
    proposal = ready.proposal
    return {
        "name": proposal.name,
        "title": {"zh": proposal.title.zh, "en": proposal.title.en},
        "new": ready.extends is None,
        "change": ready.extends.diff if ready.extends else None,
        "feed": ready.feed,
        "layouts": {layout.name: [str(path) for path in dict.fromkeys(one.path for one in layout.seen)] for layout in proposal.layouts},
        "files": [_file_json(ready, path) for path in proposal.group.paths],
        "decide": {key: console.tt(text) for key, text in _decisions(ready)},
        "writes": sorted(ready.files),
        "notes": [console.tt(text) for text in ready.problems],
    }


def _file_json(ready: Ready, path: Path) -> dict[str, Any]:
    read, typed = ready.proposal.reads[path], ready.typed[path]
    tables = [{"layout": table.layout, "header_row": table.header_row, "rows": table.rows.num_rows} for table in read.tables]
    return {"file": str(path), "held": read.held, "detail": read.held_detail, "tables": tables, "typed": typed}


def _decisions(ready: Ready) -> list[tuple[str, Any]]:
    columns = [(f"columns.{name}", column.decide) for name, column in ready.proposal.columns.items() if column.decide]
    return [*ready.proposal.decide.items(), *columns]


def _show(proposed: Proposed, written: list[Path], project: Path, *, dry_run: bool) -> None:
    from taihu.core.details import detail_in
    from taihu.core.reasons import REASONS

    t = console.t
    for known in proposed.known:
        console.say(t(f"= {known.path.name}：来源 {known.source} 已能读取", f"= {known.path.name}: source {known.source} reads it already"))
    for ready in proposed.ready:
        _show_source(ready, dry_run)
    for one in proposed.unread:
        place = f"{one.path.name} > {one.member}" if one.member else one.path.name
        words = t("；", "; ").join(
            word for word in (console.tt(REASONS[one.reason].title), detail_in(one.reason, one.detail, console.lang())) if word
        )
        console.say(f"! {place}: {words}")
    if not proposed.ready:
        console.say(t("没有新的来源可提", "there is no new source to propose"))
        return
    if dry_run:
        console.say(t("（试运行：什么都没有写）", "(dry run: nothing was written)"))
        return
    where = "" if project == HERE else f" -p {project}"
    console.say(
        t(
            f"写了 {len(written)} 个文件。下一步：看 source.yml 中的“待定”，然后 taihu run{where}；"
            f"检验样本：pytest -p taihu.testing.pytest_plugin {project}",
            f"{len(written)} files written. Next: read the lines marked decide in source.yml, then taihu run{where}; "
            f"the samples are tested by: pytest -p taihu.testing.pytest_plugin {project}",
        )
    )


def _show_source(ready: Ready, dry_run: bool) -> None:
    t = console.t
    proposal = ready.proposal
    files, rows = len(proposal.group.paths), proposal.rows
    refused = sum(sum(typed["refused"].values()) for typed in ready.typed.values())
    mark = "+" if ready.extends is None else "~"
    console.say(
        t(
            f"{mark} {proposal.name}  {proposal.title.zh}：{files} 个文件，{rows} 行，拒收 {refused}",
            f"{mark} {proposal.name}  {proposal.title.en}: {files} file{'s' if files > 1 else ''}, {rows} rows, {refused} refused",
        )
    )
    for layout in proposal.layouts:
        names = ", ".join(dict.fromkeys(one.place for one in layout.seen[:3]))
        more = f" … {len(layout.seen)}" if len(layout.seen) > 3 else ""
        console.say(f"    {t('布局', 'layout')} {layout.name}: {names}{more}")
    for path, read in proposal.reads.items():
        if read.held:
            console.say(f"    ! {path.name}: {_held(read.held, read.held_detail)}")
    for key, text in _decisions(ready):
        console.say(f"    ? {key}: {console.tt(text)}")
    for text in ready.problems:
        console.say(f"    ! {console.tt(text)}")
    if ready.extends is not None:
        console.say(
            t(f"    属于已有来源 {proposal.name}：", f"    belongs to the source {proposal.name}: ") + console.tt(ready.extends.evidence)
        )
        console.say("\n".join(f"      {line}" for line in ready.extends.diff.splitlines()))
    if dry_run:
        for name in sorted(ready.files):
            console.say(f"    + {name}")
        source = next((content for name, content in ready.files.items() if name.endswith("/source.yml")), b"")
        if source:
            console.say("\n".join(f"      {line}" for line in source.decode().splitlines()))


def _held(reason: str, detail: str) -> str:
    from taihu.core.details import detail_in
    from taihu.core.reasons import REASONS

    words = (console.tt(REASONS[reason].title), detail_in(reason, detail, console.lang()))
    return console.t("；", "; ").join(word for word in words if word)
