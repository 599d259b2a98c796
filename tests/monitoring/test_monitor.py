import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from keepwell.core.identifiers import new_id
from keepwell.core.ports import TableStore
from keepwell.core.records import (
    Bundle,
    Column,
    ColumnType,
    Estimate,
    Field,
    ModelVersion,
    Outcome,
    Prediction,
    Profile,
    Signature,
    Task,
)
from keepwell.core.spec import MonitorSpec
from keepwell.data.profiles import profile_table
from keepwell.infrastructure.codec import from_plain, to_plain
from keepwell.monitoring.monitor import look
from keepwell.monitoring.prediction_log import PredictionLog
from keepwell.monitoring.prediction_log.schema import (
    OUTCOMES,
    PREDICTIONS,
    outcome_table,
    prediction_table,
)
from keepwell.monitoring.report import Report
from keepwell.monitoring.service import Traffic

NOW = 1_800_000_000.0
SPEC = MonitorSpec(window_seconds=3600.0)
PLANS = ["basic", "fiber", "none"]

COLUMNS = [
    Column(name="tenure", type=ColumnType.NUMBER),
    Column(name="charge", type=ColumnType.NUMBER),
    Column(name="plan", type=ColumnType.CATEGORY),
    Column(name="senior", type=ColumnType.BOOLEAN),
    Column(name="since", type=ColumnType.DATETIME),
    Column(name="prediction", type=ColumnType.CATEGORY),
]

World = dict[str, list[Any]]


def world(rows: int, seed: int) -> World:
    """Draw rows of a world in which a short tenure makes people leave."""
    random = np.random.default_rng(seed)
    tenure = random.gamma(2, 16, rows).round(1)
    leaves = random.random(rows) < 1 / (1 + np.exp((tenure - 20) / 6))
    return {
        "tenure": tenure.tolist(),
        "charge": random.normal(65, 30, rows).round(2).tolist(),
        "plan": random.choice(PLANS, rows, p=[0.5, 0.4, 0.1]).tolist(),
        "senior": (random.random(rows) < 0.2).tolist(),
        "since": [f"2020-01-{1 + row % 28:02d}T00:00:00Z" for row in range(rows)],
        "outcome": np.where(leaves, "Yes", "No").tolist(),
    }


def predict(rows: World) -> list[str]:
    return ["Yes" if tenure < 20 else "No" for tenure in rows["tenure"]]


@pytest.fixture(scope="module")
def profile() -> Profile:
    """Profile the world as it was in training."""
    rows = world(20_000, seed=0)
    table = pa.table(
        {
            **{name: rows[name] for name in ("tenure", "charge", "plan", "senior")},
            "since": pa.array([1_577_836_800.0] * 20_000),
            "prediction": predict(rows),
        }
    )
    return profile_table(table, COLUMNS)


@pytest.fixture(scope="module")
def version() -> ModelVersion:
    """Promise what the rule reaches in training."""
    return ModelVersion(
        model="churn",
        version=3,
        run="r",
        bundle=Bundle(files=()),
        signature=Signature(
            task=Task.BINARY,
            target="Churn",
            inputs=tuple(Field(name=one.name, type=one.type) for one in COLUMNS[:-1]),
            classes=("No", "Yes"),
        ),
        metric="accuracy",
        metrics={"accuracy": Estimate(value=0.86, low=0.85, high=0.87)},
        importance={"tenure": 0.6, "charge": 0.2, "plan": 0.2, "senior": 0.0},
    )


Serve = Callable[..., list[Prediction]]


@pytest.fixture
def serve(tables: TableStore) -> Serve:
    """Log predictions for rows of a world, one a second up to now; all, some or no outcomes follow."""

    def serve(rows: World, *, known: float = 0.0, **fields: Any) -> list[Prediction]:
        names = [name for name in rows if name != "outcome"]
        count = len(rows["outcome"])
        made = []
        for place, said in enumerate(predict(rows)):
            at = NOW - count + place
            inputs = {name: rows[name][place] for name in names}
            values: dict[str, Any] = {
                "id": new_id(at),
                "time": at,
                "endpoint": "churn",
                "model": "churn",
                "version": 3,
                "role": "champion",
                "request": new_id(at),
                "key": "",
                "inputs": json.dumps(inputs),
                "prediction": json.dumps(said),
                "probabilities": (0.2, 0.8) if said == "Yes" else (0.7, 0.3),
                "latency_ms": 1.0 + place % 100 / 100,
            }
            made.append(Prediction(**{**values, **fields}))
        tables.write(PREDICTIONS, prediction_table(made))
        share = int(known * count)
        if share:
            outcomes = [
                Outcome(prediction_id=one.id, endpoint="churn", outcome=json.dumps(truth), time=NOW)
                for one, truth in zip(made[:share], rows["outcome"], strict=False)
            ]
            tables.write(OUTCOMES, outcome_table(outcomes, prediction_table(made[:share])))
        return made

    return serve


@pytest.fixture
def see(log: PredictionLog, version: ModelVersion, profile: Profile) -> Callable[..., Report]:
    """Look at the last hour."""

    def see(spec: MonitorSpec = SPEC, **more: Any) -> Report:
        given: dict[str, Any] = {"version": version, "profile": profile, "now": NOW, **more}
        return look(log, endpoint="churn", spec=spec, **given)

    return see


See = Callable[..., Report]


def kinds(report: Report) -> list[tuple[str, str]]:
    return [(signal.kind, signal.column) for signal in report.signals]


def test_nothing_logged_is_said_so(see: See) -> None:
    report = see()
    assert (report.rows, report.signals, report.performance) == (0, (), None)
    assert report.reading == "too few rows to say: 0 of 100"


def test_the_same_world_is_quiet(serve: Serve, see: See) -> None:
    serve(world(2000, seed=1), known=1.0)
    report = see()
    assert report.signals == ()
    assert report.reading == "inputs look as in training, and accuracy holds"
    assert [column.name for column in report.columns] == [one.name for one in COLUMNS[:-1]]
    assert report.prediction is not None
    assert not report.prediction.drifted


def test_no_false_alarm_in_many_worlds(serve: Serve, see: See) -> None:
    """Ten worlds, each looked at through a small and a large window."""
    alarms: list[object] = []
    for seed in range(10, 20):
        serve(world(400, seed=seed), known=0.5, version=seed)
        same = ModelVersion(**{**_fields(), "version": seed})
        for rows in (100, 400):
            spec = MonitorSpec(window_seconds=None, window_rows=rows)
            alarms += see(spec, version=same).signals
    assert alarms == []


def _fields() -> dict[str, Any]:
    return {
        "model": "churn",
        "run": "r",
        "bundle": Bundle(files=()),
        "signature": Signature(
            task=Task.BINARY,
            target="Churn",
            inputs=tuple(Field(name=one.name, type=one.type) for one in COLUMNS[:-1]),
            classes=("No", "Yes"),
        ),
        "metric": "accuracy",
        "metrics": {"accuracy": Estimate(value=0.86, low=0.85, high=0.87)},
    }


def test_a_shift_is_found_and_put_into_words(serve: Serve, see: See) -> None:
    rows = world(1000, seed=2)
    rows["tenure"] = [value * 0.6 for value in rows["tenure"]]
    serve(rows)
    report = see()
    drift = report.signals[0]
    assert (drift.kind, drift.column, drift.version, drift.rows) == ("drift", "tenure", 3, 1000)
    assert drift.message == "`tenure` is 13.7 lower on average (32.1 to 18.4)"
    assert drift.value > drift.limit > 0.1
    assert (drift.since, drift.until) == (NOW - 3600, NOW)
    assert ("prediction_drift", "") in kinds(report)
    assert report.reading == "`tenure` moved; no outcomes yet to say whether it hurts"
    moved = report.columns[0]
    assert moved.drifted
    assert len(moved.bars.reference) == len(moved.bars.current) == len(moved.bars.edges) - 1
    assert sum(moved.bars.current) + moved.bars.below + moved.bars.above == pytest.approx(
        1, abs=0.01
    )


def test_a_column_that_the_model_ignores_hardly_counts(serve: Serve, see: See) -> None:
    rows = world(1000, seed=2)
    rows["tenure"] = [value * 0.8 for value in rows["tenure"]]
    rows["senior"] = [True] * 1000
    serve(rows)
    severity = {signal.column: signal.severity for signal in see().signals}
    assert severity["tenure"] > severity["senior"] == 0


def test_a_new_category_is_named(serve: Serve, see: See) -> None:
    rows = world(1000, seed=3)
    rows["plan"] = ["fiber+" if row % 3 == 0 else plan for row, plan in enumerate(rows["plan"])]
    serve(rows)
    report = see()
    messages = {signal.kind: signal.message for signal in report.signals}
    assert messages["drift"] == "new category 'fiber+' in 33% of rows of `plan`"
    assert "training never saw in 33% of rows: 'fiber+'" in messages["quality"]
    assert report.columns[2].unseen == (("fiber+", 0.334),)
    assert report.columns[2].bars.labels == (*PLANS, "other")


def test_missing_values_are_damage(serve: Serve, see: See) -> None:
    rows = world(1000, seed=4)
    rows["charge"] = [None if row % 2 else value for row, value in enumerate(rows["charge"])]
    rows["since"] = [None] * 1000
    serve(rows)
    report = see()
    assert kinds(report) == [("quality", "since"), ("quality", "charge")]
    assert report.signals[1].message == "`charge` is missing in 50% of rows, 0% in training"
    assert report.reading == "`charge`, `since` arrive damaged"


def test_values_of_another_type_are_damage(serve: Serve, see: See) -> None:
    rows = world(1000, seed=5)
    rows["charge"] = ["much" if row < 20 else value for row, value in enumerate(rows["charge"])]
    serve(rows)
    report = see()
    assert kinds(report) == [("quality", "charge")]
    assert report.signals[0].message == "`charge` holds values that are no number in 2.0% of rows"
    assert report.columns[1].wrong == pytest.approx(0.02)


def test_a_unit_gone_wrong_is_out_of_range(serve: Serve, see: See) -> None:
    rows = world(1000, seed=6)
    rows["charge"] = [value * 100 for value in rows["charge"]]
    serve(rows)
    found = [signal for signal in see().signals if signal.column == "charge"]
    assert {signal.kind for signal in found} == {"drift", "quality"}
    assert "outside training's range" in found[0].message


def test_concept_drift_is_told_from_data_drift(serve: Serve, see: See) -> None:
    rows = world(1500, seed=7)
    rows["outcome"] = ["No" if one == "Yes" else "Yes" for one in rows["outcome"]]
    serve(rows, known=1.0)
    report = see()
    assert kinds(report) == [("performance", "")]
    assert report.performance is not None
    assert report.performance.cause == "concept"
    assert "concept drift" in report.reading
    assert report.signals[0].value == pytest.approx(report.performance.shortfall)
    assert report.signals[0].severity == 1


def test_a_fall_with_a_shift_is_data_drift(serve: Serve, see: See) -> None:
    rows = world(1500, seed=8)
    rows["tenure"] = [value * 0.3 for value in rows["tenure"]]
    serve(rows, known=0.5)
    report = see()
    assert report.performance is not None
    assert report.performance.fell
    assert report.performance.cause == "data"
    assert report.performance.rows == 750
    assert report.performance.coverage == pytest.approx(0.5)
    assert report.reading == "accuracy fell, and `tenure` changed (data drift)"


def test_a_drift_that_does_not_hurt_is_said_so(serve: Serve, see: See) -> None:
    rows = world(1500, seed=9)
    rows["plan"] = ["none"] * 1500
    serve(rows, known=1.0)
    report = see()
    assert kinds(report) == [("drift", "plan")]
    assert report.reading == "`plan` moved, but accuracy holds"


def test_the_window_is_rows_or_seconds_or_since(serve: Serve, see: See) -> None:
    serve(world(600, seed=1))
    assert see(MonitorSpec(window_seconds=60.0)).rows == 60
    by_rows = see(MonitorSpec(window_seconds=None, window_rows=250))
    assert (by_rows.rows, by_rows.since) == (250, NOW - 250)
    assert see(since=NOW - 300).rows == 300


def test_versions_are_looked_at_apart(serve: Serve, see: See) -> None:
    serve(world(300, seed=1))
    serve(world(200, seed=2), version=4, role="challenger", latency_ms=9.0)
    report = see()
    assert report.rows == 300
    assert [(one.version, one.rows) for one in report.versions] == [(3, 300), (4, 200)]
    assert report.total.rows == 500
    assert report.versions[1].latency_p50_ms == 9.0
    assert report.service.latency_p95_ms == pytest.approx(1.95, abs=0.01)
    assert report.service.per_second == pytest.approx(300 / 3600)


def test_errors_come_from_the_workers(serve: Serve, see: See) -> None:
    serve(world(200, seed=1))
    quiet = see(traffic={3: Traffic(requests=201, errors=1)})
    assert quiet.service.error_rate == pytest.approx(1 / 201)
    assert quiet.signals == ()
    loud = see(traffic={3: Traffic(requests=240, errors=40)})
    assert kinds(loud) == [("errors", "")]
    assert loud.signals[0].message == "17% of 240 requests failed"


def test_a_latency_limit_is_held(serve: Serve, see: See) -> None:
    serve(world(200, seed=1), latency_ms=30.0)
    assert see().signals == ()
    assert kinds(see(latency_limit_ms=10.0)) == [("latency", "")]


def test_rows_that_are_alike_are_not_many(serve: Serve, see: See) -> None:
    """A slow wave moves the mean of a window, which is no drift: the reader is told."""
    rows = world(400, seed=1)
    wave: NDArray[np.float64] = 65 + 30 * np.sin(np.arange(400) / 60)
    rows["charge"] = wave.tolist()
    serve(rows)
    report = see()
    assert kinds(report) == []
    assert any("worth" in note and "`charge`" in note for note in report.notes)


def test_drift_can_be_off_or_by_another_detector(serve: Serve, see: See) -> None:
    rows = world(1000, seed=2)
    rows["tenure"] = [value * 0.5 for value in rows["tenure"]]
    serve(rows)
    assert see(MonitorSpec(drift="off")).signals == ()
    report = see(MonitorSpec(drift="population-stability"))
    assert report.columns[0].detector == "population-stability"
    assert report.columns[2].detector == "jensen-shannon", "its order means nothing"
    assert ("drift", "tenure") in kinds(report)


def test_a_report_survives_json(serve: Serve, see: See) -> None:
    serve(world(300, seed=1), known=1.0)
    report = see()
    assert from_plain(Report, json.loads(json.dumps(to_plain(report)))) == report


def test_columns_whose_names_differ_by_case_are_told_apart(
    serve: Serve, see: See, version: ModelVersion, profile: Profile
) -> None:
    fields = (
        Field(name="tenure", type=ColumnType.NUMBER),
        Field(name="Tenure", type=ColumnType.NUMBER),
    )
    twin = {**_fields(), "version": 3}
    twin["signature"] = Signature(
        task=Task.BINARY, target="Churn", inputs=fields, classes=("No", "Yes")
    )
    both = Profile(
        rows=profile.rows,
        columns=(
            profile.columns[0],
            from_plain(
                type(profile.columns[0]), {**to_plain(profile.columns[0]), "name": "Tenure"}
            ),
        ),
    )
    rows = world(500, seed=1)
    rows["Tenure"] = [1000.0] * 500
    serve(rows)
    report = see(version=ModelVersion(**twin), profile=both)
    assert [column.drifted for column in report.columns] == [False, True]


def test_fifty_columns_and_ten_thousand_rows_are_quick(
    tables: TableStore, log: PredictionLog
) -> None:
    random = np.random.default_rng(0)
    rows, names = 10_000, [f"c{place}" for place in range(50)]
    numbers = random.normal(size=(rows, 30)).round(4)
    labels = random.choice(["alpha", "beta", "gamma"], size=(rows, 20))
    columns = [
        Column(name=name, type=ColumnType.NUMBER if place < 30 else ColumnType.CATEGORY)
        for place, name in enumerate(names)
    ]
    reference = profile_table(
        pa.table([*numbers.T, *(pa.array(column) for column in labels.T)], names=names), columns
    )
    ids = [new_id(NOW - 3000 + place / 4) for place in range(rows)]
    made = [
        Prediction(
            id=ids[place],
            time=NOW - 3000 + place / 4,
            endpoint="wide",
            model="wide",
            version=1,
            role="champion",
            request=ids[place],
            key="",
            inputs=json.dumps(
                dict(zip(names, [*numbers[place].tolist(), *labels[place].tolist()], strict=True))
            ),
            prediction="1.5",
        )
        for place in range(rows)
    ]
    for start in range(0, rows, 5000):
        tables.write(PREDICTIONS, prediction_table(made[start : start + 5000]))
    signature = Signature(
        task=Task.REGRESSION,
        target="y",
        inputs=tuple(Field(name=one.name, type=one.type) for one in columns),
    )
    wide = ModelVersion(
        model="wide",
        version=1,
        run="r",
        bundle=Bundle(files=()),
        signature=signature,
        metric="rmse",
    )
    report = look(log, endpoint="wide", version=wide, profile=reference, spec=SPEC, now=NOW)
    begin = time.process_time()  # the machine may be busy with other things
    look(log, endpoint="wide", version=wide, profile=reference, spec=SPEC, now=NOW)
    assert time.process_time() - begin < 1.0
    assert report.rows == rows
    assert report.signals == ()


def test_another_relation_alarms_while_the_inputs_are_quiet(serve: Serve, see: See) -> None:
    rows = world(3000, seed=40)
    leaves = np.asarray(rows["outcome"]) == "Yes"
    late = np.arange(3000) >= 2000
    flipped = late & (np.random.default_rng(0).random(3000) < 0.5)
    rows["outcome"] = np.where(leaves ^ flipped, "Yes", "No").tolist()
    serve(rows, known=1.0)
    report = see()
    assert "concept_drift" in [kind for kind, _ in kinds(report)]
    assert "drift" not in [kind for kind, _ in kinds(report)]
    assert report.concept is not None
    assert abs(report.concept.rows - 1000) < 300
    (signal,) = [one for one in report.signals if one.kind == "concept_drift"]
    assert signal.message.startswith("on equal inputs the error rose by")


def test_other_inputs_are_drift_and_no_other_relation(serve: Serve, see: See) -> None:
    """In the last third only customers come on whom the model always erred."""
    rows = world(9000, seed=41)
    hard = np.abs(np.asarray(rows["tenure"]) - 20) < 6
    order = np.concatenate(
        [np.arange(2000), np.flatnonzero(hard & (np.arange(9000) >= 2000))[:1000]]
    )
    chosen = {name: [values[at] for at in order] for name, values in rows.items()}
    serve(chosen, known=1.0)
    found = kinds(see())
    assert ("drift", "tenure") in found
    assert "concept_drift" not in [kind for kind, _ in found]


def test_no_watch_over_the_concept_if_it_is_off(serve: Serve, see: See) -> None:
    rows = world(2000, seed=42)
    rows["outcome"] = [*rows["outcome"][:1000], *["Yes", "No"] * 500]
    serve(rows, known=1.0)
    assert see().concept is not None
    assert see(MonitorSpec(window_seconds=3600.0, concept="off")).concept is None
