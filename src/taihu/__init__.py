"""Taihu: a China-aware lakehouse pipeline for a regional business-intelligence team."""

import os

# Matrices are small here: threads of numpy only wait for each other, and cost ten times what they give. It reads this once, on import.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
