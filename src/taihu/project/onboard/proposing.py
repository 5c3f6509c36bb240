"""From a file or a folder of unknown files to proposed sources, layouts added to known sources, and the files that say so."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from taihu.collect.registry import connector
from taihu.core.errors import UsageError
from taihu.core.progress import Progress
from taihu.core.types import Lang, Text
from taihu.manifest.layout import LayoutFile
from taihu.manifest.model import FeedFile
from taihu.manifest.source import SourceFile
from taihu.manifest.strict import Document, bind, parse
from taihu.manifest.tree import ProjectTree
from taihu.project.onboard.existing import Extension, Known, extension, known_terms, missing_columns, reads_already, source_for
from taihu.project.onboard.grouping import Group, group, title_of
from taihu.project.onboard.layouts import names_of
from taihu.project.onboard.looking import FileTable, Unread, files_of, tables_of
from taihu.project.onboard.personal import Stand
from taihu.project.onboard.samples import Sample, samples
from taihu.project.onboard.sources import Asked, SourceProposal, file_pattern, propose_source, read_all
from taihu.project.onboard.texts import feed_text, layout_text, source_text
from taihu.project.onboard.words import Term
from taihu.project.typing import typed
from taihu.read.reading import reading

_VIAS = ("folder", "upload", "mailbox", "sftp", "ftp", "smb", "webdav", "s3")


@dataclass(slots=True)
class Ready:
    """One source as it would be written.

    Attributes:
        files: Path below the project to content; all of them are new.
        feed: The core feed, and whether it is new.
        typed: What the contract makes of each file.
        problems: Why something of it is not there or has to be looked at.
        extends: The change of a source that exists, where the tables belong to it.
    """

    proposal: SourceProposal
    files: dict[str, bytes] = field(default_factory=dict)
    feed: str | None = None
    typed: dict[Path, dict[str, Any]] = field(default_factory=dict)
    problems: list[Text] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    extends: Extension | None = None
    folder: str = ""


@dataclass(slots=True)
class Proposed:
    """All that a look at the files came to."""

    ready: list[Ready]
    known: list[Known]
    unread: list[Unread]
    files: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user said: names, the way the files come, the passwords that open them.

    Attributes:
        name: Name of the source, where there is one.
        into: Source to which the layouts are added.
        via, account: How the files will come.
        references: Passwords as ``source.yml`` would name them; ``passwords`` are their values.
        lang: Language of the comments.
    """

    name: str | None = None
    into: str | None = None
    via: str = "folder"
    account: str | None = None
    references: Sequence[str] = ()
    passwords: Sequence[str] = ()
    lang: Lang = "en"


def propose(place: Path, tree: ProjectTree, root: Path, wish: Wish, progress: Progress) -> Proposed:
    """Look at a file or at all files below a folder, and propose what the project would say of them.

    Raises:
        UsageError: There are no files, or a name that the user gave does not fit what was found.
    """
    paths = files_of(place)
    if not paths:
        raise UsageError(f"there are no files in {place}", fix="give a file, or a folder with files in it")
    if wish.into is not None:
        tree.source(wish.into)
    if wish.via not in _VIAS:
        raise UsageError(f"onboard does not know via {wish.via!r}", fix=f"one of {', '.join(_VIAS)}")
    content = cache(Path.read_bytes)
    known: list[Known] = []
    seen: list[FileTable] = []
    unread: list[Unread] = []
    progress.stage("look", len(paths))
    for path in paths:
        read = reads_already(tree, root, path, content(path), wish.passwords)
        if read is not None:
            known.append(read)
        else:
            for one in tables_of(path, content(path), wish.passwords):
                (seen if isinstance(one, FileTable) else unread).append(one)  # type: ignore[arg-type]
        progress.step(path.name)
    terms = known_terms(tree, list(dict.fromkeys(name for one in seen for name in names_of(one))))
    groups = group(seen, terms)
    if wish.name is not None and len(groups) != 1:
        raise UsageError(f"--name fits one source, the files are {len(groups)}", fix="leave it out, or give the files of one source")
    entity, currency = _entity(tree)
    asked = Asked(entity, currency, wish.passwords, wish.references, content)
    progress.stage("propose", len(groups))
    ready: list[Ready] = []
    for each in groups:
        ready.append(_ready(each, groups, ready, tree, root, wish, asked, terms))
        progress.step(ready[-1].proposal.name)
    return Proposed(ready, known, unread, len(paths))


def _entity(tree: ProjectTree) -> tuple[str, str]:
    name, entity = next(iter(tree.file.entities.items()))
    return name, entity.currency


def _ready(
    each: Group,
    groups: Sequence[Group],
    done: Sequence[Ready],
    tree: ProjectTree,
    root: Path,
    wish: Wish,
    asked: Asked,
    terms: Mapping[str, Term],
) -> Ready:
    zh, en, guessed = title_of(each.seen)
    taken = {*tree.sources, *(one.proposal.name for one in done)}
    base = wish.name or guessed or "source"
    if wish.name is not None and not re.fullmatch(r"[a-z][a-z0-9_]*", wish.name):
        raise UsageError(f"{wish.name!r} cannot be the name of a source", fix="small letters, digits and underscores")
    owner = source_for(tree, each, terms, wish.into)
    if wish.into is not None and owner is None:
        missing = missing_columns(tree.sources[wish.into], each, terms)
        raise UsageError(
            f"the files lack what source {wish.into} needs: {', '.join(missing) or 'they are of another kind'}",
            fix="leave --into out for a source of its own, or put the headers that mean these columns into its from: by hand",
        )
    name = next(candidate for n in itertools.count(1) if (candidate := base if n == 1 else f"{base}_{n}") not in taken)
    proposal = propose_source(name, Text(zh, en), each, terms, asked)
    ready = Ready(proposal)
    if owner is not None:
        _extend(ready, owner, root, terms, asked, wish)
        return ready
    collect = _collect(ready, groups, root, wish)
    _feed(ready, tree)
    text = source_text(proposal, entity=asked.entity, collect=collect, feed=ready.feed, lang=wish.lang, notes=_head(proposal))
    folder = f"sources/{name}"
    ready.files[f"{folder}/source.yml"] = text.encode()
    for layout in proposal.layouts:
        ready.files[f"{folder}/layouts/{layout.name}.yml"] = layout_text(layout, wish.lang).encode()
    _check(ready, folder)
    source = parse(SourceFile, text, f"{folder}/source.yml")
    zone = tree.file.time_zone
    ready.typed = {path: typed(read, source, zone) for path, read in proposal.reads.items()}
    _samples(ready, folder, source, zone, asked)
    return ready


def _head(proposal: SourceProposal) -> list[Text]:
    files = len(proposal.group.paths)
    return [
        Text(
            f"taihu onboard 根据 {files} 个文件、{proposal.rows} 行提出；行尾是依据，“待定”须由人决定",
            f"proposed by taihu onboard from {files} file{'s' if files > 1 else ''} with {proposal.rows} rows; "
            "behind the lines what they rest on",
        )
    ]


def _check(ready: Ready, folder: str) -> None:
    """What would be written is read as the project's loader would."""
    for path, content in ready.files.items():
        text = content.decode()
        if path.endswith("/source.yml"):
            document = Document(text, path)
            file = bind(SourceFile, document)
            bind(connector(file.collect.via).Options, document, file.collect.options, ("collect",))
        elif path.startswith(f"{folder}/layouts/"):
            parse(LayoutFile, text, path)
        elif path.endswith(".feed.yml"):
            parse(FeedFile, text, path)


# where the files come from -------------------------------------------------------------------------------------------------


def _collect(ready: Ready, groups: Sequence[Group], root: Path, wish: Wish) -> dict[str, Any]:
    """How the files come; those of a folder by its path and a pattern that no other source's files fit."""
    proposal = ready.proposal
    paths = proposal.group.paths
    pattern = file_pattern(paths)
    account = {"account": wish.account} if wish.account else {}
    if wish.via == "upload":
        return {"via": "upload"}
    if wish.via == "mailbox":
        return {"via": "mailbox", **account, "where": {"attachment": pattern}}
    folders = {path.parent.resolve() for path in paths}
    others = [path for other in groups for path in other.paths if path not in paths and path.parent.resolve() in folders]
    clashes = [path.name for path in others if fnmatchcase(path.name, pattern)]
    if wish.via != "folder":
        return {"via": wish.via, **account, "path": proposal.name, "pattern": pattern}
    if len(folders) > 1 or clashes:
        ready.folder = f"inbox/{proposal.name}"
        proposal.notes["collect"] = (
            Text(
                f"{pattern} 也会匹配 {clashes[0]}：把这些文件放进自己的文件夹",
                f"{pattern} would fit {clashes[0]} too: give these files a folder of their own",
            )
            if clashes
            else Text("文件散在几个文件夹中：放到一起", "the files lie in several folders: put them into this one")
        )
        return {"via": "folder", "path": ready.folder, "pattern": pattern if not clashes else "*"}
    folder = folders.pop()
    inside = folder.is_relative_to(root.resolve())
    return {"via": "folder", "path": folder.relative_to(root.resolve()).as_posix() if inside else folder.as_posix(), "pattern": pattern}


# feeds -----------------------------------------------------------------------------------------------------------------------


def _feed(ready: Ready, tree: ProjectTree) -> None:
    """The feed of the project whose columns are all there, or a new one for rows that have a day and something to add up."""
    proposal = ready.proposal
    columns = {name: column.column for name, column in proposal.columns.items()}
    if proposal.values.get("load") != "replace":
        return
    have = {name: column.type for name, column in columns.items() if not column.personal}
    for name, feed in tree.feeds.items():
        needed = {key: kind for key, kind in feed.columns.items() if key != "business_date"}
        if needed and all(have.get(key) == kind for key, kind in needed.items()):
            ready.feed = name
            proposal.notes["feeds"] = Text(
                f"{name} 的 {len(needed)} 列都有",
                f"all {len(needed)} columns of {name} are in it: models see these rows from the next run on",
            )
            return
    listed = {name: kind for name, kind in have.items() if not columns[name].optional and name != proposal.values["business_date"]}
    if not any(kind in ("money", "quantity") for kind in listed.values()) or proposal.name in tree.feeds:
        return
    ready.feed = proposal.name
    proposal.notes["feeds"] = Text("新的来源集合：模型从 feed. 读取", f"a new feed: models read it as feed.{proposal.name}")
    path = f"models/core/{proposal.name}/{proposal.name}.feed.yml"
    ready.files[path] = feed_text(proposal.title, {"business_date": "date", **listed}).encode()


# samples -----------------------------------------------------------------------------------------------------------------------


def _samples(ready: Ready, folder: str, source: SourceFile, zone: str, asked: Asked) -> None:
    """Masked samples beside what reading and typing them must give."""
    cells = {value for tables in ready.proposal.tables.values() for _, table in tables for value in _values(table)}
    made, missing = samples(ready.proposal, Stand(cells), asked)
    ready.samples = made
    ready.problems += missing
    if not ready.proposal.layouts:
        ready.problems.append(Text("没有样本：这类文件不写样本", "no sample: files of this kind are not written"))
    for sample in made:
        expected = {**reading(sample.read), "typed": typed(sample.read, source, zone)}
        text = json.dumps(expected, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        ready.files[f"{folder}/samples/{sample.name}"] = sample.content
        ready.files[f"{folder}/samples/{sample.name}.expected.json"] = text.encode()


def _values(table: Any) -> Iterable[str]:
    for name in table.rows.column_names:
        yield from (str(value) for value in table.rows[name].to_pylist() if value is not None)


# sources that exist ------------------------------------------------------------------------------------------------------------


def _extend(ready: Ready, owner: Any, root: Path, terms: Mapping[str, Term], asked: Asked, wish: Wish) -> None:
    """Add the layouts to a source of the project: their files are new, ``source.yml`` changes in a few places."""
    proposal = ready.proposal
    taken = {path.stem for path in (root / owner.path / "layouts").glob("*.yml")}
    for layout in proposal.layouts:
        layout.name = next(
            name
            for n in itertools.count(2)
            if (name := layout.name if layout.name not in taken and n == 2 else f"{layout.name}_{n}") not in taken
        )
        taken.add(layout.name)
    ready.extends = extension(root, owner, proposal.group, [layout.name for layout in proposal.layouts], terms)
    source = parse(SourceFile, ready.extends.after, f"{owner.path}/source.yml")
    folder = owner.path
    for layout in proposal.layouts:
        ready.files[f"{folder}/layouts/{layout.name}.yml"] = layout_text(layout, wish.lang).encode()
    _check(ready, folder)
    proposal.name = owner.name
    proposal.values["read"] = {
        **source.read.model_dump(by_alias=True, exclude_defaults=True),
        "layouts": [layout.name for layout in proposal.layouts],
    }
    read_all(proposal, asked)
    zone = "Asia/Shanghai"
    ready.typed = {path: typed(read, source, zone) for path, read in proposal.reads.items()}
    _samples(ready, folder, source, zone, asked)


def write(proposed: Proposed, root: Path, *, change: Callable[[Ready], bool]) -> list[Path]:
    """Write the files; a file that exists is never overwritten, a ``source.yml`` is changed only where ``change`` says so.

    Raises:
        UsageError: A file is there already.
    """
    written: list[Path] = []
    for ready in proposed.ready:
        there = [path for path in ready.files if (root / path).exists()]
        if there:
            raise UsageError(f"{there[0]} is there already", fix="give another --name, or remove it")
    for ready in proposed.ready:
        for path, content in ready.files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            written.append(target)
        if ready.folder:
            (root / ready.folder).mkdir(parents=True, exist_ok=True)
        if ready.extends is not None and change(ready):
            target = root / ready.extends.source.path / "source.yml"
            target.write_text(ready.extends.after, encoding="utf-8")
            written.append(target)
    return written
