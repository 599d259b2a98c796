from collections.abc import Sequence
from typing import Any

import pytest
from training_worlds import Listener, World

from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.training.framing import Framed, frame_problem
from keepwell.training.learners import Candidate, Fitted, Watch, installed
from keepwell.training.problem import Matrix, Problem
from keepwell.training.search import Budget, Search, Trial
from keepwell.training.splits.plans import Fold


class Clock:
    """Moves only when told."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


class Slow:
    """A learner that moves the clock by what a fit takes, and learns no more than the baseline."""

    flavour: Any = "tree"
    interruptible = False

    def __init__(self, clock: Clock, takes: float, guess: float, offers: int = 2) -> None:
        self.clock, self.takes, self.guess, self.offers = clock, takes, guess, offers
        self.fits = 0

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        return [Candidate(name=f"slow/{n}", learner="slow") for n in range(self.offers)]

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        return self.guess

    def fit(self, *given: Any) -> Fitted:
        from sklearn.dummy import DummyClassifier

        self.fits += 1
        self.clock.time += self.takes
        return Fitted(model=DummyClassifier().fit(given[2].values, given[3]))


class Broken(Slow):
    """A learner that always fails."""

    def fit(self, *given: Any) -> Fitted:
        raise RuntimeError("out of luck")


def framed(world: World) -> Framed:
    table, columns = world
    return frame_problem(table, columns, DataSpec(source="", target="left"), TrainSpec())


def once(frame: Framed) -> list[Fold]:
    """The folds of one cross-validation."""
    return frame.folds[: frame.primary]


def searched(world: World, learners: dict[str, Any], budget: Budget) -> list[Trial]:
    frame = framed(world)
    everyone = {**installed(["baseline"]), **learners}
    return Search(frame.problem, once(frame), everyone, budget, Listener()).run()


def test_compares_finalists_on_every_fold_and_puts_the_best_first(churn: World) -> None:
    frame = framed(churn)
    trials = Search(frame.problem, once(frame), installed(), Budget(60), Listener()).run()
    finalists = [trial for trial in trials if len(trial.scores) == 5]
    assert trials[: len(finalists)] == finalists
    means = [trial.mean for trial in finalists if trial.mean is not None]
    assert means == sorted(means, reverse=True)
    assert "baseline" in {trial.candidate.name for trial in finalists}


def test_starts_no_fold_that_would_overrun_the_budget(churn: World) -> None:
    clock = Clock()
    slow = Slow(clock, takes=10, guess=4)
    trials = searched(churn, {"slow": slow}, Budget(40, clock))
    assert clock.time <= 40
    assert slow.fits == 2
    notes = {trial.candidate.name: trial.note for trial in trials}
    assert notes["slow/0"] == "not every fold fitted into the budget"
    assert notes["baseline"] == ""


def test_brings_the_baseline_back_whatever_happens(churn: World) -> None:
    clock = Clock()
    clock.time = 99.0
    budget = Budget(0.0, clock)
    trials = searched(churn, {"slow": Slow(clock, takes=10, guess=4)}, budget)
    assert trials[0].candidate.name == "baseline"
    assert len(trials[0].scores) == 5


def test_survives_a_learner_that_fails(churn: World) -> None:
    trials = searched(churn, {"slow": Broken(Clock(), 1, 1)}, Budget(60))
    assert trials[0].candidate.name == "baseline"
    assert trials[1].note == "failed: RuntimeError: out of luck"


def test_tells_how_far_it_is(churn: World) -> None:
    frame, listener = framed(churn), Listener()
    Search(frame.problem, once(frame), installed(), Budget(60), listener).run()
    fractions = [fraction for _, fraction, _ in listener.heard if fraction is not None]
    assert len(fractions) > 20
    assert fractions[0] < 0.2
    assert fractions[-1] > 0.6
    message, _, left = listener.heard[-1]
    assert message.startswith("trying ")
    assert ", fold 5 of 5 (best roc_auc 0." in message
    assert left is not None


def test_searches_through_a_part_of_very_many_cells(
    churn: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keepwell.training.search.search._MOST_CELLS", 300)
    monkeypatch.setattr("keepwell.training.search.search._FEWEST_ROWS", 100)
    frame = framed(churn)
    search = Search(frame.problem, frame.folds, installed(["linear"]), Budget(60), Listener())
    assert search.sampled == 100
    assert search.run()[0].candidate.learner == "linear"


def test_hands_matrices_of_the_learner_s_own_flavour(churn: World) -> None:
    seen: list[Matrix] = []

    class Curious(Slow):
        def fit(self, *given: Any) -> Fitted:
            seen.append(given[2])
            assert isinstance(given[5], Watch)
            return super().fit(*given)

    searched(churn, {"slow": Curious(Clock(), 0, 0, offers=1)}, Budget(60))
    assert all(matrix.categorical == (2,) for matrix in seen)
