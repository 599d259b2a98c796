"""Whatever a candidate does, the comparison goes on; what was finished is not done again."""

import signal
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from training_troublemakers import MoodyBench
from training_worlds import world_of

from keepwell.core.errors import TrainingError
from keepwell.core.progress import SilentProgress
from keepwell.core.records import Task
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.training import train
from keepwell.training.learners import Candidate
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import Bench, Job, Outcome
from keepwell.training.search.store import Memory, MemoryStore, TrialStore
from keepwell.training.tasks.comparing import (
    Attempt,
    Contest,
    Terms,
    Turn,
    best_first,
    performed,
    unbeaten,
)
from keepwell.training.workers import ChildRunner, Grant, HereRunner, Runner
from keepwell.training.workers.choice import START, TINY, open_bench
from keepwell.training.workers.runner import Done, Order, Report


class Asked:
    digest = "what is asked"


class Patient(MoodyBench):
    """Notes what it did; one of the candidates is interrupted."""

    def __init__(self) -> None:
        self.did: list[str] = []

    def perform(self, job: Job, *given: object) -> Outcome:
        if job.candidate.learner == "interrupted":
            raise KeyboardInterrupt
        self.did.append(job.candidate.name)
        return super().perform(job, *given)


class Elsewhere:
    """Stands for a child: does its jobs by a bench of its own, and notes what it was asked for."""

    parallel = 1

    def __init__(self, bench: Bench) -> None:
        self._does = HereRunner.over(bench)
        self.orders: list[Order] = []
        self.seconds: dict[str, float] = {}

    def renew(self, problem: object) -> None:
        raise AssertionError("a bench holds all that there is")

    def run(self, orders: Iterable[Order], done: Done, report: Report) -> None:
        def noted(order: Order, outcome: Outcome) -> None:
            self.orders.append(order)
            name = order.job.candidate.name
            if order.job.fold is not None:
                self.seconds[name] = max(self.seconds.get(name, 0.0), outcome.seconds)
            done(order, outcome)

        self._does.run(orders, noted, report)

    def close(self) -> None:
        """Nothing is held."""


def attempt(name: str, score: float = 0.5, *, sure: bool = False) -> Attempt:
    return Attempt(candidate=Candidate(name=name, learner=name, params={"score": score}), sure=sure)


def contest(
    bench: MoodyBench,
    runner: Runner | None = None,
    *,
    budget: Budget | None = None,
    store: TrialStore | None = None,
    terms: Terms | None = None,
) -> Contest:
    return Contest(
        bench,
        runner or HereRunner.over(bench),
        budget or Budget(60.0),
        SilentProgress(),
        memory=Memory.of(store, Asked()),
        terms=terms or Terms(share=0.6),
    )


def turns(tried: list[Attempt]) -> Iterator[Turn]:
    return (Turn(attempt=one, fold=0, done=0.0) for one in tried)


def test_a_candidate_that_dies_overruns_or_overeats_is_noted_and_the_others_go_on() -> None:
    clock = [0.0]
    budget = Budget(20.0, now=lambda: clock[0])
    tried = [attempt(name) for name in ("baseline", "killed", "hungry", "good", "endless", "late")]

    def planned() -> Iterator[Turn]:
        for turn in turns(tried):
            if turn.attempt.candidate.name == "endless":
                clock[0] = 11.7  # of the 12 seconds for comparing
            if turn.attempt.candidate.name == "late":
                clock[0] = 12.1
            yield turn

    bench = MoodyBench()
    with ChildRunner.over(bench, memory=Grant.for_children(600 << 20)) as runner:
        made = contest(bench, runner, budget=budget)
        made.compare(planned())
        found = made.fitted(tried[1:])
    notes = {one.candidate.name: one.note for one in tried}
    assert notes["baseline"] == notes["good"] == ""
    assert notes["killed"] == "its process died of SIGKILL"
    assert "memory" in notes["hungry"].lower()
    assert notes["endless"].startswith("stopped after 0.")
    assert notes["late"] == "not tried within the budget"
    assert {one.candidate.name for one in tried if one.scores} == {"baseline", "good"}
    assert found == (tried[3], "good")


def test_what_was_finished_is_taken_over_and_failures_too_but_not_what_ran_out_of_time() -> None:
    store, bench = MemoryStore(), Patient()
    contest(bench, store=store).compare(turns([attempt("a", 0.1), attempt("b", 0.2)]))
    Memory.of(store, Asked()).commit(
        Job(candidate=attempt("c").candidate, fold=0),
        Outcome(failed=True, note="failed: of itself"),
    )
    Memory.of(store, Asked()).commit(
        Job(candidate=attempt("d").candidate, fold=0),
        Outcome(failed=True, note="stopped after 1.0s"),
    )
    bench.did.clear()
    again = [attempt("a", 0.1), attempt("b", 0.3), attempt("c"), attempt("d")]
    made = contest(bench, store=store)
    made.compare(turns(again))
    assert bench.did == ["b", "d"]  # other settings, and what had no time
    assert [one.mean for one in again] == [0.1, 0.3, None, 0.5]
    assert made.findings(again[1])[0].message.endswith("that was stopped: 2 fits")


def test_the_first_does_not_lead_because_it_alone_went_through_all_folds() -> None:
    first, good, less, never = (attempt(name) for name in ("baseline", "good", "less", "never"))
    first.scores = {0: 0.5, 1: 0.9, 2: 0.9}
    good.scores, less.scores = {0: 0.6, 1: 0.8}, {0: 0.9}
    assert best_first([never, less, first, good], 1) == [first, good, less, never]
    first.scores[1] = 0.5
    assert best_first([never, less, first, good], 1) == [good, first, less, never]
    assert best_first([never, less, first, good], -1) == [first, good, less, never]


def test_ctrl_c_keeps_the_best_so_far_and_nothing_is_asked_after_it() -> None:
    bench = Patient()
    made = contest(bench)
    best = attempt("good")
    made.compare(turns([best, attempt("interrupted"), attempt("never")]))
    made.compare(turns([attempt("neither")]))
    assert bench.did == ["good"]
    assert made.interrupted
    assert "the search was interrupted; the best so far, good" in made.findings(best)[0].message


def test_what_has_to_come_back_is_given_time_however_little_is_left() -> None:
    bench, spent = Patient(), Budget(10.0)
    spent.charge(20.0)
    contest(bench, budget=spent).compare(turns([attempt("sure", sure=True), attempt("other")]))
    assert bench.did == ["sure"]


def test_only_what_is_tiny_short_and_ours_is_done_here() -> None:
    bench = MoodyBench()
    assert isinstance(open_bench(bench, cells=TINY, memory=None, seconds=60), HereRunner)
    assert isinstance(open_bench(bench, cells=TINY + 1, memory=None, seconds=START - 1), HereRunner)
    opened = open_bench(bench, cells=TINY, memory=None, seconds=60, ours=False)
    opened.close()
    assert isinstance(opened, ChildRunner)


def test_a_ctrl_c_that_a_library_swallows_ends_the_comparison_all_the_same() -> None:
    class Swallows(Patient):
        def perform(self, job: Job, *given: object) -> Outcome:
            if job.candidate.learner == "swallows":
                try:
                    signal.raise_signal(signal.SIGINT)
                except KeyboardInterrupt:
                    self.did.append("swallowed")
            return super().perform(job, *given)

    for names in (["good", "swallows", "never"], ["good", "swallows"]):
        bench = Swallows()
        made = contest(bench)
        made.compare(turns([attempt(name) for name in names]))
        made.compare(turns([attempt("neither")]))
        assert bench.did == ["good", "swallowed", "swallows"]
        assert made.interrupted


def test_who_was_better_and_could_not_be_fitted_to_all_rows_is_told_with_the_reason() -> None:
    class Short(MoodyBench):
        def perform(self, job: Job, *given: object) -> Outcome:
            if job.fold is None and job.candidate.name != "third":
                return Outcome(failed=True, note="stopped after 3.0s: it had no more time")
            return super().perform(job, *given)

    bench = Short()
    made = contest(bench)
    tried = [attempt("best", 0.9), attempt("second", 0.8), attempt("third", 0.7)]
    made.compare(turns(tried))
    found = made.fitted(tried)
    assert found == (tried[2], "third")
    assert [one.message for one in made.findings(tried[2])] == [
        "best and 1 more were better than third, but could not be fitted to all rows: stopped after "
        "3.0s: it had no more time; raise `budget:` or `memory:` under `train:`"
    ]
    assert tried[0].row().note.startswith("could not be fitted to all rows: stopped after")


def test_nothing_beats_the_first_only_if_another_was_measured_and_was_no_better() -> None:
    first, other = attempt("baseline"), attempt("other")
    assert not unbeaten([first, other], 1)
    first.scores = {0: 0.5, 1: 0.9}
    assert not unbeaten([first, other], 1)
    other.scores = {0: 0.6}  # on the same fold it is better
    assert not unbeaten([first, other], 1)
    assert unbeaten([first, other], -1)
    other.scores = {0: 0.5}
    assert unbeaten([first, other], 1)


@pytest.mark.parametrize(("task", "clusters"), [(Task.ANOMALY, None), (Task.CLUSTERING, 3)])
def test_the_last_fit_is_given_as_many_times_a_fold_as_it_has_more_rows(
    task: Task, clusters: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = f"keepwell.training.tasks.{task.value}"
    opened: list[Elsewhere] = []

    def opens(bench: Bench, **told: object) -> Elsewhere:
        opened.append(Elsewhere(bench))
        return opened[-1]

    clock, fitted = [0.0], Contest.fitted

    def late(self: Contest, ordered: Iterable[Attempt]) -> Any:
        clock[0] = 1_000.0
        return fitted(self, ordered)

    training = import_module(f"{at}.training")
    monkeypatch.setattr(training, "Budget", lambda seconds: Budget(seconds, now=lambda: clock[0]))
    monkeypatch.setattr(f"{at}.bench.MOST_ROWS", 60)
    monkeypatch.setattr("keepwell.training.tasks.comparing._LEAST", 0.0)
    monkeypatch.setattr(f"{at}.choosing.open_bench", opens)
    monkeypatch.setattr(Contest, "fitted", late)
    random = np.random.default_rng(0)
    place = 10.0 * random.integers(0, 3, 1_000)
    world = world_of({name: place + random.normal(size=1_000) for name in "ab"})
    train(*world, DataSpec(source="-"), TrainSpec(task=task, clusters=clusters, budget=60.0))
    last = opened[0].orders[-1]
    assert last.job.fold is None
    assert (
        last.seconds > 10 * opened[0].seconds[last.job.candidate.name]
    )  # a fold has 60 rows at most, and the last fit some 800


def test_what_is_sure_is_given_the_time_that_the_first_took() -> None:
    class Slow(MoodyBench):
        def perform(self, job: Job, *given: object) -> Outcome:
            clock[0] += 30.0
            return Outcome(score=0.5, seconds=30.0)

    clock = [0.0]
    runner = Elsewhere(Slow())
    budget = Budget(20.0, now=lambda: clock[0])
    made = contest(Slow(), runner, budget=budget)
    made.compare(turns([attempt("baseline"), attempt("sure", sure=True)]))
    assert [order.seconds for order in runner.orders] == [60.0]


def test_a_fit_may_be_told_to_stop_before_its_time_is_up() -> None:
    clock = [0.0]
    runner = Elsewhere(MoodyBench())
    made = contest(
        MoodyBench(), runner, budget=Budget(100.0, now=lambda: clock[0]),
        terms=Terms(share=0.6, until=0.5),
    )  # fmt: skip
    made.compare(turns([attempt("one")]))
    order = runner.orders[0]
    assert (order.seconds, order.grace) == (30.0, 30.25)
    clock[0] = 29.0
    assert not order.stop()
    clock[0] = 30.0
    assert order.stop()


def test_what_is_prepared_for_the_first_is_not_held_where_others_do_the_rest() -> None:
    class Holds(MoodyBench):
        held = False

        def perform(self, job: Job, *given: object) -> Outcome:
            self.held = True
            return super().perform(job, *given)

    bench = Holds()
    made = contest(bench, Elsewhere(Holds()))
    made.compare(turns([attempt("baseline")]))
    assert made.fitted([attempt("baseline")]) is not None
    assert not bench.held
    contest(bench).compare(turns([attempt("baseline")]))
    assert bench.held


def test_an_error_meant_for_the_user_is_a_note_only_where_there_is_something_else() -> None:
    error = TrainingError("the column is not there", now="name another")

    def failing(error: Exception) -> Callable[[], Outcome]:
        def work() -> Outcome:
            raise error

        return work

    noted = performed(Job(candidate=attempt("other").candidate, fold=0), failing(error))
    assert noted.note.startswith("failed: TrainingError: the column is not there")
    first = Job(candidate=attempt("baseline").candidate, fold=0)
    with pytest.raises(TrainingError, match="the column is not there"):
        performed(first, failing(error))
    assert performed(first, failing(ValueError("x"))).failed
