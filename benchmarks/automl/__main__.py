"""Engines side by side: the same rows, the same seconds, one process for each engine and data set.

    python -m benchmarks.automl                                  # all, 60 seconds each
    python -m benchmarks.automl --budget 10 --tables iris wine --engines keepwell lightgbm

Printed: score, mean rank, wall time over the budget, peak memory, one-row and 10k-row latency. Engines
without a budget (default LightGBM, CatBoost, histogram boosting) take what they take.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253 - a benchmark is a program of its own

from benchmarks.automl.engines import Answer, engines
from benchmarks.automl.tables import Table, names, table

_MANY = 10_000


def main() -> int:
    """Run what was asked for and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--tables", nargs="*", default=names())
    parser.add_argument("--engines", nargs="*", default=list(engines()))
    parser.add_argument("--one", nargs=2, metavar=("ENGINE", "TABLE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(_measured(asked.one[0], table(asked.one[1]), asked.budget)))
        return 0
    results = [
        _apart(engine, name, asked.budget) for name in asked.tables for engine in asked.engines
    ]
    _print(results, asked.budget)
    return int(any("error" in result for result in results))


def _apart(engine: str, name: str, budget: float) -> dict[str, Any]:
    words = ["--one", engine, name, "--budget", str(budget)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.automl", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    found = (
        json.loads(lines[-1]) if lines and not done.returncode else {"error": done.stderr[-400:]}
    )
    result = {"engine": engine, "table": name, **found}
    print(result, flush=True)
    return result


def _measured(engine: str, given: Table, budget: float) -> dict[str, Any]:
    for library in ("pyarrow", "lightgbm", "sklearn.compose", "sklearn.linear_model", "optuna"):
        import_module(library)  # whoever needs it: the budget is for learning
    start = time.perf_counter()
    answer = engines()[engine](given, budget)
    seconds = time.perf_counter() - start
    many = pd.concat([given.test] * (1 + _MANY // len(given.test))).iloc[:_MANY]
    request = getattr(answer, "request", lambda frame: frame)
    peak = sum(
        resource.getrusage(whose).ru_maxrss
        for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {
        "metric": given.metric,
        "score": _score(given, answer),
        "seconds": round(seconds, 2),
        "over": round(seconds / budget - 1, 3),
        "peak_mb": round(peak / 1024),
        "row_us": round(_median(answer, request(given.test.iloc[:1]), 50) * 1e6),
        "many_ms": round(_median(answer, many, 3) * 1e3, 1),
    }


def _score(given: Table, answer: Answer) -> float:
    from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score

    found, actual = answer(given.test), given.test[given.target]
    if given.kind == "regression":
        return float(np.sqrt(mean_squared_error(actual, found)))
    if given.kind == "binary":
        return float(roc_auc_score(actual == sorted(set(actual))[1], found[:, 1]))
    return float(log_loss(actual, found, labels=sorted(set(given.train[given.target]))))


def _median(answer: Answer, rows: Any, times: int) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        answer(rows)
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


def _print(results: list[dict[str, Any]], budget: float) -> None:
    frame = pd.DataFrame([result for result in results if "error" not in result])
    if frame.empty:
        return
    better = frame["score"].where(frame["metric"] == "roc_auc", -frame["score"])
    frame["rank"] = better.groupby(frame["table"]).rank(ascending=False)
    print(f"\nscores, {budget:g}s each")
    print(frame.pivot_table(index="table", columns="engine", values="score").round(4).to_string())
    shown = ["rank", "seconds", "over", "peak_mb", "row_us", "many_ms"]
    print("\nmeans over the tables (rank: 1 is best)")
    print(frame.groupby("engine")[shown].mean().round(2).sort_values("rank").to_string())


if __name__ == "__main__":
    sys.exit(main())
