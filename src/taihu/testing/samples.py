"""Samples: files that a source has to read as somebody once said is right.

``sources/NAME/samples/FILE`` stands beside ``FILE.expected.json``. Only what the expectation states is compared, so it can be as
short as the number of rows; :func:`taihu.read.reading.reading` shows everything that can be stated, and :func:`taihu.project.typing.typed`
what can be stated under ``typed`` of the rows that the source's columns make of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from taihu.manifest.tree import ProjectTree, Source
from taihu.project.typing import typed
from taihu.read.reading import reading

EXPECTED = ".expected.json"


def differences(expected: Any, actual: Any, place: str = "") -> Iterator[str]:
    """Where ``actual`` is not what ``expected`` states; keys that are not stated are not compared."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for key, value in expected.items():
            if key not in actual:
                yield f"{place}.{key}".lstrip(".") + ": is not there"
            else:
                yield from differences(value, actual[key], f"{place}.{key}".lstrip("."))
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for number, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(one, other, f"{place}[{number}]")
    elif expected != actual:
        yield f"{place}: expected {expected!r}, got {actual!r}"


def project_of(path: Path) -> Path | None:
    """The project folder above a path."""
    return next((folder for folder in path.resolve().parents if (folder / "taihu.yml").is_file()), None)


def source_of(tree: ProjectTree, sample: Path) -> Source | None:
    """The source whose ``samples`` folder a file lies in."""
    return tree.sources.get(sample.parent.parent.name)


def check_sample(tree: ProjectTree, expectation: Path) -> list[str]:
    """Read a sample and compare it with its expectation.

    Returns:
        The differences; empty when the source reads the file as stated.
    """
    from taihu.collect import stated_beside
    from taihu.read import read_file, with_stated

    sample = expectation.with_name(expectation.name.removesuffix(EXPECTED))
    source = source_of(tree, sample)
    if source is None:
        return [f"{sample.parent.parent.name}: no such source in the project"]
    if not sample.is_file():
        return [f"{sample.name}: the sample is not there"]
    expected = json.loads(expectation.read_text(encoding="utf-8"))
    passwords = expected.pop("passwords", [])
    file = read_file(sample.read_bytes(), sample.name, read=source.file.read, layouts=source.layouts, passwords=passwords)
    stated = stated_beside(sample, source)
    file = with_stated(file, stated) if stated else file
    found = reading(file)
    if "typed" in expected:
        found["typed"] = typed(file, source.file, tree.file.time_zone)
    return list(differences(expected, found))
