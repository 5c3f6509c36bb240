"""Adding a connector touches one module, one registry line and one test class: counted here, and done once by another package."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from taihu.collect import Connector
from taihu.collect.registry import CONNECTORS

ROOT = Path(__file__).resolve().parents[3]
SOURCE = ROOT / "src" / "taihu"
# The portal's recipe is a file of the project of its own: who reads it, shows it and judges what came by it names the portal.
OF_THE_RECIPE = {"portal": {"project/load.py", "run/portals.py", "run/postconditions.py"}}
MODULE = '''
"""Notes: one file with a note a line."""

from collections.abc import Container, Iterator

from pydantic import Field

from taihu.collect import Connector, Health
from taihu.core.errors import NotFound
from taihu.core.ids import derived_id
from taihu.core.types import Fetched, Item, Span, Text
from taihu.manifest.strict import Frozen


class NotesOptions(Frozen):
    """Where the notes are."""

    file: str = Field(description="File", examples=["notes.txt"])


class NotesConnector(Connector):
    """Each line is an item."""

    title = Text("便条", "Notes")
    Options = NotesOptions
    options: NotesOptions

    def discover(self, cursor: str | None, known: Container[str], span: Span | None = None) -> Iterator[Item]:
        path = self.around.root / self.options.file
        self._lines = {}
        for number, line in enumerate(path.read_bytes().splitlines() if path.exists() else ()):
            key = derived_id("note", number, line.hex())
            self._lines[key] = line
            if key not in known:
                yield Item(key, f"{number}.csv")

    def fetch(self, item: Item) -> Fetched:
        if item.key not in self._lines:
            raise NotFound("no such note")
        return Fetched(item, self._lines[item.key].replace(b"|", b"\\n"))

    def probe(self) -> Health:
        return Health(True, "notes")
'''
TEST = """
from dataclasses import dataclass

import pytest
from tests.contract.connector.contract import ConnectorContract, World, source_file

from taihu.manifest.tree import Source


@dataclass
class NotesWorld(World):
    has_server: bool = False
    has_login: bool = False
    account = None

    @property
    def source(self):
        return Source("notes", "sources/notes", source_file({"via": "notes", "file": "notes.txt"}))

    def put(self, number):
        with (self.root / "notes.txt").open("ab") as file:
            file.write(b"a,b|%d,x|" % number + b"\\n")
        return b"a,b\\n%d,x\\n" % number


class TestNotes(ConnectorContract):
    sampled_faults = ("disk_full",)

    @pytest.fixture
    def world(self, tmp_path):
        yield NotesWorld(tmp_path)
"""
PROJECT = {
    "taihu.yml": "name: notes\ntitle: {zh: 便条, en: Notes}\nentities: {cn: {currency: CNY}}\n",
    "sources/notes/source.yml": """\
title: {zh: 便条, en: Notes}
owner: bi
purpose: test
retention: 1 month
entity: cn
collect:
  via: notes
  file: notes.txt
load: append
columns: {a: text, b: text}
""",
    "notes.txt": "a,b|1,x\na,b|2,x\n",
}


def test_another_package_adds_a_connector(tmp_path: Path) -> None:
    """A module, a line that registers it, a test class: then the whole contract holds and a project can name it."""
    (tmp_path / "notes_connector.py").write_text(MODULE, encoding="utf-8")
    about = tmp_path / "notes_connector-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: notes-connector\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[taihu.connectors]\nnotes = notes_connector:NotesConnector\n")
    (tmp_path / "test_notes.py").write_text(TEST, encoding="utf-8")
    (tmp_path / "conftest.py").write_text("from tests.contract.connector.conftest import pytest_generate_tests  # noqa: F401\n")
    for name, text in PROJECT.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (tmp_path, ROOT / "src", ROOT)))}
        command = [sys.executable, "-m", *arguments]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    tested = call("pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(tmp_path), "test_notes.py")
    assert tested.returncode == 0, tested.stdout[-3000:] + tested.stderr[-2000:]
    passed = re.search(r"(\d+) passed", tested.stdout)
    assert passed is not None and int(passed[1]) >= 10
    run = call("taihu", "run", "-p", "project", "--no-reports", "--json")
    assert '"notes": 2' in run.stdout, run.stdout + run.stderr
    path = tmp_path / "project" / "sources" / "notes" / "source.yml"
    path.write_text(path.read_text().replace("  file:", "  fil:"))
    wrong = call("taihu", "run", "-p", "project")
    assert wrong.returncode == 2 and "source.yml:8" in wrong.stderr, "its options are checked, with the line"


def _class_of(name: str) -> type[Connector]:
    module, _, attribute = CONNECTORS[name].partition(":")
    found: type[Connector] = getattr(importlib.import_module(module), attribute)
    return found


def _tested() -> set[str]:
    """The ``via:`` of every world of the contract suite, as its source names it."""
    found = set()
    for path in Path(__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        if not any("Contract" in ast.unparse(base) for node in classes for base in node.bases):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                found |= {ast.literal_eval(value) for key, value in pairs if _text(key) == "via" and _text(value)}
            elif isinstance(node, (ast.AnnAssign, ast.Assign)) and node.value is not None and _text(node.value):
                targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
                found |= {_text(node.value) for target in targets if ast.unparse(target).split(".")[-1] == "via"}
            elif isinstance(node, ast.keyword) and node.arg == "via" and _text(node.value):
                found.add(_text(node.value))
    return found


def _text(node: ast.AST | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


@pytest.mark.parametrize("name", CONNECTORS)
def test_a_connector_is_one_module_one_line_and_at_least_one_test_class(name: str) -> None:
    kind = _class_of(name)
    assert issubclass(kind, Connector)
    assert sum(place == CONNECTORS[name] for place in CONNECTORS.values()) == 1
    assert Path(inspect.getfile(kind)).parent == SOURCE / "collect"
    assert kind.title.zh and kind.title.en
    if kind.is_polled:
        assert name in _tested(), "no subclass of ConnectorContract brings a world of it"


def test_nobody_else_asks_which_connector_it_is() -> None:
    """Outside ``collect/`` and the demo's world nothing is decided by the name of a connector."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE).as_posix()
        if place.startswith(("collect/", "demo/")):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Compare):
                continue
            sides = [node.left, *node.comparators]
            names = {_text(side) for side in sides} & set(CONNECTORS)
            asks = any("collect.via" in ast.unparse(side) or "get('via')" in ast.unparse(side) for side in sides)
            if asks and names and not all(place in OF_THE_RECIPE.get(name, set()) for name in names):
                found[f"{place}:{node.lineno}"] = names
    assert found == {}
