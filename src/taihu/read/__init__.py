"""Bytes to rows of text with their positions, and the file's own totals reconciled; replayable, without network or clock."""

from taihu.read.isolated import read_blind, read_file

__all__ = ["read_blind", "read_file"]
