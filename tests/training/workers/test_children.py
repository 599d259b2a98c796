"""Whatever a learner does, the others go on."""

import os
import time
from collections.abc import Iterator

import psutil
import pytest
from training_troublemakers import Endless, Hungry, Killed, Leaves, Nonsense, Quiet, Raises
from training_worlds import World

from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.training.framing import Framed, frame_problem
from keepwell.training.learners import Candidate
from keepwell.training.search.jobs import Job, Outcome
from keepwell.training.workers import ChildRunner, Grant, Order

MEMORY = 600 << 20


@pytest.fixture
def framed(churn: World) -> Framed:
    return frame_problem(*churn, DataSpec(source="", target="left"), TrainSpec())


def order(name: str, seconds: float = 20.0) -> Order:
    job = Job(candidate=Candidate(name=name, learner=name), fold=0)
    return Order(job=job, stop=lambda: False, seconds=seconds)


def test_survives_crashes_hunger_and_fits_without_end(framed: Framed) -> None:
    learners = {
        "quiet": Quiet(),
        "killed": Killed(),
        "leaves": Leaves(),
        "hungry": Hungry(),
        "endless": Endless(),
        "raises": Raises(),
        "nonsense": Nonsense(),
    }
    outcomes: dict[str, Outcome] = {}

    def done(order: Order, outcome: Outcome) -> None:
        outcomes[order.job.candidate.name] = outcome

    orders = [order(name, seconds=1.0 if name == "endless" else 20.0) for name in learners]
    with ChildRunner(
        framed.problem, framed.folds, learners, memory=Grant.for_children(2 * MEMORY), parallel=2
    ) as runner:
        runner.run(iter(orders), done, lambda order, share: None)
    notes = {name: outcome.note for name, outcome in outcomes.items()}
    assert outcomes.keys() == learners.keys()
    assert not outcomes["quiet"].failed
    assert outcomes["quiet"].score == 0.5
    assert notes["killed"] == "its process died of SIGKILL"
    assert notes["leaves"] == "its process ended with code 7"
    assert "memory" in notes["hungry"].lower()
    assert notes["endless"].startswith("stopped after 1.")
    assert notes["raises"] == "failed: RuntimeError: out of luck"
    assert notes["nonsense"] == "failed: it predicts values that are not numbers"


def test_leaves_no_process_and_no_file_behind(framed: Framed) -> None:
    before = {child.pid for child in psutil.Process().children()}
    runner = ChildRunner(
        framed.problem, framed.folds, {"quiet": Quiet()}, memory=Grant.for_children(MEMORY)
    )
    folder = runner._folder.name
    runner.run(iter([order("quiet")]), lambda order, outcome: None, lambda order, share: None)
    runner.close()
    assert {child.pid for child in psutil.Process().children()} == before
    assert not os.path.exists(folder)


def test_gives_up_what_is_under_way_when_it_is_interrupted(framed: Framed) -> None:
    def orders() -> Iterator[Order]:
        yield order("endless", seconds=60.0)
        raise KeyboardInterrupt

    runner = ChildRunner(
        framed.problem,
        framed.folds,
        {"endless": Endless()},
        memory=Grant.for_children(2 * MEMORY),
        parallel=2,
    )
    start = time.monotonic()
    with runner, pytest.raises(KeyboardInterrupt):
        runner.run(orders(), lambda order, outcome: None, lambda order, share: None)
    assert time.monotonic() - start < 30
