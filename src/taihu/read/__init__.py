"""Bytes to rows of text with their positions, and the file's own totals reconciled; replayable, without network or clock."""

from taihu.read.beside import with_stated
from taihu.read.isolated import cells_in, look_at, read_blind, read_file

__all__ = ["cells_in", "look_at", "read_blind", "read_file", "with_stated"]
