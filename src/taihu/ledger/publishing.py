"""Verbs of reports: publications pin table versions; their figures and rendered files are kept with them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from taihu.core.ids import canonical_json
from taihu.core.types import Span
from taihu.ledger.arrivals import ArrivalVerbs
from taihu.ledger.records import FigureRow, Output, Publication
from taihu.ledger.store import instant_in, instant_out

if TYPE_CHECKING:
    pass


class PublishingVerbs(ArrivalVerbs):
    """Publications, figures, outputs."""

    def publication_made(self, publication: Publication) -> None:
        """A report's version pins its tables; making the same publication again changes nothing."""
        row = {
            "id": publication.id,
            "report": publication.report,
            "version": publication.version,
            "day_from": publication.span.start.isoformat(),
            "day_to": publication.span.end.isoformat(),
            "issued_at": instant_in(publication.issued_at),
            "tables": canonical_json(dict(publication.tables)),
            "previous": publication.previous,
            "complete": publication.complete,
            "reviewed": publication.reviewed,
        }
        table = self._t.publication
        with self._write() as connection:
            if connection.execute(table.select().where(table.c.id == publication.id)).first() is None:
                connection.execute(table.insert(), row)
                self._audit(
                    connection, "publish", publication.id, who="taihu", detail=f"{publication.report} version {publication.version}"
                )

    def publication_reviewed(self, publication_id: str, *, who: str, why: str = "") -> None:
        """A person approved a publication; audited."""
        table = self._t.publication
        full = self._full_id(table, publication_id, "publication")
        with self._write() as connection:
            connection.execute(table.update().where(table.c.id == full).values(reviewed=True))
            self._audit(connection, "approve", full, who=who, detail=why)

    def publication(self, id_or_prefix: str) -> Publication:
        """One publication by its id or the first characters of it."""
        table = self._t.publication
        full = self._full_id(table, id_or_prefix, "publication")
        with self._read() as connection:
            return _publication_of(connection.execute(table.select().where(table.c.id == full)).one())

    def publications(self, report: str | None = None) -> list[Publication]:
        """Publications in the order they were made."""
        table = self._t.publication
        query = table.select().order_by(table.c.sequence)
        if report is not None:
            query = query.where(table.c.report == report)
        with self._read() as connection:
            return [_publication_of(row) for row in connection.execute(query)]

    def pinned_versions(self) -> dict[str, set[int]]:
        """For each table the versions that some publication needs; vacuuming keeps them."""
        pinned: dict[str, set[int]] = {}
        for publication in self.publications():
            for name, version in publication.tables.items():
                pinned.setdefault(name, set()).add(version)
        return pinned

    def figures_recorded(self, publication_id: str, figures: Sequence[FigureRow]) -> None:
        """The figures of a publication; recording again replaces those with the same id."""
        rows = [
            {
                "publication_id": publication_id,
                "id": figure.id,
                "ordinal": number,
                "measure": figure.measure,
                "mart": figure.mart,
                "day_from": figure.span.start.isoformat(),
                "day_to": figure.span.end.isoformat(),
                "facts": self._seal_json(
                    {
                        "filter": [list(pair) for pair in figure.filter],
                        "value": _decimal_in(figure.value),
                        "parts": [[name, _decimal_in(value)] for name, value in figure.parts],
                        "format": figure.format,
                        "unit": figure.unit,
                        "is_estimated": figure.is_estimated,
                    },
                    f"figure:{publication_id}:{figure.id}",
                ),
            }
            for number, figure in enumerate({figure.id: figure for figure in figures}.values())
        ]
        with self._write() as connection:
            self._put(connection, self._t.figure, rows)

    def figure(self, id_or_prefix: str) -> FigureRow:
        """A figure by its id or the first characters of it; if several publications print it, the newest one's."""
        table, publication = self._t.figure, self._t.publication
        full = self._full_id(table, id_or_prefix, "figure")
        query = table.outerjoin(publication, publication.c.id == table.c.publication_id).select().with_only_columns(*table.c)
        with self._read() as connection:
            row = connection.execute(query.where(table.c.id == full).order_by(publication.c.sequence.desc())).first()
        return self._figure_of(row)

    def figures(self, publication_id: str) -> list[FigureRow]:
        """The figures of a publication in their order."""
        table = self._t.figure
        with self._read() as connection:
            rows = connection.execute(table.select().where(table.c.publication_id == publication_id).order_by(table.c.ordinal)).all()
        return [self._figure_of(row) for row in rows]

    def output_recorded(self, publication_id: str, *, name: str, sha256: str, audience: str, lang: str, format: str) -> None:
        """A rendered file of a publication was archived as an object."""
        self.outputs_recorded([Output(publication_id, name, sha256, audience, lang, format)])

    def outputs_recorded(self, outputs: Sequence[Output]) -> None:
        """:meth:`output_recorded` for many files in one transaction."""
        rows = [
            {
                "publication_id": each.publication_id,
                "name": self._known("output", each.name),
                "ordinal": number,
                "sha256": each.sha256,
                "audience": self._known("audience", each.audience),
                "lang": each.lang,
                "format": each.format,
            }
            for number, each in enumerate(outputs)
        ]
        with self._write() as connection:
            self._put(connection, self._t.output, rows)

    def outputs(self, publication_id: str) -> list[Output]:
        """The rendered files of a publication by name."""
        table = self._t.output
        with self._read() as connection:
            rows = connection.execute(table.select().where(table.c.publication_id == publication_id)).all()
        found = [
            Output(
                row.publication_id, self._named("output", row.name), row.sha256, self._named("audience", row.audience), row.lang, row.format
            )
            for row in rows
        ]
        return sorted(found, key=lambda output: output.name)

    def _figure_of(self, row: Any) -> FigureRow:
        facts = self._open_json(row.facts, f"figure:{row.publication_id}:{row.id}")
        return FigureRow(
            id=row.id,
            publication_id=row.publication_id,
            measure=row.measure,
            mart=row.mart,
            span=_span(row),
            filter=tuple((column, value) for column, value in facts["filter"]),
            value=_decimal_out(facts["value"]),
            parts=tuple((name, Decimal(value)) for name, value in facts["parts"]),
            format=facts["format"],
            unit=facts["unit"],
            is_estimated=facts["is_estimated"],
        )


def _publication_of(row: Any) -> Publication:
    return Publication(
        id=row.id,
        report=row.report,
        version=row.version,
        span=_span(row),
        issued_at=instant_out(row.issued_at),
        tables=json.loads(row.tables),
        previous=row.previous,
        complete=row.complete,
        reviewed=row.reviewed,
    )


def _span(row: Any) -> Span:
    return Span(dt.date.fromisoformat(row.day_from), dt.date.fromisoformat(row.day_to))


def _decimal_in(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _decimal_out(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
