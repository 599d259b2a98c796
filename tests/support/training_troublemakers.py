"""Learners that misbehave, by name, so that a child process can load them."""

import os
import signal
import time
from collections.abc import Sequence
from typing import Any

from keepwell.training.learners import Candidate, Fitted
from keepwell.training.problem import Problem
from keepwell.training.search.jobs import Job, Outcome


class Quiet:
    """Learns as much as the baseline, and does no harm."""

    flavour: Any = "tree"
    interruptible = False

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        name = type(self).__name__.lower()
        return [Candidate(name=name, learner=name)]

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        return 0.01

    def fit(self, *given: Any) -> Fitted:
        from sklearn.dummy import DummyClassifier

        return Fitted(model=DummyClassifier().fit(given[2].values, given[3]))


class Killed(Quiet):
    """Dies as by `kill -9`."""

    def fit(self, *given: Any) -> Fitted:
        os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(*given)


class Leaves(Quiet):
    """Ends its process."""

    def fit(self, *given: Any) -> Fitted:
        os._exit(7)


class Hungry(Quiet):
    """Allocates for ever."""

    def fit(self, *given: Any) -> Fitted:
        eaten = []
        while True:
            eaten.append(b"x" * (8 << 20))
            time.sleep(0.001)


class Endless(Quiet):
    """Never returns."""

    def fit(self, *given: Any) -> Fitted:
        while True:
            time.sleep(0.01)


class Raises(Quiet):
    """Fails in Python."""

    def fit(self, *given: Any) -> Fitted:
        raise RuntimeError("out of luck")


class Nonsense(Quiet):
    """Predicts what is no number."""

    def fit(self, *given: Any) -> Fitted:
        fitted = super().fit(*given)
        fitted.model.class_prior_ = fitted.model.class_prior_ * float("nan")
        return fitted


class MoodyBench:
    """Does jobs as the name of their learner says."""

    def perform(self, job: Job, *given: Any) -> Outcome:
        name = job.candidate.learner
        if name == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "hungry":
            held = []
            while True:
                held.append(bytearray(50 << 20))
        if name == "endless":
            time.sleep(600)
        return Outcome(
            score=float(job.candidate.params["score"] or 0.0), seconds=0.1, pipeline=name
        )
