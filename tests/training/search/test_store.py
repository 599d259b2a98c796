"""What was finished is taken over for the same rows, settings and code, and for no others."""

from dataclasses import replace
from pathlib import Path

import pytest
from training_worlds import World

from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.training.framing import frame_problem
from keepwell.training.learners import Candidate
from keepwell.training.learners.base import Learner
from keepwell.training.learners.baseline import Baseline
from keepwell.training.learners.own.file import OwnFile
from keepwell.training.search.jobs import Job, Outcome
from keepwell.training.search.store import Memory, MemoryStore

BUILD = """
from sklearn.dummy import DummyClassifier

def build():
    return DummyClassifier(strategy="prior")
"""


def job(learner: str) -> Job:
    return Job(candidate=Candidate(name=learner, learner=learner), fold=0)


def test_what_came_of_a_users_file_goes_for_that_state_of_the_file(
    churn: World, tmp_path: Path
) -> None:
    framed = frame_problem(*churn, DataSpec(source="", target="left"), TrainSpec())
    file = tmp_path / "model.py"
    file.write_text(BUILD)
    learners: dict[str, Learner] = {
        "baseline": Baseline(),
        "model.py": OwnFile(name="model.py", path=str(file)),
    }
    store = MemoryStore()

    def memory() -> Memory:
        return Memory(store, framed.problem, framed.folds, learners)

    for name in learners:
        memory().commit(job(name), Outcome(failed=True, note="failed: of itself"))
    assert all(memory().recall(job(name)) is not None for name in learners)
    file.write_text(BUILD.replace("prior", "uniform"))
    assert memory().recall(job("model.py")) is None
    assert memory().recall(job("baseline")) is not None
    other = Memory(store, replace(framed.problem, seed=1), framed.folds, learners)
    assert other.recall(job("baseline")) is None


class Asked:
    digest = "what is asked"


@pytest.mark.parametrize(
    ("note", "kept"),
    [
        ("failed: ValueError: of itself", True),
        ("stopped after 1.0s: it had no more time", False),
        ("stopped: it took 900 MB of memory, and 800 MB are granted", False),
        ("failed: MemoryError: ", False),
        ("failed: _ArrayMemoryError: Unable to allocate 7.45 GiB for an array", False),
        ("failed: LightGBMError: std::bad_alloc", False),
        ("its process died of SIGKILL", False),
        ("its process ended with code 1", False),
    ],
)
def test_what_ran_out_of_time_or_memory_is_tried_again(note: str, kept: bool) -> None:
    store = MemoryStore()
    Memory.of(store, Asked()).commit(job("one"), Outcome(failed=True, note=note))
    assert (Memory.of(store, Asked()).recall(job("one")) is not None) is kept
