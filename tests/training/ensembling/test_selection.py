from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training_worlds import World

from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.training.ensembling import select
from keepwell.training.ensembling.latency import microseconds_of
from keepwell.training.framing import Framed, frame_problem
from keepwell.training.learners import Candidate
from keepwell.training.search import Trial


@pytest.fixture
def framed(prices: World) -> Framed:
    return frame_problem(*prices, DataSpec(source="", target="price"), TrainSpec())


def trial(
    framed: Framed, name: str, error: "np.typing.NDArray[np.float64]", rounds: int = 100
) -> Trial:
    made = Trial(
        candidate=Candidate(name=name, learner=name.partition("/")[0]), learner=cast("Any", None)
    )
    for number in range(framed.primary):
        held = framed.folds[number][1]
        answer = framed.problem.target[held] + error[held]
        made.answers[number] = answer
        made.scores[number] = float(np.sqrt(np.mean(error[held] ** 2)))
        made.rounds.append(float(rounds))
    return made


def test_lets_models_vote_whose_errors_cancel_out(framed: Framed) -> None:
    random = np.random.default_rng(0)
    noise = random.normal(size=framed.problem.rows)
    one, other = trial(framed, "a/1", noise), trial(framed, "b/1", -0.9 * noise)
    found = select(framed.problem, framed.folds, [other, one], primary=framed.primary)
    assert found is not None
    assert {member.candidate.name for member, _ in found.members} == {"a/1", "b/1"}
    assert sum(weight for _, weight in found.members) == pytest.approx(1.0)
    assert max(found.scores) < 0.1


def test_leaves_a_model_alone_that_no_other_helps(framed: Framed) -> None:
    random = np.random.default_rng(0)
    noise = random.normal(size=framed.problem.rows)
    found = select(
        framed.problem,
        framed.folds,
        [trial(framed, "a/1", noise), trial(framed, "b/1", 3 * noise)],
        primary=framed.primary,
    )
    assert found is not None
    assert [weight for _, weight in found.members] == [1.0]


def test_takes_no_more_than_one_row_may_wait_for(framed: Framed) -> None:
    random = np.random.default_rng(1)
    trials = [
        trial(framed, f"a/{n}", random.normal(size=framed.problem.rows), rounds=400)
        for n in range(6)
    ]
    trials.sort(key=lambda one: one.mean or 0.0)
    each = microseconds_of(trials[0], framed.problem)
    for time, most in ((5 * each, 5), (2.2 * each, 2), (0.8 * each, 1)):
        found = select(
            framed.problem, framed.folds, trials, primary=framed.primary, most=6, microseconds=time
        )
        assert found is not None
        assert len(found.members) <= most
    limited = select(
        framed.problem, framed.folds, trials, primary=framed.primary, most=3, microseconds=9 * each
    )
    assert limited is not None
    assert len(limited.members) == 3


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 5))
def test_is_never_worse_than_the_best_single_model_on_the_held_out_rows(
    seed: int, count: int
) -> None:
    from training_worlds import world_of

    random = np.random.default_rng(seed)
    x = random.normal(size=60)
    framed = frame_problem(
        *world_of({"x": x, "y": x + random.normal(size=60)}),
        DataSpec(source="", target="y"),
        TrainSpec(folds=3),
    )
    trials = [
        trial(framed, f"a/{n}", random.normal(size=framed.problem.rows) * (1 + n))
        for n in range(count)
    ]
    trials.sort(key=lambda one: one.mean or 0.0)
    found = select(framed.problem, framed.folds, trials, primary=framed.primary)
    assert found is not None
    assert np.mean(found.scores) <= (trials[0].mean or 0.0) + 1e-9
