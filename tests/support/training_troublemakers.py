"""Learners that misbehave, by name, so that a child process can load them."""

import os
import signal
import time
from collections.abc import Sequence
from typing import Any

from keepwell.training.learners import Candidate, Fitted
from keepwell.training.problem import Problem


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
