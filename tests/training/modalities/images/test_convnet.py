"""A network of convolutions over small pictures."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_worlds import World, world_of

from keepwell.core.errors import TrainingError
from keepwell.core.records import ColumnType, Proof
from keepwell.core.spec import DataSpec, LearnerSpec, TrainSpec
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.training import train
from keepwell.training.framing import frame_problem
from keepwell.training.learners import Watch, installed
from keepwell.training.problem import Problem, answer_of
from keepwell.training.search.matrices import FoldMatrices, prepare
from keepwell.training.search.portfolio import portfolio

torch = pytest.importorskip("torch", reason="needs the extra 'torch'")
pytest.importorskip("onnxscript")

QUICK = {"width": 4, "epochs": 3, "batch": 16, "rate": 0.02}


def problem_of(world: World, target: str = "label") -> Problem:
    return frame_problem(*world, DataSpec(source="", target=target), TrainSpec()).problem


def fit(problem: Problem, watch: Watch, **settings: Any) -> tuple[Any, Any]:
    learner = installed([LearnerSpec(name="convnet", params=QUICK | settings)])["convnet"]
    (candidate,) = learner.candidates(problem)
    _, matrix = prepare(problem, learner.flavour, choices=candidate.preparation)
    return learner.fit(candidate, problem, matrix, problem.target, None, watch), matrix


def test_is_served_as_a_graph_that_says_what_pytorch_said(stripe_world: World) -> None:
    said: list[tuple[str, int, dict[str, float]]] = []
    from keepwell.training.trainer import Past

    spec = TrainSpec(
        budget=60,
        folds=2,
        repeats=1,
        learners=(LearnerSpec(name="convnet", params=QUICK | {"epochs": 6}),),
    )
    past = Past(log=lambda name, step, values: said.append((name, step, dict(values))))
    trained = train(*stripe_world, DataSpec(source="", target="label"), spec, past=past)
    assert trained.learner == "convnet"
    assert trained.importance["shot"] > 0.5
    assert [step for _, step, _ in said] == list(range(1, len(said) + 1))
    assert said[-1][2]["loss"] < said[0][2]["loss"]
    sample = stripe_world[0].slice(0, 12)
    files, proof = build_scorer_files(trained.pipeline, trained.signature, sample)
    assert proof == Proof(
        rows=proof.rows, largest_difference=proof.largest_difference, compiled=True
    )
    assert 0 < proof.largest_difference < 1e-5  # float32 in two libraries
    assert files["network.onnx"]
    scorer = load_scorer(files.__getitem__, trained.signature)
    rows = sample.to_pylist()
    together, alone = scorer.rows(rows), [scorer.rows([row]) for row in rows]
    assert together.predictions == [one.predictions[0] for one in alone]
    assert together.probabilities is not None
    assert np.array_equal(
        together.probabilities,
        [one.probabilities[0] for one in alone if one.probabilities is not None],
    )


def test_the_same_seed_gives_the_same_network(stripe_world: World) -> None:
    problem = problem_of(stripe_world)
    rows = FoldMatrices(problem, (np.arange(30), np.arange(30, problem.rows)))
    held = rows.of("pixels", {"side": 32})[1], rows.actual[1]
    answers = []
    for _ in range(2):
        fitted, matrix = fit(problem, Watch(validation=held))
        answers.append(answer_of(fitted.model, matrix.values, 2))
    assert np.array_equal(answers[0], answers[1])


def test_learns_numbers_in_their_own_size(stripe_world: World) -> None:
    table, _ = stripe_world
    size = np.where(np.array(table["label"].to_pylist()) == "up", 1500.0, 500.0)
    world = world_of({"shot": table["shot"], "size": size}, shot=ColumnType.IMAGE)
    problem = problem_of(world, "size")
    rows = FoldMatrices(problem, (np.arange(36), np.arange(36, problem.rows)))
    held = rows.of("pixels", {"side": 32})[1], rows.actual[1]
    fitted, matrix = fit(problem, Watch(validation=held), epochs=8)
    said = answer_of(fitted.model, matrix.values, 0)
    assert np.abs(said - problem.target).mean() < 250  # half of what the mean alone is off


def test_a_class_that_the_rows_lack_has_no_chance_and_one_alone_is_certain(
    stripe_world: World,
) -> None:
    problem = problem_of(stripe_world)
    kept = np.flatnonzero(problem.target == 1)
    part = replace(problem, frame=problem.frame.iloc[kept], target=problem.target[kept])
    fitted, matrix = fit(part, Watch())
    assert (answer_of(fitted.model, matrix.values, 2) == [0.0, 1.0]).all()


def test_stops_when_time_is_up_and_goes_on_from_a_checkpoint(
    stripe_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keepwell.training.neural.checkpoints.EVERY", 0.0)
    problem = problem_of(stripe_world)
    rows = FoldMatrices(problem, (np.arange(30), np.arange(30, problem.rows)))
    held = rows.of("pixels", {"side": 32})[1], rows.actual[1]
    steps: list[int] = []
    watch = Watch(
        validation=held, folder=str(tmp_path), log=lambda step, values: steps.append(step)
    )
    whole, matrix = fit(problem, replace(watch, folder=""), epochs=4)
    expected, steps[:] = answer_of(whole.model, matrix.values, 2), []
    killed = replace(watch, log=lambda step, values: _die_at(step, 3))
    with pytest.raises(KeyboardInterrupt):
        fit(problem, killed, epochs=4)
    assert list(tmp_path.glob("*.checkpoint"))
    again, _ = fit(problem, watch, epochs=4)
    assert steps == [3, 4]
    assert np.allclose(answer_of(again.model, matrix.values, 2), expected, atol=1e-6)
    assert not list(tmp_path.glob("*.checkpoint"))
    stopped, _ = fit(problem, replace(watch, stop=lambda: True))
    assert stopped.interrupted


def _die_at(step: int, last: int) -> None:
    if step == last:
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [({"widht": 8}, "has no setting 'widht'"), ({"augment": ["mirrow"]}, "augmented by 'mirrow'")],
)
def test_says_what_a_setting_may_be(
    stripe_world: World, settings: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(TrainingError, match=complaint) as refused:
        fit(problem_of(stripe_world), Watch(), **settings)
    assert "did you mean" in refused.value.now


def test_is_tried_unasked_where_it_pays(stripe_world: World, churn: World) -> None:
    problem = problem_of(stripe_world)
    few = replace(problem, frame=problem.frame.iloc[:20], target=problem.target[:20])
    learners = {"convnet": installed(["convnet"])["convnet"]}
    hurried = replace(problem, budget=5.0)
    patient = replace(problem_of(stripe_world), budget=60.0)
    patient = replace(patient, frame=patient.frame, target=np.resize(patient.target, 60))
    assert [c.name for c in portfolio(patient, learners, named=False)] == [
        "convnet/plain",
        "convnet/mirrored",
    ]
    assert portfolio(few, learners, named=False) == []
    assert portfolio(hurried, learners, named=False) == []
    assert portfolio(hurried, learners, named=True)
    assert portfolio(problem_of(churn, "left"), learners, named=True) == []


def test_augmentations_leave_other_columns_and_the_range_alone() -> None:
    from keepwell.training.modalities.images.augmenting import WAYS, augmentation

    rows = torch.rand(5, 2 + 2 * 3 * 8 * 8)
    for way in WAYS:
        change = augmentation([way], 8, 2)
        assert change is not None
        changed = change(rows)
        assert changed.shape == rows.shape
        assert torch.equal(changed[:, :2], rows[:, :2])
        assert not torch.equal(changed, rows)
        assert 0 <= float(changed.min()) <= float(changed.max()) <= 1
    assert augmentation([], 8, 1) is None
