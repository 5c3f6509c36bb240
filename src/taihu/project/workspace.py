"""The composition root: the one place that builds ledger, lake, engine, keys and connectors from a project's files.

Everything below is handed what it needs; a test or the demo opens a workspace with another clock or progress and runs the
same code.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from taihu.core.clock import Clock
from taihu.core.progress import Progress, Quiet
from taihu.manifest.tree import ProjectTree, Source
from taihu.manifest.words import parse_duration
from taihu.project.load import load_tree, place_in

if TYPE_CHECKING:
    import pyarrow as pa

    from taihu.china.calendar import Calendar
    from taihu.deliver.worker import Renderer
    from taihu.engine.interface import Engine
    from taihu.guard.keys import Keyring
    from taihu.guard.secrets import Secret
    from taihu.guard.vault import Vault
    from taihu.lake.objects import Objects
    from taihu.lake.tables import Tables
    from taihu.ledger import Ledger
    from taihu.ledger.records import Publication
    from taihu.model.graph import Graph

IN_MEMORY_ROWS = 200_000
# Trying one can take a second (7z, Office): more than these are not what a sender means.
MOST_PASSWORDS = 20
# Handing a small query to a second thread costs more than it saves (measured: 1.1 ms against 0.8 ms).
ONE_THREAD_ROWS = 2_000_000


@dataclass(slots=True)
class Workspace:
    """An opened project.

    Attributes:
        started_at: When the project was first run; what was due before is history.
        before_reading: Called with a table's name by :meth:`clean_rows`; who writes it meanwhile lets the reader wait.
    """

    root: Path
    tree: ProjectTree
    clock: Clock
    keyring: Keyring
    ledger: Ledger
    objects: Objects
    tables: Tables
    vault: Vault
    calendar: Calendar
    progress: Progress
    started_at: dt.datetime
    before_reading: Callable[[str], None] | None = None
    _engine: Engine | None = None
    _graph: Graph | None = None
    _renderer: Renderer | None = None
    _rows: dict[str, tuple[int, pa.Table]] = field(default_factory=dict)
    _viewed: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def engine(self) -> Engine:
        """The engine, started when it is first needed: a run that finds nothing new never starts it."""
        if self._engine is None:
            from taihu.engine.duckdb import DuckDBEngine

            rows = sum(self.tables.row_count(table) for table in self.tables.names())
            small = rows < ONE_THREAD_ROWS
            self._engine = DuckDBEngine(threads=1 if small else max(os.cpu_count() or 1, 2), small=small)
        return self._engine

    @property
    def renderer(self) -> Renderer:
        """The child process that sets reports, started when it is first needed."""
        if self._renderer is None:
            from taihu.deliver.worker import Renderer

            self._renderer = Renderer()
        return self._renderer

    @property
    def graph(self) -> Graph:
        """The models' graph, parsed when it is first needed.

        Raises:
            ManifestError: A model or a rule is wrong, or a report asks a mart for what it does not have; with file and line.
        """
        if self._graph is None:
            from taihu.model.graph import Graph
            from taihu.model.measures import check_reports
            from taihu.model.rules import check_conditions

            def place(file: str, keys: tuple[str | int, ...]) -> str:
                return place_in(self.root, file, keys)

            graph = Graph(self.tree)
            check_conditions(self.tree, place)
            check_reports(graph, place)
            self._graph = graph
        return self._graph

    @property
    def is_checked(self) -> bool:
        """Whether this process has parsed the models already and compared the reports with them."""
        return self._graph is not None

    @property
    def output(self) -> Path:
        return self.root / self.tree.file.output

    # secrets ---------------------------------------------------------------------------------------------------------

    def secret(self, reference: str) -> Secret:
        """The secret behind a reference of ``taihu.yml``."""
        from taihu.guard.secrets import resolve

        return resolve(reference, base=self.root, keyring=self.keyring)

    def passwords(self, source: Source, received_at: dt.datetime | None = None) -> list[str]:
        """Passwords of archives and workbooks, in the order in which they are tried: the source's own, its account's, and those
        that came by mail near ``received_at``, the nearest first.
        """
        account = self.tree.file.accounts.get(source.file.collect.account or "")
        references = [*source.file.read.passwords, *(account.passwords if account else ())]
        found = [self.secret(reference).reveal() for reference in references]
        rule = source.file.read.password_from
        if rule is not None and received_at is not None:
            within = parse_duration(rule.within)
            apart = [(abs(note.received_at - received_at), note) for note in self.ledger.password_notes(source.name)]
            near = sorted((each for each in apart if each[0] <= within), key=lambda each: each[0])
            found += [password for _, note in near for password in note.passwords][:MOST_PASSWORDS]
        return list(dict.fromkeys(found))

    # tables ------------------------------------------------------------------------------------------------------------

    def clean_rows(self, table: str) -> pa.Table:
        """Current rows of a small table (a reference); an empty table without columns if it does not exist yet."""
        import pyarrow as pa

        if self.before_reading is not None:
            self.before_reading(table)
        if not self.tables.exists(table):
            return pa.table({})
        version = self.tables.version(table)
        known = self._rows.get(table)
        if known is None or known[0] != version:
            known = self._rows[table] = (version, self.tables.read(table))
        return known[1]

    def forget(self, table: str) -> None:
        """Drop what is remembered of a table that has a new version."""
        self._rows.pop(table, None)

    def view_clean(self, table: str) -> None:
        """Offer the newest version of a table to the engine under its own name."""
        self.open_as(table, table, self.tables.version(table))

    def open_as(self, name: str, table: str, version: int) -> None:
        """Offer a pinned version of a table to the engine under ``name``; small ones are held in memory."""
        if self._viewed.get(name) == (table, version):
            return
        if self.tables.row_count(table, version) <= IN_MEMORY_ROWS:
            self.engine.register(name, self.tables.read(table, version))
        else:
            self.engine.view_files(name, self.tables.files(table, version), self.tables.schema(table, version))
        self._viewed[name] = (table, version)

    def open_pinned(self, publication: Publication) -> None:
        """Offer all marts and operational tables as a publication pins them."""
        for table, version in publication.tables.items():
            if table.startswith(("mart.", "ops.")):
                self.open_as(table, table, version)

    def write_if_changed(self, table: str, data: pa.Table) -> bool:
        """Replace a small table unless it holds exactly these rows already."""
        if self.tables.exists(table):
            before = self.tables.version(table)
            return self.tables.replace(table, data) != before
        self.tables.replace(table, data)
        return True

    def rest(self) -> None:
        """End the processes that read files and set reports, and give back their memory; they start again when they are needed."""
        from taihu.guard.children import shared_child

        shared_child().close()
        if self._renderer is not None:
            self._renderer.close()

    def close(self) -> None:
        """Give back everything that is open."""
        self.vault.close()
        self.ledger.close()
        if self._renderer is not None:
            self._renderer.close()
        if self._engine is not None:
            self._engine.close()


@contextmanager
def open_workspace(root: Path, clock: Clock, *, progress: Progress | None = None, passphrase: Secret | None = None) -> Iterator[Workspace]:
    """Open the project in ``root``; its keyring, ledger and lake are made when they are not there yet.

    Raises:
        ManifestError: A file of the project is wrong, or the keyring lies inside the lake.
    """
    from taihu.guard.envelope import Envelope
    from taihu.guard.keys import Keyring
    from taihu.guard.seal import Sealer
    from taihu.guard.vault import Vault
    from taihu.lake.objects import Objects
    from taihu.lake.tables import Tables
    from taihu.ledger import Ledger
    from taihu.project.calendars import calendar_of

    root = root.resolve()
    tree = load_tree(root)
    lake = root / tree.file.lake
    keys = root / tree.file.keys.removeprefix("file:")
    keyring = Keyring.open(keys, passphrase=passphrase, create=True, outside=lake)
    ledger = Ledger.open(_ledger_url(root, tree.file.ledger), sealer=Sealer(keyring), clock=clock)
    ws = Workspace(
        root=root,
        tree=tree,
        clock=clock,
        keyring=keyring,
        ledger=ledger,
        objects=Objects(lake / "objects", Envelope(keyring)),
        tables=Tables(lake / "tables"),
        vault=Vault(root / "vault" / "vault.sqlite", keyring),
        calendar=calendar_of(root, tree.file.calendar),
        progress=progress or Quiet(),
        started_at=_started_at(ledger, clock),
    )
    try:
        yield ws
    finally:
        ws.close()


def _ledger_url(root: Path, url: str) -> str:
    """A relative SQLite path is relative to the project, not to where the command was called."""
    prefix = "sqlite:///"
    return f"{prefix}{root / url.removeprefix(prefix)}" if url.startswith(prefix) else url


def _started_at(ledger: Ledger, clock: Clock) -> dt.datetime:
    """When the project first ran; before that, now."""
    first = ledger.outcomes(step="start", subject="project")
    return first[0].at if first else clock.now()
