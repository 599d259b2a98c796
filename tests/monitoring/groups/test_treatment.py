import json

import numpy as np
import pyarrow as pa
import pytest

from keepwell.core.records import Bundle, ColumnType, Estimate, Field, ModelVersion, Signature, Task
from keepwell.monitoring.groups import GroupPoint, Watched, measure_groups, verdict

NUMBERS = ModelVersion(
    model="m",
    version=1,
    run="r",
    bundle=Bundle(files=()),
    signature=Signature(
        task=Task.REGRESSION,
        target="y",
        inputs=(Field(name="where", type=ColumnType.CATEGORY, categories=("town", "land")),),
    ),
    metric="rmse",
)


def rows(number: int) -> pa.Table:
    random = np.random.default_rng(0)
    land = random.random(number) < 0.5
    said = np.where(land, 10.0, 12.0) + random.normal(0, 1, number)
    true = said + random.normal(0, 1, number) * np.where(land, 3.0, 1.0)
    return pa.table(
        {
            "prediction": [json.dumps(one) for one in said.tolist()],
            "probabilities": pa.array([[]] * number, pa.list_(pa.float64())),
            "inputs": [json.dumps({"where": "land" if one else "town"}) for one in land],
            "outcome": [json.dumps(one) for one in true.tolist()],
        }
    )


def test_numbers_are_compared_by_their_means_and_errors() -> None:
    table = rows(800)
    point = measure_groups(table, table, version=NUMBERS, column="where", since=0, until=1)
    assert point.gaps["mean_prediction"].value == pytest.approx(2.0, abs=0.25)
    assert point.gaps["mae"].value == pytest.approx(2 * np.sqrt(2 / np.pi), abs=0.35)
    assert {group.name for group in point.groups} == {"town", "land"}


def test_before_outcomes_only_the_answers_are_compared() -> None:
    table = rows(400)
    point = measure_groups(
        table, table.slice(0, 0), version=NUMBERS, column="where", since=0, until=1
    )
    assert set(point.gaps) == {"mean_prediction"}
    assert all(group.mae is None for group in point.groups)


def gap(metric: str, value: float, low: float, high: float) -> GroupPoint:
    found = {metric: Estimate(value=value, low=low, high=high)}
    return GroupPoint(since=0, until=1, version=1, column="where", predictions=500, gaps=found)


@pytest.mark.parametrize(
    ("metric", "estimate", "breach"),
    [
        ("selection_rate", (0.3, 0.2, 0.4), True),
        ("selection_rate", (0.15, 0.05, 0.25), False),
        ("disparate_impact", (0.6, 0.5, 0.7), True),
        ("disparate_impact", (0.85, 0.8, 0.95), False),
    ],
)
def test_a_gap_is_too_wide_if_its_whole_interval_is(
    metric: str, estimate: tuple[float, float, float], breach: bool
) -> None:
    watched = Watched(column="where", metric=metric, max_gap=0.1)
    signal = verdict(gap(metric, *estimate), watched, endpoint="shop")
    assert (signal is not None) is breach
    if signal is not None:
        assert signal.column == "where"
        assert signal.limit == 0.1


def test_without_a_limit_nothing_is_too_wide() -> None:
    watched = Watched(column="where")
    assert verdict(gap("selection_rate", 0.9, 0.8, 1.0), watched, endpoint="shop") is None
