"""What holds of every further sender; what is special to one stands in its own file."""

from __future__ import annotations

import pytest

from taihu.demo.dates import MORNINGS
from taihu.demo.senders import SENDERS
from taihu.demo.senders.interface import Sender
from taihu.demo.setup import example_folder
from taihu.demo.world import World
from taihu.demo.writers import write
from taihu.manifest.tree import ProjectTree
from taihu.project.load import load_tree

_VIA = {"mail": {"mailbox"}, "sftp": {"sftp"}, "inbox": {"folder"}, "portal": {"portal"}}


@pytest.fixture(scope="module")
def tree() -> ProjectTree:
    return load_tree(example_folder())


@pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.source)
def test_the_example_receives_what_is_sent(sender: Sender, tree: ProjectTree) -> None:
    source = tree.sources[sender.source].file
    kind, _, place = sender.channel.partition("/")
    assert source.collect.via in _VIA[kind]
    assert str(source.collect.options.get("path", "")).endswith(place)
    assert set(tree.sources[sender.source].layouts) == {style.name for style in sender.styles.values()}


@pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.source)
def test_files_are_sent_in_every_style_under_names_of_their_own(sender: Sender, world: World) -> None:
    drafts = [draft for morning in MORNINGS for draft in sender.drafts(world.facts, morning)]
    assert {draft.style.name for draft in drafts} == set(sender.styles)
    assert all(draft.source == sender.source and draft.channel == sender.channel for draft in drafts)
    assert all((draft.envelope is not None) == (draft.channel == "mail") for draft in drafts)
    assert len({draft.name for draft in drafts}) == len(drafts)
    for draft in {draft.style.name: draft for draft in drafts}.values():
        assert write(draft) == write(draft)


@pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.source)
def test_the_truth_is_one_table_for_each_grain(sender: Sender, world: World) -> None:
    truth = sender.truth(world.facts)
    assert set(truth) == set(sender.grains)
    for table, cells in truth.items():
        assert cells
        assert {len(key) for key in cells} == {len(sender.grains[table])}
        assert sender.grains[table][0] == "business_date"
