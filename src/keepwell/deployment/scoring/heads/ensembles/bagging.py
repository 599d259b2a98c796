"""`BaggingClassifier` and `BaggingRegressor`: the mean of members that each see some of the columns."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.classes import classes_of
from keepwell.deployment.scoring.heads.members import build_member, read_member
from keepwell.deployment.scoring.heads.trees.collected import are_trees, forest_of, mean_of
from keepwell.deployment.scoring.parts import Data, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Bagging:
    """Takes the mean of its members' answers.

    Args:
        read: Gives the bundle's files.
        members: By member: `member`, its data; `columns`, the positions that it sees; `places`, where
            its classes are, or null for a regression; `votes`, whether it answers with a label.
        width: How many numbers an answer has.
    """

    def __init__(self, *, read: Read, members: list[Data], width: int) -> None:
        self._members = [(build_member(data["member"], read), data) for data in members]
        self._width = width

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the members; trees become a forest."""
        width = len(getattr(fitted, "classes_", [0]))
        if are_trees(fitted.estimators_):
            return _forest(fitted, width, files)
        members = []
        for member, columns in zip(fitted.estimators_, fitted.estimators_features_, strict=True):
            classes = classes_of(member)
            votes = classes is not None and not hasattr(member, "predict_proba")
            members.append(
                {
                    "member": read_member(member, files, "label" if votes else "answer"),
                    "columns": np.asarray(columns).tolist(),
                    "places": [0] if classes is None else [int(code) for code in classes],
                    "votes": votes,
                }
            )
        return {"members": members, "width": width}

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        total = [0.0] * self._width
        for member, data in self._members:
            answer = member.row([features[at] for at in data["columns"]])
            if data["votes"]:
                total[data["places"][int(answer[0])]] += 1.0
            else:
                for place, number in zip(data["places"], answer, strict=True):
                    total[place] += number
        return [number / len(self._members) for number in total]

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        total = np.zeros((len(features), self._width))
        every = np.arange(len(features))
        for member, data in self._members:
            answer = member.batch(features[:, data["columns"]])
            places = np.array(data["places"])
            if data["votes"]:
                total[every, places[answer[:, 0].astype(np.intp)]] += 1.0
            else:
                total[:, places] += answer
        return total / len(self._members)


def _forest(fitted: Any, width: int, files: MutableMapping[str, bytes]) -> Data:
    trees, columns = fitted.estimators_, fitted.estimators_features_
    features = int(fitted.n_features_in_)
    if not hasattr(fitted, "classes_"):
        return mean_of(trees, features, files, columns)
    says = []
    for tree in trees:
        said = np.zeros((tree.tree_.node_count, width))
        said[:, [int(code) for code in tree.classes_]] = tree.tree_.value[:, 0, :]
        says.append(said)
    return forest_of(trees, says, features, files, columns)
