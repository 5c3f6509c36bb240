"""Taihu: a China-aware lakehouse pipeline for a regional business-intelligence team."""

__version__ = "0.1.0"
