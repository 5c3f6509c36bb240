"""Source keys of products, parties and stores to golden ids, as map tables that say who decided."""

from taihu.match.maps import UNKNOWN, Golden, KeyColumn, golden_tables, key_columns, update_maps

__all__ = ["UNKNOWN", "Golden", "KeyColumn", "golden_tables", "key_columns", "update_maps"]
