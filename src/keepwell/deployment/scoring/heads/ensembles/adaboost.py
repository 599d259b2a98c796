"""`AdaBoostClassifier` and `AdaBoostRegressor`: members that count more the better they are."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.links import LINKS
from keepwell.deployment.scoring.heads.members import build_member, read_member
from keepwell.deployment.scoring.heads.trees.collected import are_trees, forest_of, preferred
from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Boosting:
    """Adds up weighted votes for classes.

    Args:
        read: Gives the bundle's files.
        members: By member: `member`, its data; `says`, by position of the class that it predicts, what it
            adds to each class.
        total: The sums are divided by it.
        link: Makes the answer of the quotients.
    """

    def __init__(
        self, *, read: Read, members: list[Data], total: float, link: str = "votes"
    ) -> None:
        self._members = [build_member(data["member"], read) for data in members]
        self._says = [np.array(data["says"]) for data in members]
        self._total = total
        self._link = LINKS[link]

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the members and what each vote counts."""
        classes = fitted.classes_.tolist()
        if len(classes) == 1:
            raise NotCompilableError("AdaBoostClassifier knows one class only")
        total = float(fitted.estimator_weights_.sum())
        members, says = fitted.estimators_, []
        for member, weight in zip(members, fitted.estimator_weights_, strict=False):
            says.append(_votes(classes, member.classes_.tolist(), float(weight)))
        if are_trees(members):
            leaves = [votes[preferred(tree)] for tree, votes in zip(members, says, strict=True)]
            forest = forest_of(members, leaves, int(fitted.n_features_in_), files)
            return forest | {"divisor": total, "link": "votes"}
        data = [
            {"member": read_member(member, files, "label"), "says": votes.tolist()}
            for member, votes in zip(members, says, strict=True)
        ]
        return {"members": data, "total": total, "link": "votes"}

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        votes = [
            says[int(member.row(features)[0])]
            for member, says in zip(self._members, self._says, strict=True)
        ]
        return self._link.row((sum(votes) / self._total).tolist())

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        votes = [
            says[member.batch(features)[:, 0].astype(np.intp)]
            for member, says in zip(self._members, self._says, strict=True)
        ]
        return self._link.batch(np.asarray(sum(votes)) / self._total)


class WeightedMedian:
    """Gives the answer in the middle of the members' answers.

    Args:
        read: Gives the bundle's files.
        members: Their data.
        weights: How much each counts.
    """

    def __init__(self, *, read: Read, members: list[Data], weights: list[float]) -> None:
        self._members = [build_member(member, read) for member in members]
        self._weights = np.array(weights)

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the members and their weights."""
        weights = fitted.estimator_weights_[: len(fitted.estimators_)]
        members = [read_member(member, files) for member in fitted.estimators_]
        return {"members": members, "weights": weights.tolist()}

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        return [float(self._middle(np.array([[m.row(features)[0] for m in self._members]]))[0])]

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        return self._middle(np.hstack([m.batch(features) for m in self._members]))[:, None]

    def _middle(self, answers: "NDArray[np.float64]") -> "NDArray[np.float64]":
        order = np.argsort(answers, axis=1)
        reached = np.cumsum(self._weights[order], axis=1)
        middle = (reached >= 0.5 * reached[:, -1:]).argmax(axis=1)
        every = np.arange(len(answers))
        return np.asarray(answers[every, order[every, middle]])


def _votes(classes: list[Any], known: list[Any], weight: float) -> "NDArray[np.float64]":
    """Return what a member adds to each class, by position of the class that it predicts."""
    against = -1 / (len(classes) - 1) * weight
    says = np.full((len(known), len(classes)), against)
    says[np.arange(len(known)), [classes.index(label) for label in known]] = weight
    return says
