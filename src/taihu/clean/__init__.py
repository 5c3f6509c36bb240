"""Typing by contract: text in, typed columns out, refused values named by code and place."""

from taihu.clean.personal import personal_form
from taihu.clean.table import Cleaned, clean_schema, clean_table

__all__ = ["Cleaned", "clean_schema", "clean_table", "personal_form"]
