"""Source keys of products, parties and stores to golden ids, as map tables that say who decided."""

from taihu.match.described import Described, described, kind_of, read_records
from taihu.match.maps import Golden, KeyColumn, golden_tables, key_columns, update_maps

__all__ = [
    "Described",
    "Golden",
    "KeyColumn",
    "described",
    "golden_tables",
    "key_columns",
    "kind_of",
    "read_records",
    "update_maps",
]
