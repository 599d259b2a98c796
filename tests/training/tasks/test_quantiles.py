"""Quantiles come beside the number, hold what they promise, and are served."""

import json

import numpy as np
import pytest
from training_worlds import World, world_of

from keepwell.core.errors import TrainingError
from keepwell.core.spec import DataSpec, GateSpec, TrainSpec
from keepwell.deployment.labels import Labels
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.tracking.metrics.quantile import Quantiles, coverage, pinball_loss
from keepwell.training import train
from keepwell.training.gates import judge

LEVELS = (0.1, 0.5, 0.9)


def prices(rows: int = 600) -> World:
    """A price whose spread grows with the area."""
    random = np.random.default_rng(0)
    area, city = random.uniform(20, 200, rows), random.choice(["north", "south"], rows)
    price = 3 * area + 40 * (city == "south") + random.normal(size=rows) * area / 4
    return world_of({"area": area, "city": city, "price": price})


def test_quantiles_are_measured_compiled_gated_and_named() -> None:
    table, columns = prices()
    spec = TrainSpec(budget=6.0, folds=3, quantiles=LEVELS)
    trained = train(table, columns, DataSpec(source="-", target="price"), spec)
    assert trained.signature.quantiles == LEVELS
    assert 0.65 < trained.metrics["interval_coverage"].value < 0.95
    assert any("which should hold 80%" in one.message for one in trained.findings)
    files, proof = build_scorer_files(trained.pipeline, trained.signature, table)
    assert proof.compiled
    assert proof.largest_difference <= 1e-9
    scorer = load_scorer(files.__getitem__, trained.signature)
    small, large = ({"area": area, "city": "north"} for area in (30.0, 190.0))
    scores = scorer.rows([small, large])
    assert scores.quantiles is not None
    assert (np.diff(scores.quantiles.values, axis=1) >= 0).all()
    widths = scores.quantiles.values[:, -1] - scores.quantiles.values[:, 0]
    assert widths[1] > 2 * widths[0]
    named = Labels(trained.signature).quantiles(scores.quantiles)
    assert list(json.loads(json.dumps(named))[0]) == ["0.1", "0.5", "0.9"]
    test = table.take(trained.test_rows)
    verdict = judge(
        GateSpec(min={"interval_coverage": 0.6, "pinball_loss": 50.0}),
        task=trained.task,
        classes=(),
        metric=trained.metric,
        actual=test["price"].to_pylist(),
        candidate=scorer.examined(test),
    )
    assert verdict.passed
    assert verdict.checks[0].value == pytest.approx(trained.metrics["interval_coverage"].value)


def test_the_loss_equals_scikit_learns() -> None:
    theirs = pytest.importorskip("sklearn.metrics")
    random = np.random.default_rng(0)
    actual = random.normal(size=60)
    said = Quantiles(levels=(0.2, 0.8), values=np.sort(random.normal(size=(60, 2)), axis=1))
    each = [
        theirs.mean_pinball_loss(actual, said.values[:, at], alpha=level)
        for at, level in enumerate(said.levels)
    ]
    assert pinball_loss(actual, said) == pytest.approx(np.mean(each), abs=1e-12)
    assert 0 < coverage(actual, said) < 1


def test_refuses_quantiles_of_labels_and_by_other_learners() -> None:
    table, columns = prices(60)
    spec = TrainSpec(quantiles=LEVELS)
    with pytest.raises(TrainingError, match="quantiles are asked for, and the task is binary"):
        train(table, columns, DataSpec(source="-", target="city"), spec)
    spec = TrainSpec(quantiles=LEVELS, learners=("linear",))
    with pytest.raises(TrainingError, match="not learnt by 'linear'"):
        train(table, columns, DataSpec(source="-", target="price"), spec)
