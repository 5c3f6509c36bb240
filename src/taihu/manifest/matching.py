"""Which domains are matched by resemblance, and as what: known from the project's files alone."""

from __future__ import annotations

from typing import Literal

from taihu.manifest.tree import ProjectTree

DescribedKind = Literal["party", "product"]
# What sources may say of a key (``describes: store.name``), by kind of thing.
ATTRIBUTES: dict[DescribedKind, tuple[str, ...]] = {
    "party": ("name", "uscc", "address", "phone"),
    "product": ("name", "barcode", "spec", "brand"),
}


def described_kinds(tree: ProjectTree) -> dict[str, DescribedKind]:
    """The kind of every domain that some source describes: products where a barcode, a specification or a brand is said."""
    said: dict[str, set[str]] = {}
    for source in tree.sources.values():
        for column in source.file.columns.values():
            if column.describes:
                domain, _, attribute = column.describes.partition(".")
                said.setdefault(domain, set()).add(attribute)
    only_products = set(ATTRIBUTES["product"]) - set(ATTRIBUTES["party"])
    return {domain: "product" if attributes & only_products else "party" for domain, attributes in said.items()}
