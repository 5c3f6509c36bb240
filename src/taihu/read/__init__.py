"""Bytes to rows of text with their positions, and the file's own totals reconciled; replayable, without network or clock."""

from taihu.read.blind import read_blind
from taihu.read.file import read_file

__all__ = ["read_blind", "read_file"]
