"""`OneVsRestClassifier`: a member per class, each against all the others."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.links import LINKS
from keepwell.deployment.scoring.heads.members import build_member, read_member
from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray


class OneVsRest:
    """Puts the members' answers side by side.

    Args:
        read: Gives the bundle's files.
        members: Their data; only one for two classes.
        scored: They give scores, and the class with the largest is certain.
    """

    def __init__(self, *, read: Read, members: list[Data], scored: bool) -> None:
        self._members = [build_member(member, read) for member in members]
        self._scored = scored

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the members."""
        if fitted.multilabel_:
            raise NotCompilableError("OneVsRestClassifier predicts several targets")
        scored = not hasattr(fitted, "predict_proba")
        ask = "score" if scored else "answer"
        members = [read_member(member, files, ask) for member in fitted.estimators_]
        return {"members": members, "scored": scored}

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        answers = [member.row(features)[-1] for member in self._members]
        if self._scored:
            return LINKS["certain"].row(answers)
        if len(answers) == 1:
            answers = [1.0 - answers[0], answers[0]]
        total = sum(answers)
        return [answer / total for answer in answers] if total else answers

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        answers = np.column_stack([member.batch(features)[:, -1] for member in self._members])
        if self._scored:
            return LINKS["certain"].batch(answers)
        if answers.shape[1] == 1:
            answers = np.hstack([1.0 - answers, answers])
        total = answers.sum(axis=1, keepdims=True)
        return np.asarray(answers / np.where(total == 0.0, 1.0, total))
