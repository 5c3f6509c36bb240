"""Who may see which rows and columns, and who may decide: ``roles.yml`` turned into filters and yes or no.

A filter is applied before anything is rendered. A table that lacks the filter's column is refused, because "all of it" would be the
only other answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from taihu.core.errors import AccessRefused, ManifestError
from taihu.manifest.roles import Person, Role, RolesFile

OPEN_DECISIONS = ("release", "waive", "match")


@dataclass(frozen=True, slots=True)
class Audience:
    """People who see the same rows: one rendering serves them all.

    Attributes:
        filters: Column and value pairs; empty means all rows.
    """

    role: str
    filters: tuple[tuple[str, str], ...]
    people: tuple[Person, ...]


def person_of(roles: RolesFile, name: str) -> Person:
    """The person with this short name."""
    for person in roles.people:
        if person.name == name:
            return person
    raise ManifestError(
        f"nobody in roles.yml is called {name!r}", where="roles.yml", fix=f"known: {', '.join(p.name for p in roles.people)}"
    )


def role_of(roles: RolesFile, name: str) -> Role:
    """The role with this name."""
    if name not in roles.roles:
        raise ManifestError(f"there is no role {name!r}", where="roles.yml", fix=f"known: {', '.join(sorted(roles.roles))}")
    return roles.roles[name]


def row_filter(roles: RolesFile, person: Person, *, table: str, columns: Collection[str]) -> dict[str, str]:
    """The column and value pairs that select the rows of a table that a person may see.

    Args:
        roles: The project's ``roles.yml``.
        person: Who will see it.
        table: Name of the table, for the message.
        columns: Its columns.

    Returns:
        An empty mapping if the person sees all rows.

    Raises:
        ManifestError: The table lacks the column, or the person has no value for it.
    """
    role = role_of(roles, person.role)
    if role.rows == "all":
        return {}
    filters = {}
    for column in role.rows:
        if column not in columns:
            raise ManifestError(
                f"{table} has no column {column}, by which the rows of role {person.role} are chosen",
                where="roles.yml",
                fix=f"add {column} to {table}, or leave the table out of what this role gets",
            )
        own = person.own(column)
        if own is None or str(own) == "":
            raise ManifestError(f"{person.name} has no {column}", where="roles.yml", fix=f"add {column}: to the person")
        filters[column] = str(own)
    return filters


def audiences(roles: RolesFile, role: str, *, table: str, columns: Collection[str]) -> list[Audience]:
    """The people of a role in groups that see the same rows, in the order of ``roles.yml``."""
    role_of(roles, role)
    groups: dict[tuple[tuple[str, str], ...], list[Person]] = {}
    for person in roles.people:
        if person.role == role:
            filters = tuple(sorted(row_filter(roles, person, table=table, columns=columns).items()))
            groups.setdefault(filters, []).append(person)
    return [Audience(role, filters, tuple(people)) for filters, people in groups.items()]


def visible_columns(role: Role, classes: Mapping[str, str]) -> list[str]:
    """The columns that a role sees.

    Args:
        role: The role.
        classes: Column to ``personal``, ``sensitive``, ``important`` or ``business``.
    """
    return [column for column, kind in classes.items() if kind not in role.hide]


def may(roles: RolesFile, name: str, decision: str) -> bool:
    """Whether a person may take a decision: approve, release, waive, match, close, unmask, erase."""
    return any(person.name == name and decision in role_of(roles, person.role).may for person in roles.people)


def require(roles: RolesFile, name: str, decision: str) -> None:
    """Raise :class:`AccessRefused` unless the person may take the decision.

    What can be taken back (release, waive, match) may be decided by whoever runs the project as long as ``roles.yml`` names
    nobody for it; everything else must be granted.
    """
    allowed = [person.name for person in roles.people if decision in role_of(roles, person.role).may]
    if may(roles, name, decision) or (not allowed and decision in OPEN_DECISIONS):
        return
    fix = f"ask {', '.join(allowed)}; whoever decides is named with --who" if allowed else "ask whoever keeps roles.yml to name somebody"
    raise AccessRefused(f"{name} may not {decision}", where="roles.yml", fix=fix)
