"""One engine on one table, in a process of its own.

    python -m benchmarks.automl.child ENGINE FOLDER SECONDS

It needs what the engine needs, NumPy, pandas and scikit-learn; the result is a line of JSON.
"""

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253 - a benchmark is a program of its own

from benchmarks.automl.catalogue import ENGINES
from benchmarks.automl.engines import Learnt
from benchmarks.automl.tables import Table, read

_MANY = 10_000
_LONGEST = 5.0  # seconds of asking for one row again and again


def measured(name: str, given: Table, budget: float) -> dict[str, Any]:
    """Return what became of an engine."""
    engine = ENGINES[name]
    for library in engine.libraries:
        import_module(library)
    engine.ready()
    start = time.perf_counter()
    learnt = engine.fit(given, budget)
    seconds = time.perf_counter() - start
    many = pd.concat([given.test] * (1 + _MANY // len(given.test))).iloc[:_MANY]
    return {
        "metric": given.metric,
        "score": _score(given, learnt.answer(given.test)),
        "seconds": round(seconds, 2),
        "over": round(seconds / budget - 1, 4) if engine.timed else None,
        "row_us": round(_median(learnt, learnt.request(given.test.iloc[:1]), 50) * 1e6, 1),
        "many_ms": round(_median(learnt, many, 3) * 1e3, 1),
        "size_kb": round(learnt.size() / 1e3, 1),
        "note": learnt.note,
    }


def _score(given: Table, found: Any) -> float:
    from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score

    actual = given.test[given.target]
    if given.kind == "regression":
        return float(np.sqrt(mean_squared_error(actual, found)))
    classes = sorted(set(given.train[given.target]))
    if given.kind == "binary":
        return float(roc_auc_score(actual == classes[1], found[:, 1]))
    return float(log_loss(actual, np.asarray(found, dtype=np.float64), labels=classes))


def _median(learnt: Learnt, rows: Any, times: int) -> float:
    taken: list[float] = []
    while len(taken) < times and (len(taken) < 3 or sum(taken) < _LONGEST):
        start = time.perf_counter()
        learnt.answer(rows)
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


if __name__ == "__main__":
    print(json.dumps(measured(sys.argv[1], read(Path(sys.argv[2])), float(sys.argv[3]))))
