from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from training_worlds import Listener, World

from keepwell.core.spec import DataSpec, Range, SearchSpec, TrainSpec, Values
from keepwell.training.framing import Framed, frame_problem
from keepwell.training.learners import Candidate, Fitted, Watch, installed
from keepwell.training.problem import Matrix, Problem
from keepwell.training.search import Budget, Search, Trial
from keepwell.training.search.jobs import Job, Workbench, part_of
from keepwell.training.search.pace import Pace
from keepwell.training.search.search import bounded
from keepwell.training.search.store import Memory, MemoryStore
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


class Good(Slow):
    """A learner that takes as long, and does learn."""

    flavour: Any = "linear"

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        return [Candidate(name="good", learner="good")]

    def fit(self, *given: Any) -> Fitted:
        from sklearn.linear_model import LogisticRegression

        self.clock.time += self.takes
        return Fitted(model=LogisticRegression(max_iter=500).fit(given[2].values, given[3]))


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
    learners = installed(["lightgbm", "linear"])
    trials = Search(frame.problem, once(frame), learners, Budget(60), Listener()).run()
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
    learners = installed(["lightgbm", "linear"])
    Search(frame.problem, once(frame), learners, Budget(60), listener).run()
    fractions = [fraction for _, fraction, _ in listener.heard if fraction is not None]
    assert len(fractions) > 20
    assert fractions[0] < 0.2
    assert fractions[-1] > 0.6
    message, _, left = listener.heard[-1]
    assert message.startswith("trying ")
    assert " of 5 (best roc_auc 0." in message
    assert left is not None


def test_searches_through_a_part_of_very_many_cells(churn: World) -> None:
    frame = framed(churn)
    train, held = bounded(frame.folds[0], columns=1_000, seed=0, cells=1_000)
    assert len(train) + len(held) == len(frame.folds[0][0]) + len(frame.folds[0][1])
    rows = np.arange(50_000)
    train, held = bounded((rows[:40_000], rows[40_000:]), columns=2, seed=0, cells=20_000)
    assert (len(train), len(held)) == (8_000, 2_000)
    assert set(held) <= set(range(40_000, 50_000))


def test_learns_from_larger_parts_that_hold_the_smaller_ones() -> None:
    rows = np.arange(1_000)
    small, large = part_of(rows, 0.1, seed=1), part_of(rows, 0.4, seed=1)
    assert (len(small), len(large)) == (100, 400)
    assert set(small) < set(large)


def test_goes_on_where_a_killed_search_was_and_ends_the_same(churn: World) -> None:
    frame = framed(churn)
    spec = SearchSpec(method="random", trials=3)

    def search(store: MemoryStore, learners: dict[str, Any]) -> Search:
        budget = Budget(600)
        return Search(
            frame.problem, once(frame), learners, budget, Listener(), spec=spec, store=store
        )

    whole = search(MemoryStore(), installed(["linear"]))
    expected = whole.run()

    class Dies(Exception):
        pass

    class Stops(MemoryStore):
        def write(self, key: str, data: bytes) -> None:
            if len(self.documents) > 9:
                raise Dies
            super().write(key, data)

    store = Stops()
    with pytest.raises(Dies):
        search(store, installed(["linear"])).run()
    kept = MemoryStore()
    kept.documents = dict(store.documents)
    again = search(kept, installed(["linear"]))
    trials = again.run()
    assert again.report().resumed == len(store.documents) - 1  # one tells the time that was spent
    assert [(t.candidate, t.scores) for t in trials] == [(t.candidate, t.scores) for t in expected]
    for one, other in zip(trials, expected, strict=True):
        assert one.answers.keys() == other.answers.keys()
        assert all(np.array_equal(one.answers[f], other.answers[f]) for f in one.answers)


def test_counts_the_time_that_a_killed_search_spent(churn: World) -> None:
    frame, store = framed(churn), MemoryStore()
    memory = Memory(store, frame.problem, once(frame))
    memory.spend(30.0)
    budget = Budget(100.0, Clock())
    Search(frame.problem, once(frame), installed(["linear"]), budget, Listener(), store=store)
    assert budget.spent == 30.0


def test_keeps_the_best_so_far_when_it_is_interrupted(churn: World) -> None:
    frame = framed(churn)

    class Interrupted(Slow):
        def fit(self, *given: Any) -> Fitted:
            raise KeyboardInterrupt

    learners = {**installed(["linear"]), "slow": Interrupted(Clock(), 0, 0, offers=1)}
    search = Search(frame.problem, once(frame), learners, Budget(60), Listener())
    trials = search.run()
    assert search.interrupted
    assert trials[0].candidate.learner == "linear"

    class AtOnce(Interrupted):
        def candidates(self, problem: Problem) -> Sequence[Candidate]:
            return [Candidate(name="baseline", learner="baseline")]

    early = {"baseline": AtOnce(Clock(), 0, 0)}
    with pytest.raises(KeyboardInterrupt):
        Search(frame.problem, once(frame), early, Budget(60), Listener()).run()


def test_fits_what_prepares_columns_on_a_fold_s_own_rows(
    churn: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sklearn.preprocessing import OrdinalEncoder

    frame = framed(churn)
    position = {index: at for at, index in enumerate(frame.problem.frame.index)}
    fitted: list[set[int]] = []
    original = OrdinalEncoder.fit

    def spy(self: Any, values: Any, y: Any = None) -> Any:
        fitted.append({position[index] for index in values.index})
        return original(self, values, y)

    monkeypatch.setattr(OrdinalEncoder, "fit", spy)
    folds = once(frame)
    learners = installed(["lightgbm"])
    spec = SearchSpec(trials=0)
    Search(frame.problem, folds, learners, Budget(60), Listener(), spec=spec).run()
    trained = [set(train.tolist()) for train, _ in folds]
    assert fitted
    assert all(any(rows == train for train in trained) for rows in fitted)


def test_tries_every_combination_of_a_grid_and_marks_the_best(churn: World) -> None:
    frame = framed(churn)
    space: dict[str, dict[str, Values]] = {
        "lightgbm": {"num_leaves": (4, 8), "learning_rate": (0.05, 0.3)}
    }
    spec = SearchSpec(method="grid", space=space, prune="none")
    search = Search(
        frame.problem, once(frame), installed(["lightgbm"]), Budget(60), Listener(), spec=spec
    )
    trials = search.run()
    tried = [t.candidate.params for t in trials if t.candidate.source == "grid"]
    assert len(tried) == 4
    assert {(p["num_leaves"], p["learning_rate"]) for p in tried} == {
        (4, 0.05), (4, 0.3), (8, 0.05), (8, 0.3)
    }  # fmt: skip
    assert trials[0].candidate.source == "grid"
    assert all(len(trial.scores) == 5 for trial in trials)


def test_stops_trials_early_that_others_beat_on_the_first_folds(churn: World) -> None:
    frame = framed(churn)
    spec = SearchSpec(
        method="random", trials=8, space={"linear": {"C": Range(low=1e-6, high=10, log=True)}}
    )
    search = Search(
        frame.problem, once(frame), installed(["linear"]), Budget(60), Listener(), spec=spec
    )
    trials = search.run()
    stopped = [t for t in trials if t.note.startswith("stopped early")]
    assert stopped
    assert all(len(trial.scores) == 2 for trial in stopped)
    assert search.report().pruned == len(stopped)


def test_draws_the_same_trials_for_the_same_seed(churn: World) -> None:
    frame = framed(churn)
    spec = SearchSpec(method="random", trials=4)

    def drawn() -> list[Any]:
        learners = installed(["linear"])
        search = Search(frame.problem, once(frame), learners, Budget(60), Listener(), spec=spec)
        return sorted(str(t.candidate.params) for t in search.run())

    assert drawn() == drawn()


def test_hands_matrices_of_the_learner_s_own_flavour(churn: World) -> None:
    seen: list[Matrix] = []

    class Curious(Slow):
        def fit(self, *given: Any) -> Fitted:
            seen.append(given[2])
            assert isinstance(given[5], Watch)
            return super().fit(*given)

    searched(churn, {"slow": Curious(Clock(), 0, 0, offers=1)}, Budget(60))
    assert all(matrix.categorical == (2,) for matrix in seen)


def test_stops_early_by_rows_that_are_not_scored(churn: World) -> None:
    frame = framed(churn)
    seen: list[tuple[set[Any], set[Any], int | None]] = []

    class Stopping(Slow):
        flavour: Any = "frame"
        stops_early = True

        def fit(self, *given: Any) -> Fitted:
            watch = given[5]
            held = set() if watch.validation is None else set(watch.validation[0].values.index)
            seen.append((set(given[2].values.index), held, watch.rounds))
            return replace(super().fit(*given), rounds=80)

    learners = {**installed(["baseline"]), "slow": Stopping(Clock(), 0, 0, offers=1)}
    Search(frame.problem, once(frame), learners, Budget(60), Listener()).run()
    index = frame.problem.frame.index
    scored = [set(index[held]) for _, held in once(frame)]
    assert len(seen) == 2 * len(scored)  # with a part set apart, and again with all
    for number, (learnt, apart, rounds) in enumerate(seen):
        fold = scored[number // 2]
        assert not (learnt | apart) & fold
        assert (rounds is None) == bool(apart) == (number % 2 == 0)
        assert len(learnt | apart) == len(index) - len(fold)
    assert all(rounds == 100 for *_, rounds in seen[1::2])  # 80 of four fifths of the rows


def test_later_folds_of_many_rows_take_the_rounds_that_the_first_ones_found(churn: World) -> None:
    frame = framed(churn)
    bench = Workbench(frame.problem, once(frame), installed(["lightgbm"]))
    candidate = installed(["lightgbm"])["lightgbm"].candidates(frame.problem)[0]
    job = Job(candidate=candidate, fold=1, rounds=50)
    told = bench.perform(job, lambda: False, lambda share: None)
    assert told.rounds is None
    assert told.score is not None


def test_keeps_time_for_what_follows(churn: World) -> None:
    frame, clock = framed(churn), Clock()
    everyone = {**installed(["baseline"]), "slow": Slow(clock, takes=2, guess=2)}
    budget = Budget(40, clock)
    search = Search(
        frame.problem, once(frame), everyone, budget, Listener(), after=lambda answering: 25.0
    )
    search.run()
    assert search.measuring == 25.0
    assert 4 <= clock.time <= 40 - 20  # at most half of it is kept


def test_keeps_time_for_the_likeliest_not_for_the_slowest(churn: World) -> None:
    frame, clock = framed(churn), Clock()
    learners: dict[str, Any] = {"quick": Slow(clock, 1, 1), "slow": Slow(clock, 100, 100)}
    pace = Pace(frame.problem, once(frame), members=1, parallel=1)
    pace.learn_from_part(learners["slow"], 100.0, 0.5)
    pace.learn_from_part(learners["quick"], 1.0, 0.5)
    trials = []
    for name, score in (("quick", 0.9), ("slow", 0.6)):
        trials.append(Trial(candidate=Candidate(name=name, learner=name), learner=learners[name]))
        trials[-1].sampled[0] = score
    assert pace.last_fits(trials) < 5


def test_learns_quickly_first_where_rows_are_few(churn: World) -> None:
    """What may eat the budget comes after what takes a second."""
    frame, clock = framed(churn), Clock()
    slow = Slow(clock, takes=30, guess=1)
    slow.interruptible = True
    everyone = {**installed(["baseline", "linear", "kernel"]), "slow": slow}
    many = replace(frame.problem, target=frame.problem.target.repeat(9))
    firsts = []
    for problem, folds in ((frame.problem, once(frame)), (many, frame.folds[:1])):
        listener = Listener()
        Search(problem, folds, everyone, Budget(40, clock), listener).run()
        told = [message for message, *_ in listener.heard if message.startswith("trying")]
        firsts.append(next(one for one in told if "baseline" not in one).split(",")[0])
    assert firsts == ["trying linear/plain", "trying slow/0"]


def test_what_is_quick_goes_first_for_a_quarter_of_the_budget_only(churn: World) -> None:
    """Of few seconds several times a second is most."""

    class Quick(Slow):
        def candidates(self, problem: Problem) -> Sequence[Candidate]:
            return [Candidate(name=f"quick/{n}", learner="perceptron") for n in range(5)]

    frame, clock, listener = framed(churn), Clock(), Listener()
    slow = Slow(clock, 1, 1, offers=1)
    slow.interruptible = True
    everyone = {
        **installed(["baseline"]),
        "perceptron": Quick(clock, 3, 3),
        "slow": slow,
    }
    Search(frame.problem, once(frame), everyone, Budget(24, clock), listener).run()
    told = [
        message.split(",")[0]
        for message, *_ in listener.heard
        if "quick" in message or "slow" in message
    ]
    assert told[:4] == ["trying quick/0", "trying quick/1", "trying quick/2", "trying slow/0"]


def test_who_leads_after_one_fold_is_not_lost_for_want_of_time_for_a_second(churn: World) -> None:
    """What is quick goes through more folds; that says nothing for it."""
    clock = Clock()
    learners = {"good": Good(clock, 3, 3), "slow": Slow(clock, 0.1, 0.1)}
    trials = searched(churn, learners, Budget(9, clock))
    assert trials[0].candidate.learner == "good"
    assert len(trials[0].scores) == 1


@pytest.mark.parametrize(
    ("named", "order", "through"),
    [
        (False, "aaabbb", ["a1", "a2", "b4", "b5"]),
        (False, "aaaaab", ["a1", "a2", "a3", "b6"]),
        (True, "aaaabb", ["a1", "a2", "a3", "a4"]),
    ],
)
def test_of_few_rows_two_of_a_learner_go_through_if_others_are_there(
    churn: World, named: bool, order: str, through: list[str]
) -> None:
    frame, clock = framed(churn), Clock()
    learners = {"a": Slow(clock, 1, 1), "b": Slow(clock, 1, 1)}
    search = Search(frame.problem, once(frame), learners, Budget(9, clock), Listener(), named=named)
    trials = [
        Trial(candidate=Candidate(name=f"{name}{at}", learner=name), learner=learners[name])
        for at, name in enumerate(order, 1)
    ]
    assert [trial.candidate.name for trial in search._varied(trials)] == through


@pytest.mark.parametrize(
    ("seconds", "kept", "folds"),
    [((1, 1, 20), 2, 5), ((1, 1, 1), 3, 5), ((20, 1, 1), 3, 2), ((9, 9, 9), 3, 2)],
    ids=["one is slow", "all are quick", "the best is slow", "all are slow"],
)
def test_of_few_rows_folds_are_worth_more_than_one_slow_trial(
    churn: World, seconds: tuple[int, ...], kept: int, folds: int
) -> None:
    frame, clock = framed(churn), Clock()
    learner: Any = Slow(clock, 1, 1)
    search = Search(
        frame.problem, once(frame), {"slow": learner}, Budget(20, clock), Listener(), named=False
    )
    chosen = []
    for at, each in enumerate(seconds):
        chosen.append(Trial(candidate=Candidate(name=f"{at}", learner="slow"), learner=learner))
        chosen[-1].seconds += [float(each)] * 2
    search._settle_folds(chosen)
    assert (len(chosen), search.primary) == (kept, folds)
