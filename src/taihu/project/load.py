"""From a folder of small files to one :class:`~taihu.manifest.tree.ProjectTree`.

The path is the identity: nothing is registered, a new folder under ``sources/`` is a new source. Listing a project never
imports a source's Python, and the first thing that is wrong is said with its file and line.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from taihu.collect.passwords import note_source
from taihu.collect.registry import connector, connector_names
from taihu.core.errors import ManifestError, NotFound, UsageError
from taihu.manifest.corrections import Correction
from taihu.manifest.glossary import Term
from taihu.manifest.layout import LayoutFile
from taihu.manifest.missing import Replacement
from taihu.manifest.model import FeedFile, ModelTest
from taihu.manifest.portal import PortalFile
from taihu.manifest.project import LocalFile, ProjectFile
from taihu.manifest.report import ReportFile, Send
from taihu.manifest.roles import RolesFile
from taihu.manifest.source import Collect, SourceFile
from taihu.manifest.strict import Document, bind, parse
from taihu.manifest.tree import Layer, Model, ProjectTree, Source, parse_model

T = TypeVar("T", bound=BaseModel)


def load_tree(root: Path) -> ProjectTree:
    """Load and cross-check the project in ``root``.

    Raises:
        UsageError: ``root`` is not a project.
        ManifestError: A file is wrong; ``where`` is its path inside the project and the line.
    """
    if not (root / "taihu.yml").is_file():
        raise UsageError(
            f"{root} is not a project: it has no taihu.yml", fix="call taihu inside a project, or make one with: taihu init DIR"
        )
    models, feeds = _models(root)
    tree = ProjectTree(
        file=_project_file(root),
        sources={source.name: source for source in _sources(root)},
        models=models,
        feeds=feeds,
        glossary=_glossary(root),
        reports={path.parent.name: _read(root, path, ReportFile) for path in sorted(root.glob("reports/*/report.yml"))},
        roles=_read(root, root / "roles.yml", RolesFile) if (root / "roles.yml").is_file() else RolesFile(roles={}),
        story={path.stem: path.read_text(encoding="utf-8") for path in sorted(root.glob("docs/story/*.md"))},
    )
    _cross_check(tree, root)
    return tree


def place_in(root: Path, file: str, keys: Iterable[str | int] = ()) -> str:
    """``file:line`` of the place in a YAML file of the project that the keys lead to, or of the nearest one above it."""
    path = root / file
    return Document(_text(path), file).where(tuple(keys)) if path.is_file() else f"{file}:1"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig")


def _read(root: Path, path: Path, model: type[T]) -> T:
    return parse(model, _text(path), path.relative_to(root).as_posix())


def _project_file(root: Path) -> ProjectFile:
    file = _read(root, root / "taihu.yml", ProjectFile)
    local_path = root / "taihu.local.yml"
    if not local_path.is_file():
        return file
    local = _read(root, local_path, LocalFile)
    changes: dict[str, Any] = {
        name: getattr(local, name) for name in ("lake", "ledger", "keys", "output") if getattr(local, name) is not None
    }
    return file.model_copy(update={**changes, "accounts": {**file.accounts, **local.accounts}})


def _sources(root: Path) -> Iterator[Source]:
    for folder in sorted(path.parent for path in root.glob("sources/*/source.yml")):
        relative = folder.relative_to(root).as_posix()
        document = Document(_text(folder / "source.yml"), f"{relative}/source.yml")
        file = bind(SourceFile, document)
        _check_collect(document, file.collect)
        layouts = {path.stem: _read(root, path, LayoutFile) for path in sorted(folder.glob("layouts/*.yml"))}
        for name in file.read.layouts:
            if name not in layouts:
                where = document.where(("read", "layouts"))
                raise ManifestError(_unknown("layout", name, layouts), where=where, fix=f"write {relative}/layouts/{name}.yml")
        portal = _read(root, folder / "portal.yml", PortalFile) if (folder / "portal.yml").is_file() else None
        if file.collect.via == "portal" and portal is None:
            raise ManifestError("a portal source needs its recipe portal.yml", where=f"{relative}/source.yml:1")
        yield Source(folder.name, relative, file, {name: layouts[name] for name in file.read.layouts}, portal, _corrections(root, folder))


def _check_collect(document: Document, collect: Collect) -> None:
    """The connector exists, and knows the keys that stand beside ``via:``."""
    try:
        options = connector(collect.via).Options
    except NotFound:
        raise ManifestError(_unknown("connector", collect.via, connector_names()), where=document.where(("collect", "via"))) from None
    bind(options, document, collect.options, ("collect",))


def _corrections(root: Path, folder: Path) -> list[Correction]:
    path = folder / "corrections.yml"
    if not path.is_file():
        return []
    document = Document(_text(path), path.relative_to(root).as_posix())
    entries = document.value or []
    if not isinstance(entries, list):
        raise ManifestError("expected a list of corrections", where=document.where(()))
    return [bind(Correction, document, entry, (index,)) for index, entry in enumerate(entries)]


def _models(root: Path) -> tuple[dict[str, Model], dict[str, FeedFile]]:
    models: dict[str, Model] = {}
    for path in sorted(root.glob("models/*/*/*.sql")):
        layer, area, name = path.parent.parent.name, path.parent.name, path.stem
        relative = path.relative_to(root).as_posix()
        if layer not in ("core", "mart"):
            raise ManifestError(f"{layer!r} is not a layer; models lie in models/core or models/mart", where=f"{relative}:1")
        test_path = path.with_suffix(".test.yml")
        test = _read(root, test_path, ModelTest) if test_path.is_file() else None
        model = parse_model(_text(path), layer=cast(Layer, layer), area=area, name=name, path=relative, test=test)
        if model.table in models:
            raise ManifestError(f"table {model.table} is also built by {models[model.table].path}", where=f"{relative}:1")
        models[model.table] = model
    feeds = {path.name.removesuffix(".feed.yml"): _read(root, path, FeedFile) for path in sorted(root.glob("models/*/*/*.feed.yml"))}
    return models, feeds


def _glossary(root: Path) -> dict[str, Term]:
    terms: dict[str, Term] = {}
    for path in sorted(root.glob("glossary/*.yml")):
        document = Document(_text(path), path.relative_to(root).as_posix())
        for name, value in document.value.items():
            if name in terms:
                raise ManifestError(f"term {name!r} is explained twice", where=document.where((name,)))
            terms[name] = bind(Term, document, value, (name,))
    return terms


def _unknown(kind: str, name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"unknown {kind} {name!r}" + (f", did you mean {close[0]!r}?" if close else "")


def _cross_check(tree: ProjectTree, root: Path) -> None:
    """What one file says of another must exist."""
    for source in tree.sources.values():
        _check_source(root, tree, source)
        if source.file.load == "replace" and not source.file.business_date:
            raise ManifestError(
                "load: replace replaces whole days of a party, so it needs business_date:",
                where=place_in(root, f"{source.path}/source.yml", ("load",)),
                fix="name the column with the business date, or load by key: load: upsert",
            )
    for number, person in enumerate(tree.roles.people):
        if person.role not in tree.roles.roles:
            _require("role", [person.role], tree.roles.roles, place_in(root, "roles.yml", ("people", number, "role")))
    for name, report in tree.reports.items():
        file = f"reports/{name}/report.yml"
        _require("source", report.ready_when.required, tree.sources, f"{file}:1")
        for number, send in enumerate(report.send):
            if send.role not in tree.roles.roles:
                _require("role", [send.role], tree.roles.roles, place_in(root, file, ("send", number, "role")))
            _check_recipients(tree, root, send)


def _check_recipients(tree: ProjectTree, root: Path, send: Send) -> None:
    """Whoever gets only some rows has the value that chooses them; without it the whole report would go out."""
    rows = tree.roles.roles[send.role].rows
    columns = [*(rows if isinstance(rows, dict) else ()), *([send.split] if send.split else ())]
    for number, person in enumerate(tree.roles.people):
        for column in columns if person.role == send.role else ():
            if person.own(column) in (None, ""):
                raise ManifestError(
                    f"{person.name} has no {column}, by which the rows of {send.role} are chosen",
                    where=place_in(root, "roles.yml", ("people", number)),
                    fix=f"add {column}: to the person",
                )


def _check_source(root: Path, tree: ProjectTree, source: Source) -> None:
    file = source.file
    names: list[tuple[str, str | None, Collection[str], tuple[str | int, ...]]] = [
        ("entity", file.entity, tree.file.entities, ("entity",)),
        ("account", file.collect.account, tree.file.accounts, ("collect", "account")),
        ("feed", file.feeds, tree.feeds, ("feeds",)),
        ("reference source", file.party.in_ if file.party else None, tree.sources, ("party", "in")),
        ("reference source", file.expect.parties if file.expect else None, tree.sources, ("expect", "parties")),
    ]
    for number, check in enumerate(file.checks):
        names.append(("reference source", check.reference, tree.sources, ("checks", number, check.kinds[0])))
    for column, meaning in file.columns.items():
        if isinstance(meaning.if_missing, Replacement) and meaning.if_missing.from_:
            names.append(("reference source", meaning.if_missing.from_, tree.sources, ("columns", column, "if_missing", "from")))
    for kind, name, known, keys in names:
        if name is not None and name not in known:
            raise ManifestError(_unknown(kind, name, known), where=place_in(root, f"{source.path}/source.yml", keys))
    _check_account(root, tree, source)
    if file.read.password_from is not None:
        note_source(source, file.read.password_from, tree.file.accounts)


def _check_account(root: Path, tree: ProjectTree, source: Source) -> None:
    """The account is of a kind that the connector can log in with."""
    via, name = source.file.collect.via, source.file.collect.account
    kinds = connector(via).account_kinds
    if name and kinds and tree.file.accounts[name].kind not in kinds:
        raise ManifestError(
            f"account {name!r} is of kind {tree.file.accounts[name].kind!r}, which via: {via} cannot use",
            where=place_in(root, f"{source.path}/source.yml", ("collect", "account")),
            fix=f"kinds that it can use: {', '.join(kinds)}",
        )


def _require(kind: str, names: Iterable[str], known: Collection[str], where: str) -> None:
    for name in names:
        if name not in known:
            raise ManifestError(_unknown(kind, name, known), where=where)
