"""Counts are predicted as rates: never below nothing, and chosen by their own likelihood."""

import numpy as np
import pytest
from training_worlds import World, world_of

from keepwell.core.errors import TrainingError
from keepwell.core.records import Task
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.deployment.scoring import build_scorer_files
from keepwell.tracking.metrics.regression import mean_poisson_deviance
from keepwell.training import train


def calls(rows: int = 500) -> World:
    random = np.random.default_rng(0)
    staff, hour = random.uniform(0, 3, rows), random.choice(["day", "night"], rows)
    rate = np.exp(0.3 + staff - 1.0 * (hour == "night"))
    return world_of({"staff": staff, "hour": hour, "calls": random.poisson(rate)})


@pytest.mark.parametrize("learners", [("linear",), ("lightgbm",)])
def test_counts_are_inferred_learnt_as_rates_and_compiled(learners: tuple[str, ...]) -> None:
    table, columns = calls()
    spec = TrainSpec(budget=6.0, folds=3, learners=learners)
    trained = train(table, columns, DataSpec(source="-", target="calls"), spec)
    assert trained.task is Task.COUNTS
    assert trained.metric == "mean_poisson_deviance"
    assert "counts of events" in trained.task_reason
    assert min(trained.test_predictions) >= 0
    baseline = next(row for row in trained.leaderboard if row.learner == "baseline")
    assert trained.metrics["mean_poisson_deviance"].value < 0.6 * (baseline.mean or 0.0)
    _, proof = build_scorer_files(trained.pipeline, trained.signature, table)
    assert proof.compiled


def test_the_deviance_equals_scikit_learns() -> None:
    theirs = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    actual, expected = random.poisson(2.0, 100).astype(float), random.uniform(0.1, 5, 100)
    assert mean_poisson_deviance(actual, expected) == pytest.approx(
        theirs.mean_poisson_deviance(actual, expected), abs=1e-9
    )


def test_refuses_what_counts_nothing() -> None:
    table, columns = world_of({"a": np.arange(40.0), "b": [1.5, 2.0] * 20})
    spec = TrainSpec(task=Task.COUNTS)
    with pytest.raises(TrainingError, match=r"holds 1.5, which counts nothing"):
        train(table, columns, DataSpec(source="-", target="b"), spec)
