"""What votes and what is calibrated is served compiled, and tells what it looks at."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from training_worlds import World

from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.deployment.scoring import build_scorer_files, load_scorer
from keepwell.training.ensembling import combined
from keepwell.training.ensembling.calibration import calibrated
from keepwell.training.ensembling.combining import members_of
from keepwell.training.ensembling.selection import Ensemble
from keepwell.training.framing import Framed, frame_problem
from keepwell.training.importance import importance
from keepwell.training.learners import Candidate, installed
from keepwell.training.problem import answer_of
from keepwell.training.search.jobs import Job, Workbench


def framed(world: World, target: str) -> Framed:
    return frame_problem(*world, DataSpec(source="", target=target), TrainSpec())


def fitted(frame: Framed, *wanted: str) -> list[Any]:
    learners = installed(["lightgbm", "linear"])
    bench = Workbench(frame.problem, frame.folds, learners)
    offered = {c.name: c for one in learners.values() for c in one.candidates(frame.problem)}

    def fit(candidate: Candidate) -> Any:
        job = Job(candidate=candidate, fold=None, rounds=20)
        return bench.perform(job, lambda: False, lambda share: None).pipeline

    return [fit(offered[name]) for name in wanted]


def proven(pipeline: Any, frame: Framed, table: pa.Table) -> Any:
    files, proof = build_scorer_files(pipeline, frame.problem.signature, table)
    assert proof.compiled, proof.reason
    assert not proof.kept
    assert proof.largest_difference <= 1e-9
    return load_scorer(files.__getitem__, frame.problem.signature)


@pytest.mark.parametrize("target", ["left", "price"])
def test_a_vote_of_trees_and_lines_is_compiled(target: str, churn: World, prices: World) -> None:
    world = churn if target == "left" else prices
    frame = framed(world, target)
    parts = fitted(frame, "lightgbm/plain", "lightgbm/small", "linear/plain")
    whole = combined([(parts[0], 0.5), (parts[1], 0.25), (parts[2], 0.25)])
    answers = [answer_of(part, frame.problem.frame, frame.problem.classes) for part in parts]
    mean = 0.5 * answers[0] + 0.25 * answers[1] + 0.25 * answers[2]
    assert np.allclose(answer_of(whole, frame.problem.frame, frame.problem.classes), mean)
    scorer = proven(whole, frame, world[0])
    rows = world[0].slice(0, 1).to_pylist()
    scorer.rows(rows)
    assert quickest(lambda: scorer.rows(rows)) < 0.005


def test_members_that_prepare_alike_share_one_preparation(churn: World) -> None:
    frame = framed(churn, "left")
    parts = fitted(frame, "lightgbm/plain", "lightgbm/small")
    whole = combined([(part, 0.5) for part in parts])
    assert list(whole.named_steps) == ["prepare", "model"]
    proven(whole, frame, churn[0])
    assert [weight for _, weight in members_of(whole)] == [0.5, 0.5]


def test_an_ensemble_s_importance_is_the_mean_of_its_members(churn: World) -> None:
    frame = framed(churn, "left")
    parts = fitted(frame, "lightgbm/plain", "linear/plain")
    whole = importance(combined([(parts[0], 0.75), (parts[1], 0.25)]), frame.problem)
    single = [importance(part, frame.problem) for part in parts]
    assert sum(whole.values()) == pytest.approx(1.0)
    for name, share in whole.items():
        assert share == pytest.approx(0.75 * single[0][name] + 0.25 * single[1][name])


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("members", [1, 2])
def test_calibrated_probabilities_are_compiled(method: str, members: int, churn: World) -> None:
    frame = framed(churn, "left")
    parts = fitted(frame, "lightgbm/plain", "linear/plain")[:members]
    whole = combined([(part, 1.0 / members) for part in parts])
    given = answer_of(whole, frame.problem.frame, 2)
    seen = Ensemble(members=(), scores=(), answer=given, actual=frame.problem.target)
    bent, told, crossed = calibrated(whole, seen, method)
    assert told.startswith(f"probabilities are calibrated ({method})")
    assert crossed is not None
    assert not np.allclose(crossed.answer, given)
    assert not np.allclose(answer_of(bent, frame.problem.frame, 2), given)
    proven(bent, frame, churn[0])


def test_keeps_probabilities_that_hold(churn: World) -> None:
    random = np.random.default_rng(3)
    chance = random.uniform(0.05, 0.95, 4_000)
    actual = (random.uniform(size=4_000) < chance).astype(np.int64)
    seen = Ensemble(
        members=(), scores=(), answer=np.column_stack([1 - chance, chance]), actual=actual
    )
    assert calibrated("untouched", seen, "auto")[0] == "untouched"
    few = Ensemble(members=(), scores=(), answer=seen.answer[:50], actual=actual[:50])
    assert "too few" in calibrated("untouched", few, "isotonic")[1]


def quickest(work: Callable[[], Any]) -> float:
    best = float("inf")
    for _ in range(30):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best
