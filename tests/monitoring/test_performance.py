import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from keepwell.core.records import Bundle, Estimate, ModelVersion, Signature, Task
from keepwell.monitoring.performance import measure_performance, severity


def version(task: Task, metric: str, **promised: Estimate) -> ModelVersion:
    classes = () if task is Task.REGRESSION else (0, 1)
    return ModelVersion(
        model="m",
        version=1,
        run="r",
        bundle=Bundle(files=()),
        signature=Signature(task=task, target="y", inputs=(), classes=classes),
        metric=metric,
        metrics=promised,
    )


def labelled(said: Any, true: Any, probabilities: Any = None) -> pa.Table:
    rows = len(said)
    return pa.table(
        {
            "time": np.arange(rows, dtype=float),
            "prediction": [json.dumps(one) for one in said],
            "outcome": [json.dumps(one) for one in true],
            "probabilities": pa.array(
                probabilities if probabilities is not None else [[]] * rows, pa.list_(pa.float64())
            ),
        }
    )


def right(share: float, rows: int, seed: int = 0) -> tuple[list[int], list[int]]:
    random = np.random.default_rng(seed)
    true = random.integers(0, 2, rows)
    said = np.where(random.random(rows) < share, true, 1 - true)
    return said.tolist(), true.tolist()


PROMISE = Estimate(value=0.85, low=0.83, high=0.87)


def test_a_fall_is_reported_in_words() -> None:
    seen = measure_performance(
        labelled(*right(0.7, 1000)), version(Task.BINARY, "accuracy", accuracy=PROMISE)
    )
    assert seen is not None
    assert seen.fell
    assert seen.shortfall == pytest.approx(0.85 - seen.value.value)
    assert seen.message.startswith("accuracy is 0.696 (0.6")
    assert seen.message.endswith("on 1,000 rows with a known outcome, 0.85 on the test rows")
    assert 0.5 < severity(seen) <= 1


def test_what_chance_explains_is_no_fall() -> None:
    promise = version(Task.BINARY, "accuracy", accuracy=PROMISE)
    falls = 0
    for seed in range(60):
        seen = measure_performance(labelled(*right(0.85, 200, seed)), promise)
        assert seen is not None
        falls += seen.fell
    assert falls == 0


def test_few_rows_decide_nothing() -> None:
    seen = measure_performance(
        labelled(*right(0.2, 60)), version(Task.BINARY, "accuracy", accuracy=PROMISE)
    )
    assert seen is not None
    assert not seen.fell
    assert measure_performance(labelled([], []), version(Task.BINARY, "accuracy")) is None


def test_probabilities_are_measured() -> None:
    said, true = right(0.8, 500)
    chances = [[0.3, 0.7] if one else [0.8, 0.2] for one in said]
    promise = Estimate(value=0.8, low=0.78, high=0.82)
    seen = measure_performance(
        labelled(said, true, chances), version(Task.BINARY, "roc_auc", roc_auc=promise)
    )
    assert seen is not None
    assert seen.metric == "roc_auc"
    assert {"accuracy", "f1", "log_loss"} <= seen.metrics.keys()


def test_another_metric_steps_in_where_the_rows_decide_nothing() -> None:
    promised = {"roc_auc": Estimate(value=0.9), "accuracy": PROMISE}
    seen = measure_performance(
        labelled([1] * 200, [1] * 200, [[0.1, 0.9]] * 200),
        version(Task.BINARY, "roc_auc", **promised),
    )
    assert seen is not None
    assert (seen.metric, seen.fell) == ("accuracy", False)


def test_errors_of_numbers_fall_upwards() -> None:
    random = np.random.default_rng(0)
    true = random.normal(100, 20, 800)
    promise = version(Task.REGRESSION, "rmse", rmse=Estimate(value=5.0, low=4.8, high=5.2))
    held = measure_performance(labelled((true + random.normal(0, 5, 800)).tolist(), true), promise)
    fell = measure_performance(labelled((true + random.normal(0, 8, 800)).tolist(), true), promise)
    assert held is not None
    assert fell is not None
    assert not held.fell
    assert fell.fell
    assert fell.shortfall == pytest.approx(3.0, abs=0.5)


def test_outcomes_that_mean_nothing_are_counted() -> None:
    promise = version(Task.BINARY, "accuracy", accuracy=PROMISE)
    seen = measure_performance(labelled([1, 0, 1], ["1", "zero", 1.0]), promise)
    assert seen is not None
    assert seen.unreadable == 1
    assert seen.value.value == pytest.approx(2 / 3), "another outcome was missed"
    numbers = measure_performance(
        labelled([1.0, 2.0], ["1", "much"]), version(Task.REGRESSION, "rmse")
    )
    assert numbers is not None
    assert (numbers.rows, numbers.unreadable) == (1, 1)


def test_mistakes_in_a_row_widen_the_interval() -> None:
    true = [1] * 600
    spread = [0 if row % 5 == 0 else 1 for row in range(600)]
    block = [0 if row < 120 else 1 for row in range(600)]
    promise = version(Task.BINARY, "accuracy", accuracy=PROMISE)
    seen = [measure_performance(labelled(said, true), promise) for said in (spread, block)]
    widths = [
        one.value.high - one.value.low for one in seen if one and one.value.high and one.value.low
    ]
    assert widths[1] > 3 * widths[0]
