"""Whatever a candidate does, the comparison goes on; what was finished is not done again."""

from collections.abc import Iterator

from training_troublemakers import MoodyBench

from keepwell.core.progress import SilentProgress
from keepwell.training.learners import Candidate
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import Job, Outcome
from keepwell.training.search.store import Memory, MemoryStore, TrialStore
from keepwell.training.tasks.comparing import Attempt, Contest, Terms, Turn, best_first
from keepwell.training.workers import ChildRunner, Grant, HereRunner, Runner
from keepwell.training.workers.choice import START, TINY, open_bench


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


def attempt(name: str, score: float = 0.5, *, sure: bool = False) -> Attempt:
    return Attempt(candidate=Candidate(name=name, learner=name, params={"score": score}), sure=sure)


def contest(
    bench: MoodyBench,
    runner: Runner | None = None,
    *,
    budget: Budget | None = None,
    store: TrialStore | None = None,
) -> Contest:
    return Contest(
        bench,
        runner or HereRunner.over(bench),
        budget or Budget(60.0),
        SilentProgress(),
        memory=Memory.of(store, Asked()),
        terms=Terms(share=0.6),
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
