"""What other programs make of daily series. Run by ``.venv-bench``: FILE with ``{name: values}``; prints ``{detector: {name: scores}}``.

Both get the logarithm. STL: its robust form with a week, residuals in robust standard deviations. ECOD (PyOD): level, step and
distance from the median of the last two weeks; its scores in robust standard deviations.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np


def stl(log: np.ndarray) -> np.ndarray:
    from statsmodels.tsa.seasonal import STL

    return deviations(STL(log, period=7, robust=True).fit().resid)


def ecod(log: np.ndarray) -> np.ndarray:
    from pyod.models.ecod import ECOD

    padded = np.concatenate([np.full(14, np.median(log[:14])), log])
    local = log - np.median(np.lib.stride_tricks.sliding_window_view(padded, 14)[: len(log)], axis=1)
    features = np.column_stack([log, np.diff(log, prepend=log[:1]), local])
    return deviations(ECOD().fit(features).decision_scores_)


def deviations(values: np.ndarray) -> np.ndarray:
    centred = values - np.median(values)
    return np.abs(centred) / max(1.4826 * float(np.median(np.abs(centred))), 1e-6)


if __name__ == "__main__":
    series = {name: np.log1p(np.asarray(values)) for name, values in json.loads(Path(sys.argv[1]).read_text()).items()}
    found = {detector.__name__: {name: detector(log).round(4).tolist() for name, log in series.items()} for detector in (stl, ecod)}
    print(json.dumps(found))
