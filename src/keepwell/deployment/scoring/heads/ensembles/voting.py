"""`VotingClassifier` and `VotingRegressor`: the mean of what members answer, or their vote."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.classes import classes_of
from keepwell.deployment.scoring.heads.links import LINKS
from keepwell.deployment.scoring.heads.members import build_member, read_member
from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Voting:
    """Weighs its members' answers.

    Args:
        read: Gives the bundle's files.
        members: Their data.
        weights: One per member.
        classes: How many there are to vote for; null for the mean of the answers.
    """

    def __init__(
        self, *, read: Read, members: list[Data], weights: list[float], classes: int | None
    ) -> None:
        self._members = [build_member(member, read) for member in members]
        self._weights, self._total = weights, sum(weights)
        self._classes = classes

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the members; those that were dropped are left out."""
        hard = getattr(fitted, "voting", "soft") == "hard"
        weights = fitted._weights_not_none or [1.0] * len(fitted.estimators_)
        known = classes_of(fitted)
        classes = None if known is None else len(known)
        for member in fitted.estimators_:
            known = classes_of(member)
            if classes is not None and (known is None or len(known) != classes):
                raise NotCompilableError("VotingClassifier has a member that knows other classes")
        ask = "label" if hard else "answer"
        return {
            "members": [read_member(member, files, ask) for member in fitted.estimators_],
            "weights": [float(weight) for weight in weights],
            "classes": classes if hard else None,
        }

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        answers = [member.row(features) for member in self._members]
        if self._classes is not None:
            votes = [0.0] * self._classes
            for (label,), weight in zip(answers, self._weights, strict=True):
                votes[int(label)] += weight
            return LINKS["certain"].row(votes)
        weighed = [
            [number * weight for number in answer]
            for answer, weight in zip(answers, self._weights, strict=True)
        ]
        return [sum(numbers) / self._total for numbers in zip(*weighed, strict=True)]

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        answers = [member.batch(features) for member in self._members]
        if self._classes is not None:
            every = np.arange(len(features))
            votes = np.zeros((len(features), self._classes))
            for answer, weight in zip(answers, self._weights, strict=True):
                votes[every, answer[:, 0].astype(np.intp)] += weight
            return LINKS["certain"].batch(votes)
        weighed = [a * weight for a, weight in zip(answers, self._weights, strict=True)]
        return np.asarray(sum(weighed) / self._total)
