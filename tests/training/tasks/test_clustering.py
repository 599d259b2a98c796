"""Clusters are found, counted, described, and served as what they are."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from training_cuts import cut, must_depend_on_rows_and_seed, resumed, taken_over
from training_worlds import World, world_of

from keepwell.core.errors import TrainingError
from keepwell.core.records import Task
from keepwell.core.spec import DataSpec, GateSpec, TrainSpec
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.training import train
from keepwell.training.gates import judge
from keepwell.training.tasks.clustering.candidates import Candidate, fit
from keepwell.training.tasks.clustering.statements import (
    centres_as_classifier,
    curves_as_classifier,
)
from keepwell.training.tasks.exams import exam_of

SPEC = TrainSpec(task=Task.CLUSTERING, budget=6.0)


def kinds(rows: int = 240, seed: int = 0) -> World:
    """Three kinds of customers, told by age, spending and plan."""
    random = np.random.default_rng(seed)
    kind = random.integers(0, 3, rows)
    return world_of(
        {
            "age": np.array([25, 45, 70])[kind] + random.normal(size=rows) * 3,
            "spend": np.array([10, 80, 20])[kind] + random.normal(size=rows) * 4,
            "plan": np.where(random.random(rows) < 0.9, np.array(["a", "b", "c"])[kind], "b"),
            "segment": np.array(["x", "y", "z"])[kind],
        }
    )


def test_finds_the_kinds_that_there_are_and_says_what_they_are() -> None:
    table, columns = kinds()
    trained = train(table, columns, DataSpec(source="-", labels="segment"), SPEC)
    assert trained.signature.classes == (1, 2, 3)
    assert trained.metrics["adjusted_rand"].value > 0.95
    assert trained.metrics["silhouette"].value > 0.6
    assert "segment" not in [field.name for field in trained.signature.inputs]
    young = next(words for words in trained.signature.meanings if "age is low" in words)
    assert "plan is a" in young
    assert [row.learner for row in trained.leaderboard].count("baseline") == 1
    assert sum(trained.importance.values()) == pytest.approx(1.0)


def test_is_compiled_and_passes_the_gate_by_the_numbers_of_training() -> None:
    table, columns = kinds()
    data = DataSpec(source="-", labels="segment")
    trained = train(table, columns, data, SPEC)
    files, proof = build_scorer_files(trained.pipeline, trained.signature, table)
    assert proof.compiled
    assert proof.largest_difference <= 1e-9
    scorer = load_scorer(files.__getitem__, trained.signature)
    exam = exam_of(trained.signature, table.take(pa.array(trained.test_rows)), data)
    verdict = judge(
        GateSpec(min={"silhouette": 0.5, "adjusted_rand": 0.9}),
        task=Task.CLUSTERING,
        classes=trained.signature.classes,
        metric=trained.metric,
        actual=exam.actual,
        candidate=scorer.examined(exam.table),
        champion=scorer.examined(exam.table),
    )
    assert verdict.passed
    assert verdict.checks[0].value == pytest.approx(trained.metrics["silhouette"].value)
    assert not verdict.better


def test_takes_the_number_that_it_is_told() -> None:
    table, columns = kinds()
    spec = TrainSpec(task=Task.CLUSTERING, budget=6.0, clusters=5)
    trained = train(table, columns, DataSpec(source="-", ignore=("segment",)), spec)
    assert len(trained.signature.classes) == 5


def test_k_means_is_stated_as_a_classifier() -> None:
    from sklearn.cluster import KMeans

    values = np.random.default_rng(0).normal(size=(200, 4))
    for clusters in (2, 5):
        found = KMeans(clusters, n_init=2, random_state=0).fit(values)
        model = centres_as_classifier(found.cluster_centers_, found.inertia_ / values.size)
        assert (model.predict(values) == found.labels_).all()


@pytest.mark.parametrize("shape", ["diag", "full"])
def test_a_mixture_is_stated_as_a_classifier(shape: str) -> None:
    from sklearn.mixture import GaussianMixture

    values = np.random.default_rng(0).normal(size=(200, 3))
    found = GaussianMixture(3, covariance_type=shape, random_state=0).fit(values)
    model = curves_as_classifier(found, np.arange(3))
    assert model.predict_proba(values) == pytest.approx(found.predict_proba(values), abs=1e-9)


def test_says_when_the_rows_are_one_cloud() -> None:
    random = np.random.default_rng(1)
    table, columns = world_of({name: random.normal(size=300) for name in "abcdef"})
    trained = train(table, columns, DataSpec(source="-"), SPEC)
    told = [finding.message for finding in trained.findings if finding.kind == "cluster"]
    assert any("one cloud" in text or "one way of many" in text for text in told)


def test_refuses_what_cannot_be_grouped() -> None:
    table, columns = kinds(40)
    with pytest.raises(TrainingError, match="clustering has no target"):
        train(table, columns, DataSpec(source="-", target="segment"), SPEC)
    with pytest.raises(TrainingError, match="known labels 'segmnt'"):
        train(table, columns, DataSpec(source="-", labels="segmnt"), SPEC)
    with pytest.raises(TrainingError, match="too few for clustering"):
        train(table.slice(0, 12), columns, DataSpec(source="-"), SPEC)
    twins, columns = world_of({"a": np.tile([1.0, 2.0], 30), "b": np.tile([3.0, 3.5], 30)})
    with pytest.raises(TrainingError, match="of 2 kinds"):
        train(twins, columns, DataSpec(source="-"), SPEC)


def test_clusters_that_could_not_be_fitted_to_all_rows_ask_for_time_or_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def short(candidate: Candidate, values: Any, seed: int) -> Any:
        if len(values) > 150:  # a draw holds six tenths of 240
            raise MemoryError("no more")
        return fit(candidate, values, seed)

    monkeypatch.setattr("keepwell.training.tasks.clustering.bench.fit", short)
    spec = TrainSpec(task=Task.CLUSTERING, budget=20.0, clusters=3)
    with pytest.raises(TrainingError, match="found could not be fitted to all rows") as refused:
        train(*kinds(), DataSpec(source="-", ignore=("segment",)), spec)
    assert "MemoryError" in refused.value.why
    assert "raise `budget:` or `memory:`" in refused.value.now


def test_a_run_that_was_killed_goes_on_where_it_was_in_a_child_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, data = kinds(), DataSpec(source="-", ignore=("segment",))
    spec = TrainSpec(task=Task.CLUSTERING, budget=600.0, clusters=3)
    whole = train(*world, data, spec)
    store = cut(world, data, spec, after=4)
    monkeypatch.setattr("keepwell.training.workers.choice.TINY", 0)
    again = resumed(world, data, spec, store)
    assert taken_over(again) == 4
    assert again.test_predictions == whole.test_predictions
    assert [(row.name, row.scores) for row in again.leaderboard] == [
        (row.name, row.scores) for row in whole.leaderboard
    ]


def test_what_was_finished_goes_for_the_same_rows_and_seed_only() -> None:
    data = DataSpec(source="-", ignore=("segment",))
    spec = replace(SPEC, budget=600.0, clusters=3)
    must_depend_on_rows_and_seed(kinds(), data, spec, "age", lambda cell: cell + 1.0)
