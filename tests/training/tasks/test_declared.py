"""What a project declares about features is obeyed by every task, or refused by the name of its key."""

import numpy as np
import pytest
from training_worlds import World, world_of

from keepwell.core.errors import TrainingError
from keepwell.core.features import Derived, FeaturesSpec, Steps, Window
from keepwell.core.records import Task
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.deployment.scoring import build_scorer_files
from keepwell.training import train
from keepwell.training.tasks.declared import must_apply

RATIO = FeaturesSpec(
    derive=(Derived(name="ratio", kind="formula", columns=("a", "b"), detail="a / b"),)
)


def rows(count: int = 240) -> World:
    """Two columns that say nothing one by one: what tells the rows apart is their ratio."""
    random = np.random.default_rng(0)
    b = random.uniform(1, 50, count)
    high = random.random(count) < 0.5
    a = b * np.where(high, 4.0, 0.5) * random.uniform(0.95, 1.05, count)
    kind = random.choice(["x", "y"], count)
    tags = [
        ";".join(["high"] * bool(h) + ["y"] * bool(k == "y")) or "[]"
        for h, k in zip(high, kind, strict=True)
    ]
    return world_of({"a": a, "b": b, "kind": kind, "tags": tags})


@pytest.mark.parametrize("task", [Task.CLUSTERING, Task.ANOMALY])
def test_rows_are_compared_by_declared_features(task: Task) -> None:
    table, columns = rows()
    data = DataSpec(source="-", ignore=("tags",))
    spec = TrainSpec(task=task, budget=4.0, clusters=2 if task is Task.CLUSTERING else None)
    steps = FeaturesSpec(columns={"a": Steps(log=True)}, derive=RATIO.derive)
    trained = train(table, columns, data, spec, features=steps)
    names = [name for name, *_ in trained.pipeline.named_steps["prepare"].transformers_]
    assert {"number:a", "derived:ratio"} <= set(names)
    assert trained.features is not None
    assert trained.features.fitted["a"][0]["step"] == "SignedLog"
    _, proof = build_scorer_files(trained.pipeline, trained.signature, table)
    assert proof.compiled
    assert proof.largest_difference <= 1e-9


def test_labels_are_learnt_from_declared_features() -> None:
    table, columns = rows()
    data, spec = DataSpec(source="-", target="tags"), TrainSpec(budget=4.0, learners=("linear",))
    trained = train(table, columns, data, spec, features=RATIO)
    assert trained.features is not None
    assert {one["step"] for one in trained.features.fitted["ratio"]} >= {"Formula"}
    _, proof = build_scorer_files(trained.pipeline, trained.signature, table)
    assert proof.compiled


@pytest.mark.parametrize(
    ("task", "features", "key"),
    [
        (
            Task.CLUSTERING,
            FeaturesSpec(categories=Steps(encode="target")),
            "features.categories.encode",
        ),
        (
            Task.ANOMALY,
            FeaturesSpec(columns={"kind": Steps(encode="target")}),
            "features.columns.kind",
        ),
        (
            Task.MULTILABEL,
            FeaturesSpec(derive=(Derived(name="risk", kind="target", columns=("kind",)),)),
            "features.derive.risk",
        ),
        (Task.FORECAST, RATIO, "features.derive"),
        (Task.RANKING, FeaturesSpec(numbers=Steps(log=True)), "features.numbers"),
    ],
)
def test_what_a_task_cannot_obey_is_refused(task: Task, features: FeaturesSpec, key: str) -> None:
    table, columns = rows(40)
    target = "" if not task.supervised else "tags"
    with pytest.raises(TrainingError) as caught:
        train(
            table,
            columns,
            DataSpec(source="-", target=target),
            TrainSpec(task=task),
            features=features,
        )
    assert key in caught.value.what
    assert task.value in caught.value.what


def test_descriptions_of_users_need_a_recommendation() -> None:
    table, columns = rows(40)
    data = DataSpec(source="-", target="a", users="users.csv")
    with pytest.raises(
        TrainingError, match="`users:` under `data:` goes with the task ranking only"
    ):
        train(table, columns, data, TrainSpec())


def test_looking_for_features_needs_one_target() -> None:
    table, columns = rows(40)
    spec = TrainSpec(task=Task.CLUSTERING, features="auto")
    with pytest.raises(TrainingError, match="`features: auto` under `train:`"):
        train(table, columns, DataSpec(source="-"), spec)


def test_a_step_of_an_unknown_column_is_refused_by_every_task() -> None:
    table, columns = rows(40)
    features = FeaturesSpec(columns={"aa": Steps(log=True)})
    with pytest.raises(TrainingError, match="names the column 'aa'"):
        train(table, columns, DataSpec(source="-"), TrainSpec(task=Task.ANOMALY), features=features)


@pytest.mark.parametrize("task", [Task.FORECAST, Task.RANKING])
def test_windows_are_refused_where_earlier_rows_are_looked_at_anyway(task: Task) -> None:
    window = Window(name="w", aggregate="count", by="kind", over=60.0)
    with pytest.raises(TrainingError, match=f"`features.windows` does not go with the task {task}"):
        must_apply(FeaturesSpec(windows=(window,)), TrainSpec(features="off"), task)
