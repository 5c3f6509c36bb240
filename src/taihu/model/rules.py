"""Rules name only columns that are there, and conditions are SQL: said when the project is read, not on the morning of the file.

The engine would find the same mistakes, but only once a file of that source has come.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from taihu.core.errors import ManifestError
from taihu.manifest.missing import Replacement
from taihu.model.inputs import clean_columns, party_key

if TYPE_CHECKING:
    from taihu.manifest.tree import ProjectTree, Source

# ``path:line`` of a key in a file of the project.
Place = Callable[[str, tuple[str | int, ...]], str]


def check_conditions(tree: ProjectTree, place: Place) -> None:
    """Look up the columns that the rules of all sources name.

    Raises:
        ManifestError: With the line of the first rule that is not SQL, or names a column that the source has not.
    """
    for source in tree.sources.values():
        columns = clean_columns(tree, source)
        _check_replacements(tree, source, place)
        for number, check in enumerate(source.file.checks):
            try:
                require_columns(check.kinds[0], columns_of(check.sql) if check.sql else check.columns, columns)
            except ManifestError as error:
                raise ManifestError(error.what, where=place(f"{source.path}/source.yml", ("checks", number)), fix=error.fix) from None


def _check_replacements(tree: ProjectTree, source: Source, place: Place) -> None:
    """What stands for missing values is made of columns that are there and not personal."""
    listed = source.file.columns.items()
    party = party_key(tree, source)
    clear = [*(name for name, column in listed if not column.personal), *([party] if party else [])]
    for name, column in listed:
        rule = column.if_missing
        if not isinstance(rule, Replacement):
            continue
        try:
            if rule.derive:
                require_columns("if_missing", columns_of(rule.derive), clear)
                continue
            require_columns("if_missing", rule.by, clear)
            entry = tree.sources[rule.from_ or ""]
            require_columns(f"if_missing: {rule.from_}", [rule.take or "", *rule.by], clean_columns(tree, entry))
        except ManifestError as error:
            where = place(f"{source.path}/source.yml", ("columns", name, "if_missing"))
            raise ManifestError(error.what, where=where, fix=error.fix) from None


def columns_of(sql: str) -> list[str]:
    """The columns that a condition names; with a query inside it, none: its names are of other tables and left to the engine.

    Raises:
        ManifestError: It is not one SQL condition.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        parsed = sqlglot.parse_one(f"SELECT ({sql})", dialect="duckdb")
    except SqlglotError as error:
        details = (getattr(error, "errors", None) or [{}])[0]
        raise ManifestError(f"sql: not a condition: {details.get('description') or 'it cannot be parsed'}") from None
    if len(list(parsed.find_all(exp.Select))) > 1:
        return []
    parameters = {name.name for each in parsed.find_all(exp.Lambda) for name in each.expressions}
    return [each.name for each in parsed.find_all(exp.Column) if not each.table and each.name not in parameters]


def require_columns(rule: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse a rule that names a column which is not known, with the one that was probably meant; case does not matter.

    Raises:
        ManifestError: Without a place, which the caller knows.
    """
    columns = {name.lower(): name for name in known}
    for name in names:
        if name.lower() not in columns:
            close = difflib.get_close_matches(name.lower(), list(columns), n=1)
            hint = f", did you mean {columns[close[0]]!r}?" if close else ""
            raise ManifestError(f"{rule}: there is no column {name!r}{hint}")
