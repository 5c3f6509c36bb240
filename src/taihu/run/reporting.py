"""From built marts to files that people open: publish, compute, render, archive; and make an old report again.

A publication pins the versions of every table, so figures and bytes are a pure function of it. Everything rendered is archived
as an object, and a crash half way is healed by rendering the same bytes again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from taihu.core.boundary import reached
from taihu.core.errors import IntegrityError, ManifestError
from taihu.core.figures import Figure, Holds, ReportFigures, RestatementRow, TableBlock, Tiles
from taihu.core.ids import canonical_json, derived_id, sha256_of
from taihu.core.types import Lang, ObjectRef, Span, Text
from taihu.deliver.worker import Pending, Rendered, gathered, needs_typesetting, render_format
from taihu.guard.roles import row_filter
from taihu.ledger.records import FigureRow, Output, Publication
from taihu.manifest.report import Approve, ReportFile
from taihu.manifest.roles import Person
from taihu.manifest.words import parse_share
from taihu.model.lineage import source_columns
from taihu.run.completeness import REPORTED
from taihu.run.cube import Filter
from taihu.run.delivering import post, whose
from taihu.run.figures import Audience, FigureMaker
from taihu.run.marts import Marts
from taihu.run.planning import DueReport
from taihu.run.restating import restatements

if TYPE_CHECKING:
    from taihu.deliver.mail import MailBody
    from taihu.project.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Issued:
    """A publication that is on record and whose files are being set; ``finish`` archives and hands over what is not yet, and gives it."""

    publication: Publication
    finish: Callable[..., Publication]


def publish(ws: Workspace, due: DueReport) -> Issued:
    """Pin the tables, compute the figures, put the publication on record and begin to set its files."""
    publication = _pinned(ws, due)
    ws.open_pinned(publication)
    marts = marts_of(ws, publication)
    national = figures_of(ws, publication, Audience(), marts)
    report = ws.tree.reports[due.report]
    publication = dataclasses.replace(publication, reviewed=_auto_approved(report.approve, national, publication.complete))
    reached("publication.before")
    ws.ledger.publication_made(publication)
    return begin(ws, publication, {(): dataclasses.replace(national, reviewed=publication.reviewed)}, marts)


def publish_update(ws: Workspace, due: DueReport) -> list[Issued]:
    """Issue a later version of a report that is out, if what ``updates: when`` names has changed; gives it, or nothing."""
    report = ws.tree.reports[due.report]
    assert report.updates is not None
    publication = _pinned(ws, due)
    previous = ws.ledger.publication(publication.previous or "")
    ws.open_pinned(publication)
    marts = marts_of(ws, publication)
    made = {tuple(audience.where): figures_of(ws, publication, audience, marts) for audience, _ in audiences_of(ws, report)}
    changed = {"figures": lambda: _moved(ws, previous, made.values()), "completeness": lambda: completeness_moved(ws, previous)}
    if not any(changed[what]() for what in report.updates.when):
        return []
    national = made.get(()) or figures_of(ws, publication, Audience(), marts)
    publication = dataclasses.replace(publication, reviewed=_auto_approved(report.approve, national, publication.complete))
    reached("publication.before")
    ws.ledger.publication_made(publication)
    made = {where: dataclasses.replace(figures, reviewed=publication.reviewed) for where, figures in made.items()}
    return [begin(ws, publication, made, marts)]


def _moved(ws: Workspace, previous: Publication, made: Iterable[ReportFigures]) -> bool:
    """Whether a printed figure is another one than in the version before."""
    printed = {(row.mart, row.measure, row.span, row.filter): row.value for row in ws.ledger.figures(previous.id)}
    return any(
        printed.get((figure.mart, figure.measure, figure.span, tuple(figure.filter))) != figure.value
        for figures in made
        for figure in all_figures(figures)
    )


def completeness_moved(ws: Workspace, publication: Publication) -> bool:
    """Whether more, or less, of what is owed for a publication's days has come than it says."""
    span, table = publication.span, "ops.expectation"
    now = {(debt.source, debt.party, debt.day) for debt in ws.ledger.expectations(span=span) if debt.state in (*REPORTED, "waived")}
    if table not in publication.tables:
        return bool(now)
    pinned = ws.tables.read(table, publication.tables[table]).select(["source", "party", "business_date", "state"]).to_pylist()
    then = {
        (row["source"], row["party"], row["business_date"])
        for row in pinned
        if row["business_date"] in span and row["state"] in (*REPORTED, "waived")
    }
    return {debt for debt in now if debt[2] in span} != then


def _pinned(ws: Workspace, due: DueReport) -> Publication:
    tables = {table: version for table in ws.tables.names() if (version := ws.tables.version(table)) is not None}
    issued = ws.clock.now()
    earlier = ws.ledger.publications(due.report)
    same = [publication for publication in earlier if publication.span == due.span]
    identity = derived_id("publication", due.report, str(due.span), issued, tables)
    previous = earlier[-1].id if earlier else None
    return Publication(
        identity,
        due.report,
        len(same) + 1,
        due.span,
        issued,
        tables,
        previous,
        complete=_is_complete(ws, ws.tree.reports[due.report], due.span),
    )


def _is_complete(ws: Workspace, report: ReportFile, span: Span) -> bool:
    debts = [debt for debt in ws.ledger.expectations(span=span) if debt.day in span]
    done = [debt for debt in debts if debt.state in (*REPORTED, "waived")]
    required = set(report.ready_when.required)
    if any(debt.source in required and debt not in done for debt in debts):
        return False
    share = parse_share(report.ready_when.completeness)
    return not debts or Decimal(len(done)) / len(debts) >= share


def _auto_approved(approve: Approve | None, figures: ReportFigures, complete: bool) -> bool:
    if approve is None:
        return True
    auto = approve.auto
    if auto is None or (auto.complete and not complete):
        return False
    if sum(len(block.rows) for block in figures.blocks if isinstance(block, Holds)) > auto.holds:
        return False
    limit = auto.move_within
    if limit is None:
        return True
    moves = [
        comparison.change
        for block in figures.blocks
        if isinstance(block, Tiles)
        for figure in block.figures
        for comparison in figure.comparisons
        if comparison.against == limit.against
    ]
    return all(move is not None and abs(move) * 100 <= limit.percent for move in moves)


def marts_of(ws: Workspace, publication: Publication) -> Marts:
    """The publication's marts, to be asked once for all audiences."""
    columns = {table: ws.tables.schema(table).names for table in publication.tables if table.startswith("mart.")}
    audiences = audiences_of(ws, ws.tree.reports[publication.report])
    return Marts(ws.engine, columns, sorted({column for audience, _ in audiences for column, _ in audience.where}))


def figures_of(ws: Workspace, publication: Publication, audience: Audience, marts: Marts | None = None) -> ReportFigures:
    """The publication's figures for one audience; its tables must be open (``ws.open_pinned``)."""
    marts = marts or marts_of(ws, publication)
    restated: Sequence[RestatementRow] = ()
    if publication.previous:
        before = ws.ledger.publication(publication.previous)
        restated = restatements(
            ws.tree,
            marts,
            publication,
            before,
            where=audience.where,
            open_as=ws.open_as,
            behind=partial(_tables_behind, ws),
        )
    return FigureMaker(ws.tree, marts, publication, audience=audience, restated=restated).make()


def _tables_behind(ws: Workspace, mart: str, column: str) -> Collection[str]:
    """The clean tables that a mart's column is made of; none where the models do not have it any more."""
    return source_columns(ws.graph, mart, column) if mart in ws.graph.order and column in ws.graph.types(mart) else ()


def audiences_of(ws: Workspace, report: ReportFile) -> list[tuple[Audience, tuple[Lang, ...]]]:
    """Who gets what: each different row filter once, with the languages of its people.

    Raises:
        ManifestError: A mart of the report lacks the column by which a role's rows are chosen.
    """
    found: dict[Filter, set[Lang]] = {}
    for person, _, where in recipients_of(ws, report):
        found.setdefault(where, set()).update(report.languages if not where else [person.lang])
    named = []
    for where, languages in sorted(found.items() or {(): set(report.languages)}.items()):
        term = ws.tree.glossary.get(where[0][0]) if where else None
        name = term.values[where[0][1]].text if term and where[0][1] in term.values else Text(*[where[0][1]] * 2) if where else None
        named.append((Audience(where, name), tuple(lang for lang in report.languages if lang in languages)))
    return named


def recipients_of(ws: Workspace, report: ReportFile) -> list[tuple[Person, str, Filter]]:
    """The report's recipients: person, channel and the rows that each may see: what the role's filter AND the report's split leave.

    Raises:
        ManifestError: A mart lacks the column, or a person has no value of their own for it.
    """
    marts = sorted({spec.from_ for block in report.blocks for spec in (block.tiles, block.table, block.chart) if spec})
    columns = {mart: set(ws.graph.types(mart)) for mart in marts}
    found = []
    for send in report.send:
        for person in (person for person in ws.tree.roles.people if person.role == send.role):
            filters: set[tuple[str, str]] = set()
            for mart in marts:
                filters |= set(row_filter(ws.tree.roles, person, table=mart, columns=columns[mart]).items())
                if send.split and send.split not in columns[mart]:
                    raise ManifestError(f"{mart} has no column {send.split}, by which the report is split", where=f"{send.role}")
            if send.split:
                filters.add((send.split, _own(person, send.split)))
            found.append((person, send.via, tuple(sorted(filters))))
    return found


def _own(person: Person, column: str) -> str:
    own = person.own(column)
    if own is None or str(own) == "":
        raise ManifestError(f"{person.name} has no {column}, by which the report is split", where="roles.yml", fix=f"add {column}: to it")
    return str(own)


def begin(
    ws: Workspace, publication: Publication, made: Mapping[Filter, ReportFigures] | None = None, marts: Marts | None = None
) -> Issued:
    """Compute what a publication's files show and begin to set them; from then on its tables need not be open.

    Args:
        made: Figures that were computed already, by row filter.
        marts: What was asked already.
    """
    ws.open_pinned(publication)
    return Issued(publication, partial(_finish, ws, publication, _submitted(ws, publication, made, marts)))


def _finish(ws: Workspace, publication: Publication, pending: Pending, *, aside: bool = False) -> Publication:
    """Archive and hand over what a publication has not handed over yet; doing it twice changes nothing.

    Args:
        aside: The process goes on with other work meanwhile: the child does all the setting, and no progress is shown.
    """
    known = {output.name for output in ws.ledger.outputs(publication.id)}
    bodies: dict[tuple[str, Lang], MailBody] = {}
    archiving: list[tuple[Rendered, Future[ObjectRef]]] = []
    # A disk takes its time to say that an object is safe; meanwhile the next file is set.
    with ThreadPoolExecutor(1) as archive:
        for figures, rendered in gathered(ws.renderer, pending, lend=not aside):
            if rendered.body is not None:
                bodies[(rendered.audience, rendered.lang)] = rendered.body
            if rendered.name in known:
                continue
            if rendered.format == "json":
                ws.ledger.figures_recorded(publication.id, [FigureRow.of(figure, publication.id) for figure in all_figures(figures)])
            archiving.append((dataclasses.replace(rendered, content=b""), archive.submit(ws.objects.put, rendered.content)))
            _hand_over(ws.output / publication.report / str(publication.span), rendered)
            if not aside:
                ws.progress.step(rendered.name)
    outputs = [Output(publication.id, each.name, put.result().sha256, each.audience, each.lang, each.format) for each, put in archiving]
    ws.ledger.outputs_recorded(outputs)
    report = ws.tree.reports[publication.report]
    post(ws, publication, recipients_of(ws, report), bodies)
    return publication


def is_finished(ws: Workspace, publication: Publication) -> bool:
    """Whether a publication's files are archived and its messages are in the outbox."""
    report = ws.tree.reports[publication.report]
    roles = {send.role for send in report.send if send.via != "folder"} if "mail" in report.formats else set()
    addresses = {person.mail for person in ws.tree.roles.people if person.role in roles}
    return bool(ws.ledger.outputs(publication.id)) and len(ws.ledger.outbox(publication=publication.id)) >= len(addresses)


def _submitted(
    ws: Workspace, publication: Publication, made: Mapping[Filter, ReportFigures] | None = None, marts: Marts | None = None
) -> Pending:
    """Every file of a publication, figure sets first, on its way; a pure function of the pinned tables."""
    report = ws.tree.reports[publication.report]
    marts = marts or marts_of(ws, publication)
    pending: Pending = []
    for audience, languages in audiences_of(ws, report):
        figures = (made or {}).get(tuple(audience.where)) or figures_of(ws, publication, audience, marts)
        name = whose(audience.where)
        stem = f"{publication.report}_{publication.span}_v{publication.version}_{name}"
        archive = Rendered(f"{stem}.figures.json", "json", "en", name, canonical_json(figures).encode())
        jobs = [
            ws.renderer.submit(render_format, figures, form, lang, stem, name, only_there=needs_typesetting(form))
            for lang in languages
            for form in report.formats
        ]
        pending.append((figures, [archive], jobs))
    return pending


def all_figures(figures: ReportFigures) -> Iterator[Figure]:
    """Every figure of a report, each once."""
    seen: set[str] = set()
    for block in figures.blocks:
        own = (
            block.figures
            if isinstance(block, Tiles)
            else [f for row in block.rows for f in row.figures]
            if isinstance(block, TableBlock)
            else []
        )
        for figure in own:
            if figure.id not in seen:
                seen.add(figure.id)
                yield figure


def _hand_over(folder: Path, rendered: Rendered) -> None:
    """Write to the output folder under a temporary name first, so that nobody opens half a file."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{rendered.name}.part"
    temporary.write_bytes(rendered.content)
    temporary.replace(folder / rendered.name)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """One file made again: its new hash beside the archived one."""

    name: str
    archived: str
    rebuilt: str

    @property
    def same(self) -> bool:
        return self.archived == self.rebuilt


def rebuild(ws: Workspace, publication: Publication, folder: Path | None = None) -> list[Rebuilt]:
    """Make every file of a publication again from its pinned tables and compare it with what was archived.

    The archived bytes are not read: only their hashes are, from the ledger.

    Raises:
        IntegrityError: A pinned table version is no longer there.
    """
    ws.open_pinned(publication)
    archived = {output.name: output.sha256 for output in ws.ledger.outputs(publication.id)}
    if not archived:
        raise IntegrityError(f"publication {publication.id} has no archived outputs", fix="run taihu run to finish it")
    result = []
    for _, rendered in gathered(ws.renderer, _submitted(ws, publication)):
        if folder is not None:
            _hand_over(folder, rendered)
        result.append(Rebuilt(rendered.name, archived.get(rendered.name, ""), sha256_of(rendered.content)))
    return result
