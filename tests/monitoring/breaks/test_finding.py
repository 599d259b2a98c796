"""From the log to what broke: newest rows beside those of before."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from keepwell.core.identifiers import new_id
from keepwell.core.ports import TableStore
from keepwell.core.records import (
    Bundle,
    Column,
    ColumnType,
    Field,
    ModelVersion,
    Prediction,
    Profile,
    Signal,
    Signature,
    Task,
)
from keepwell.core.spec import MonitorSpec
from keepwell.data.profiles import profile_table
from keepwell.monitoring.breaks import without_symptoms
from keepwell.monitoring.monitor import look
from keepwell.monitoring.prediction_log import PredictionLog
from keepwell.monitoring.prediction_log.schema import PREDICTIONS, prediction_table

NOW = 1_800_000_000.0
COLUMNS = [
    Column(name="age", type=ColumnType.NUMBER),
    Column(name="weekday", type=ColumnType.NUMBER),
    Column(name="carrier", type=ColumnType.CATEGORY),
]
Rows = dict[str, list[Any]]


def world(count: int, seed: int) -> Rows:
    random = np.random.default_rng(seed)
    return {
        "age": random.gamma(4, 1.5, count).tolist(),
        "weekday": random.integers(0, 7, count).astype(float).tolist(),
        "carrier": random.choice(["Swift", "Oak", "Harbour"], count).tolist(),
    }


PROFILE: Profile = profile_table(pa.table(world(5000, 0)), COLUMNS)
VERSION = ModelVersion(
    model="boxes",
    version=1,
    run="r",
    bundle=Bundle(files=()),
    signature=Signature(
        task=Task.BINARY,
        target="spoiled",
        inputs=tuple(Field(name=one.name, type=one.type) for one in COLUMNS),
        classes=("no", "yes"),
    ),
    metric="accuracy",
    importance={"age": 0.7, "weekday": 0.1, "carrier": 0.2},
)
Serve = Callable[..., None]
See = Callable[[], list[tuple[str, str]]]


@pytest.fixture
def serve(tables: TableStore) -> Serve:
    """Log rows, one a second, up to some seconds ago."""

    def serve(rows: Rows, ago: float = 0.0) -> None:
        count = len(rows["age"])
        made = []
        for at in range(count):
            time = NOW - ago - count + at
            made.append(
                Prediction(
                    id=new_id(time),
                    time=time,
                    endpoint="boxes",
                    model="boxes",
                    version=1,
                    role="champion",
                    request="",
                    key="",
                    inputs=json.dumps({name: rows[name][at] for name in rows}),
                    prediction='"no"',
                    probabilities=(0.9, 0.1),
                    latency_ms=1.0,
                )
            )
        tables.write(PREDICTIONS, prediction_table(made))

    return serve


@pytest.fixture
def see(log: PredictionLog) -> See:
    """Look at the last hour, and return what is damaged, and how."""

    def see() -> list[tuple[str, str]]:
        report = look(
            log,
            endpoint="boxes",
            version=VERSION,
            profile=PROFILE,
            spec=MonitorSpec(window_seconds=3600.0),
            now=NOW,
        )
        return [(one.column, one.damage) for one in report.signals if one.kind == "quality"]

    return see


def test_another_unit_is_seen_though_half_of_the_window_is_sound(serve: Serve, see: See) -> None:
    serve(world(300, 1), ago=300)
    broken = world(300, 2)
    broken["age"] = [value * 1000 for value in broken["age"]]
    serve(broken)
    assert see() == [("age", "unit")], "that it is out of range goes without saying"


def test_a_column_that_stands_still_is_seen(serve: Serve, see: See) -> None:
    serve(world(900, 1), ago=7200)
    stuck = world(400, 2)
    stuck["age"] = [5.5] * 400
    stuck["carrier"] = ["none"] * 400
    serve(stuck)
    assert sorted(see()) == [("age", "constant"), ("carrier", "constant")]


def test_what_stood_still_before_is_not_broken(serve: Serve, see: See) -> None:
    for hours in range(1, 8):
        calm = world(120, hours)
        calm["weekday"] = [float(hours % 3)] * 120
        serve(calm, ago=hours * 3600.0 + 600)
    now = world(300, 9)
    now["weekday"] = [4.0] * 300
    serve(now)
    assert see() == []


def test_without_a_past_nobody_knows_whether_it_ever_moved(serve: Serve, see: See) -> None:
    stuck = world(400, 2)
    stuck["age"] = [5.5] * 400
    serve(stuck)
    assert see() == []


def test_a_new_category_and_a_moved_mean_are_the_world(serve: Serve, see: See) -> None:
    serve(world(900, 1), ago=7200)
    moved = world(400, 2)
    moved["age"] = [value + 4 for value in moved["age"]]
    moved["carrier"] = ["Comet" if at % 3 == 0 else one for at, one in enumerate(moved["carrier"])]
    serve(moved)
    assert see() == [("carrier", "unseen")]


def test_where_most_columns_moved_it_is_another_population(serve: Serve, see: See) -> None:
    other = world(400, 2)
    other["age"] = [value * 1000 for value in other["age"]]
    other["weekday"] = [6.0 if at % 3 else 5.0 for at in range(400)]
    other["carrier"] = ["Swift" if at % 9 else "Oak" for at in range(400)]
    serve(other)
    assert ("age", "unit") not in see()


def test_symptoms_are_left_out_and_other_damage_is_not() -> None:
    def damage(column: str, kind: str) -> Signal:
        return Signal(
            kind="quality", endpoint="boxes", version=1, value=0.5, limit=0.05, severity=0.5,
            message="", column=column, damage=kind,
        )  # fmt: skip

    broke = damage("age", "unit")
    others = [damage("age", "missing"), damage("carrier", "outside")]
    assert without_symptoms([damage("age", "outside"), *others], [broke]) == [*others, broke]
