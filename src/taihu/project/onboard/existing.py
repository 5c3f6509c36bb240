"""What a project knows already: files that one of its sources reads, names that it uses, and sources that a new header belongs to."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from taihu.clean.headers import bind_headers
from taihu.collect.registry import connector
from taihu.core.errors import ContentRefused, ManifestError, TaihuError
from taihu.core.types import FileRead, Text
from taihu.guard.secrets import resolve
from taihu.manifest.tree import ProjectTree, Source
from taihu.project.onboard.grouping import Group, part_of
from taihu.project.onboard.texts import flow
from taihu.project.onboard.words import Term, header_key, term_of
from taihu.read import read_file

_NOT_ITS_OWN = frozenset(
    {"unknown_layout", "wrong_kind", "no_table", "empty_file", "login_page", "damaged_file", "wrong_password", "mojibake", "reader_failed"}
)
_BELONGS = 0.6


@dataclass(frozen=True, slots=True)
class Known:
    """A file that a source of the project reads already."""

    path: Path
    source: str
    layouts: tuple[str, ...]
    held: str | None


@dataclass(frozen=True, slots=True)
class Extension:
    """A new layout of a source that exists: what changes in its ``source.yml``, and why it belongs there."""

    source: Source
    before: str
    after: str
    evidence: Text

    @property
    def diff(self) -> str:
        name = f"{self.source.path}/source.yml"
        lines = difflib.unified_diff(self.before.splitlines(keepends=True), self.after.splitlines(keepends=True), name, name, n=0)
        return "".join(lines)


def reads_already(tree: ProjectTree, root: Path, path: Path, content: bytes, passwords: Sequence[str]) -> Known | None:
    """The source that reads a file as it is: a layout fits and its columns are there."""
    for source in sorted(tree.sources.values(), key=lambda source: not _is_named_for(source, path)):
        if connector(source.file.collect.via).gives_rows:
            continue
        file = read_file(
            content, path.name, read=source.file.read, layouts=source.layouts, passwords=[*passwords, *_passwords_of(tree, root, source)]
        )
        if file.held not in _NOT_ITS_OWN and file.tables and _binds(file, source):
            return Known(path, source.name, tuple(dict.fromkeys(table.layout for table in file.tables)), file.held)
    return None


def _is_named_for(source: Source, path: Path) -> bool:
    """Whether the source's own pattern fits the file's name: it is asked first, but only the header decides."""
    pattern = source.file.collect.options.get("pattern", "")
    return pattern not in ("", "*") and fnmatchcase(path.name, str(pattern))


def _passwords_of(tree: ProjectTree, root: Path, source: Source) -> Iterator[str]:
    """Passwords that the project's references lead to; one that is not set is no reason to stop."""
    account = tree.file.accounts.get(source.file.collect.account or "")
    for reference in [*source.file.read.passwords, *(account.passwords if account else ())]:
        try:
            yield resolve(reference, base=root).reveal()
        except TaihuError:
            continue


def _binds(file: FileRead, source: Source) -> bool:
    try:
        for table in file.tables:
            bind_headers(table.rows.column_names, source.file)
    except ContentRefused:
        return False
    return True


def known_terms(tree: ProjectTree, headers: Sequence[str]) -> dict[str, Term]:
    """What is known of every header: from the contracts of other sources first, then the glossary, then the table in the wheel."""
    by_source: dict[str, tuple[str, str]] = {}
    for source in tree.sources.values():
        for name, column in source.file.columns.items():
            for header in column.from_ or ():
                by_source.setdefault(header_key(header), (name, source.name))
    by_glossary = {header_key(term.name.zh): name for name, term in tree.glossary.items() if term.measure is None}
    terms: dict[str, Term] = {}
    for header in headers:
        term = term_of(header)
        key = header_key(header)
        if key in by_source:
            name, source_name = by_source[key]
            column = tree.sources[source_name].file.columns[name]
            # The same word may mean net amounts there and gross ones here: such a name is taken only where the header says so too.
            if column.tax in (None, "none") or column.tax == term.tax:
                personal = column.personal or term.personal
                term = replace(term, key=name, personal=personal, known_by="source", detail=f"sources/{source_name}")
        elif key in by_glossary and (not term.key or term.key != by_glossary[key]):
            term = replace(term, key=by_glossary[key], known_by="glossary", detail="glossary")
        terms[header] = term
    return terms


def source_for(tree: ProjectTree, group: Group, terms: Mapping[str, Term], wanted: str | None = None) -> Source | None:
    """The source that tables of a new header belong to: every column that it needs is there, and most of the rest.

    Args:
        wanted: The source that the user named; only what it needs must be there then.
    """
    best: tuple[float, Source] | None = None
    for source in tree.sources.values():
        if (wanted is not None and source.name != wanted) or not source.layouts:
            continue
        shared = _likeness(source, group, terms)
        if shared is not None and (wanted or shared >= _BELONGS) and (best is None or shared > best[0]):
            best = (shared, source)
    return best[1] if best else None


def _likeness(source: Source, group: Group, terms: Mapping[str, Term]) -> float | None:
    """How much of what both have is the same; None where a needed column is missing or the bytes are read otherwise."""
    for shape in group.shapes:
        read = source.file.read
        if shape.kind not in read.kinds or (shape.kind in ("csv", "html") and read.encoding not in (None, shape.encoding)):
            return None
    if missing_columns(source, group, terms):
        return None
    columns, headers = len(source.file.columns), max(len(shape.terms) for shape in group.shapes)
    shared = min(len(matches(source, list(shape.terms), terms)) for shape in group.shapes)
    return shared / max(1, columns + headers - shared)


def matches(source: Source, headers: Sequence[str], terms: Mapping[str, Term]) -> dict[str, str]:
    """Column of a source to the header that is the same thing: by its own ``from:``, by name, or by the part that it plays."""
    found: dict[str, str] = {}
    left = list(headers)
    rules = (
        lambda name, column, header: header_key(header) in {header_key(own) for own in column.from_ or (name,)},
        lambda name, column, header: terms[header].key == name,
        lambda name, column, header: bool(_part(name, column)) and part_of(header, terms[header]) == _part(name, column),
        # Renamed by a word more or less: 数量 became 实发数量. A person sees it in the difference before it counts.
        lambda name, column, header: any(_within(header, own) for own in column.from_ or ()) and not terms[header].role,
    )
    for rule in rules:
        for name, column in source.file.columns.items():
            if name in found:
                continue
            header = next((header for header in left if rule(name, column, header)), None)
            if header is not None:
                found[name] = header
                left.remove(header)
    return found


def _within(one: str, other: str) -> bool:
    mine, others = header_key(one), header_key(other)
    return len(min(mine, others, key=len)) > 1 and (mine in others or others in mine)


def missing_columns(source: Source, group: Group, terms: Mapping[str, Term]) -> list[str]:
    """Columns that a source needs and that some of the tables lack."""
    needed = [name for name, column in source.file.columns.items() if not column.optional]
    return [name for name in needed if any(name not in matches(source, list(shape.terms), terms) for shape in group.shapes)]


def _part(name: str, column: Any) -> str:
    return next((term.role for header in column.from_ or () if (term := term_of(header)).role), "")


def extension(root: Path, source: Source, group: Group, layouts: Sequence[str], terms: Mapping[str, Term]) -> Extension:
    """The change of a source's ``source.yml`` that adds layouts and the senders' new words for its columns."""
    text = (root / source.path / "source.yml").read_text(encoding="utf-8-sig")
    after = _set(text, ("read", "layouts"), [*source.file.read.layouts, *layouts])
    for shape in group.shapes:
        for name, header in matches(source, list(shape.terms), terms).items():
            column = source.file.columns[name]
            own = list(column.from_ or (name,))
            if header_key(header) not in {header_key(each) for each in own}:
                written = _value(after, ("columns", name, "from"))
                own = [*(written if isinstance(written, list) else [written] if written else own), header]
                after = _set(after, ("columns", name, "from"), own)
    count = len(matches(source, list(group.shapes[0].terms), terms))
    total = len(source.file.columns)
    return Extension(source, text, after, Text(f"{total} 列中对上 {count} 列", f"{count} of its {total} columns are in it"))


def _value(text: str, path: tuple[str, ...]) -> Any:
    value = yaml.safe_load(text)
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _set(text: str, path: tuple[str, ...], value: Any) -> str:
    """The text with one value set; everything else, comments included, stays as it is.

    Raises:
        ManifestError: The place cannot be found in the file.
    """
    node: Any = yaml.compose(text)
    for depth, key in enumerate(path):
        if not isinstance(node, yaml.MappingNode):
            if depth == len(path) - 1 and isinstance(node, yaml.ScalarNode):  # amount: money
                kind = text[node.start_mark.index : node.end_mark.index]
                return text[: node.start_mark.index] + "{" + f"{key}: {flow(value)}, type: {kind}" + "}" + text[node.end_mark.index :]
            raise ManifestError(f"cannot add {key}: to the file by itself", fix=f"set {'.'.join(path)} to {flow(value)}")
        found = next((child for name, child in node.value if name.value == key), None)
        if found is None:
            if depth == len(path) - 1 and node.flow_style:
                at = node.start_mark.index + 1
                return f"{text[:at]}{key}: {flow(value)}, {text[at:]}"
            raise ManifestError(f"{'.'.join(path)} is not in the file", fix=f"set it to {flow(value)}")
        node = found
    # A list over several lines ends where its last item does; what the parser calls its end is the next key.
    last = node.value[-1] if isinstance(node, yaml.SequenceNode) and not node.flow_style else node
    return text[: node.start_mark.index] + flow(value) + text[last.end_mark.index :]
