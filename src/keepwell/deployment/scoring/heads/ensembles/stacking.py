"""`StackingClassifier` and `StackingRegressor`: an estimator of what members answer."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.classes import classes_of
from keepwell.deployment.scoring.heads.members import build_member, read_member
from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BINARY = 2
_ASKS = {"predict_proba": "answer", "decision_function": "score", "predict": "label"}


class Stacking:
    """Asks the members, and hands their answers to the final estimator.

    Args:
        read: Gives the bundle's files.
        members: By member: `member`, its data; `skip`, how many numbers of its answer are left out;
            `labels`, what its positions of classes stand for, or null.
        final: Data of the final estimator.
        passthrough: It sees the row itself too.
    """

    def __init__(self, *, read: Read, members: list[Data], final: Data, passthrough: bool) -> None:
        self._members = [
            (
                build_member(data["member"], read),
                data["skip"],
                None if data["labels"] is None else np.array(data["labels"]),
            )
            for data in members
        ]
        self._final = build_member(final, read)
        self._passthrough = passthrough

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the members and the final estimator."""
        classes = classes_of(fitted)
        if isinstance(classes, list):
            raise NotCompilableError("StackingClassifier predicts several targets")
        members = []
        for member, method in zip(fitted.estimators_, fitted.stack_method_, strict=True):
            classifies = classes_of(member) is not None
            ask = _ASKS[method] if classifies else "answer"
            if ask == "answer" and classifies and not hasattr(member, "predict_proba"):
                raise NotCompilableError("StackingClassifier has a member without probabilities")
            drops = method == "predict_proba" and classes is not None and len(classes) == _BINARY
            labels = np.asarray(member.classes_) if ask == "label" else None
            if labels is not None and labels.dtype.kind not in "fiu":
                raise NotCompilableError("StackingClassifier has a member that answers in text")
            members.append(
                {
                    "member": read_member(member, files, ask),
                    "skip": int(drops),
                    "labels": None if labels is None else labels.astype(float).tolist(),
                }
            )
        return {
            "members": members,
            "final": read_member(fitted.final_estimator_, files),
            "passthrough": bool(fitted.passthrough),
        }

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        seen: list[float] = []
        for member, skip, labels in self._members:
            answer = member.row(features)
            seen += answer[skip:] if labels is None else [float(labels[int(answer[0])])]
        return self._final.row([*seen, *features] if self._passthrough else seen)

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        seen = []
        for member, skip, labels in self._members:
            answer = member.batch(features)
            seen.append(answer[:, skip:] if labels is None else labels[answer.astype(np.intp)])
        if self._passthrough:
            seen.append(np.asarray(features, dtype=np.float64))
        return self._final.batch(np.hstack(seen))
