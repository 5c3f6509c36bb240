from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.e2e.scan import scan

from taihu.demo.facts import simulate
from taihu.demo.samples import Sample, samples
from taihu.demo.senders import SENDERS, simulate_senders
from taihu.demo.setup import example_folder
from taihu.project.load import load_tree
from taihu.testing.samples import check_sample

ALL = list(samples())


@pytest.mark.parametrize("sample", ALL, ids=[sample.name for sample in ALL])
def test_the_example_reads_its_samples(sample: Sample) -> None:
    place = example_folder() / "sources" / sample.source / "samples" / sample.name
    assert place.read_bytes() == sample.content, "write them anew: python -c 'from taihu.demo.samples import *; write_samples(...)'"
    expectation = place.with_name(place.name + ".expected.json")
    assert json.loads(expectation.read_text(encoding="utf-8")) == sample.expected
    assert check_sample(load_tree(example_folder()), expectation) == []


def test_every_layout_has_its_sample() -> None:
    sources: Path = example_folder() / "sources"
    layouts = {(path.parent.parent.name, path.stem) for path in sources.glob("*/layouts/*.yml")}
    sampled = {(sample.source, table["layout"]) for sample in ALL for table in sample.expected["tables"]}
    assert layouts == sampled


def test_samples_name_nobody() -> None:
    """What stands outside the columns that are masked one by one, such as the drawer of an invoice, is masked too."""
    facts = simulate_senders(simulate(0), 0)
    personal = [sender.personal(facts) for sender in SENDERS]
    values = set[str]().union(*(one.numbers | one.unread_names for one in personal))
    assert len(values) > 20
    assert scan(example_folder() / "sources", values) == []
