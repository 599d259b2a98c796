"""`CalibratedClassifierCV`: another classifier's scores, made into probabilities that hold."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.links import LINKS
from keepwell.deployment.scoring.heads.members import build_member, read_member
from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BINARY = 2
_NEVER_ZERO = 1e-12  # added to probabilities before their logarithm is taken


class Calibrated:
    """Bends the scores of each copy of the classifier, and takes the mean over the copies.

    Args:
        read: Gives the bundle's files.
        copies: By copy: `member`, its data; `skip`, how many numbers of its answer are left out;
            `curves`, which bend what is left; `places`, the class that each curve is of; and
            `temperature`, which takes the place of curves if it is not null.
        classes: How many there are.
    """

    def __init__(self, *, read: Read, copies: list[Data], classes: int) -> None:
        self._members = [build_member(copy["member"], read) for copy in copies]
        self._copies = copies
        self._classes = classes

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the copies and their curves."""
        classes = len(fitted.classes_)
        copies = [_copy(each, classes, files) for each in fitted.calibrated_classifiers_]
        return {"copies": copies, "classes": classes}

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        total = [0.0] * self._classes
        for member, copy in zip(self._members, self._copies, strict=True):
            given = member.row(features)
            if copy["temperature"] is not None:
                bent = _cooled(np.array([given]), copy)[0].tolist()
            else:
                bent = self._bent_row(given[copy["skip"] :], copy)
            total = [
                a + (1.0 if 1.0 < b <= 1.0 + 1e-5 else b) for a, b in zip(total, bent, strict=True)
            ]
        return [number / len(self._copies) for number in total]

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        return self._mean([member.batch(features) for member in self._members])

    def _mean(self, scores: "list[NDArray[np.float64]]") -> "NDArray[np.float64]":
        total = np.zeros((len(scores[0]), self._classes))
        for copy, given in zip(self._copies, scores, strict=True):
            if copy["temperature"] is not None:
                bent = _cooled(given, copy)
            else:
                bent = self._bent(given[:, copy["skip"] :], copy)
            total += np.where((bent > 1.0) & (bent <= 1.0 + 1e-5), 1.0, bent)
        return total / len(scores)

    def _bent_row(self, given: list[float], copy: Data) -> list[float]:
        parts = [0.0] * self._classes
        for score, curve, place in zip(given, copy["curves"], copy["places"], strict=True):
            if "x" in curve:
                parts[place] = float(np.interp(score, curve["x"], curve["y"]))
            else:
                parts[place] = LINKS["sigmoid"].row([-(curve["a"] * score + curve["b"])])[1]
        if self._classes == _BINARY:
            return [1.0 - parts[1], parts[1]]
        return LINKS["shares"].row(parts)

    def _bent(self, given: "NDArray[np.float64]", copy: Data) -> "NDArray[np.float64]":
        parts = np.zeros((len(given), self._classes))
        for scores, curve, place in zip(given.T, copy["curves"], copy["places"], strict=True):
            if "x" in curve:
                parts[:, place] = np.interp(scores, curve["x"], curve["y"])
            else:
                parts[:, place] = LINKS["sigmoid"].batch(
                    -(curve["a"] * scores + curve["b"])[:, None]
                )[:, 1]
        if self._classes == _BINARY:
            parts[:, 0] = 1.0 - parts[:, 1]
            return parts
        return LINKS["shares"].batch(parts)


def _cooled(given: "NDArray[np.float64]", copy: Data) -> "NDArray[np.float64]":
    logits = np.hstack([-given, given]) if copy["scored"] else np.log(given + _NEVER_ZERO)
    return LINKS["softmax"].batch(copy["temperature"] * logits)


def _copy(each: Any, classes: int, files: MutableMapping[str, bytes]) -> Data:
    scored = hasattr(each.estimator, "decision_function")
    if not scored and not hasattr(each.estimator, "predict_proba"):
        raise NotCompilableError("CalibratedClassifierCV calibrates an estimator without scores")
    temperature = None
    curves, places = [], []
    if each.method == "temperature":
        if scored and classes > _BINARY:
            raise NotCompilableError("CalibratedClassifierCV cools scores of several classes")
        temperature = float(each.calibrators[0].beta_)
    else:
        places = np.searchsorted(each.classes, each.estimator.classes_).tolist()
        places = [1] if classes == _BINARY else places
        curves = [_curve(calibrator) for calibrator in each.calibrators]
    return {
        "member": read_member(each.estimator, files, "score" if scored else "answer"),
        "scored": scored,
        "skip": int(not scored and classes == _BINARY),
        "curves": curves,
        "places": places,
        "temperature": temperature,
    }


def _curve(calibrator: Any) -> Data:
    if hasattr(calibrator, "a_"):
        return {"a": float(calibrator.a_), "b": float(calibrator.b_)}
    return {"x": calibrator.X_thresholds_.tolist(), "y": calibrator.y_thresholds_.tolist()}
