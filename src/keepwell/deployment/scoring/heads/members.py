"""Estimators inside an ensemble, which asks them for one of three things.

`answer`: probabilities, or a number. `score`: what the original's `decision_function` gives. `label`: the
position, among its classes, of the class that the original's `predict` gives.

A member may be a pipeline, or an ensemble again. One that has no compiled form runs as it is.
"""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.classes import classes_of
from keepwell.deployment.scoring.parts import (
    Data,
    Head,
    NotCompilableError,
    Read,
    build_head,
    name_of,
    read_head,
    read_step,
)
from keepwell.deployment.scoring.steps.sparsity import refuse_skipped_zeros

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SECOND_AT_ZERO = ("sklearn.GradientBoostingClassifier",)  # all others prefer the first class there
_SCORES = {"sklearn.AdaBoostClassifier": "difference"}  # by name, the link; `raw` for all others


class Labels:
    """Gives the position of the class that a head prefers.

    Args:
        head: Gives one score for the second of two classes, or one number per class.
        at_zero: Position of the class that a single score of zero means.
    """

    def __init__(self, head: Head, at_zero: int) -> None:
        self._head = head
        self._at_zero = at_zero

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        scores = self._head.row(features)
        if len(scores) > 1:
            return [float(scores.index(max(scores)))]
        return [float(self._at_zero if scores[0] == 0.0 else scores[0] > 0.0)]

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        scores = self._head.batch(features)
        if scores.shape[1] > 1:
            best = scores.argmax(axis=1)
        else:
            single = scores[:, 0]
            best = np.where(single == 0.0, self._at_zero, single > 0.0)
        return np.asarray(best, dtype=np.float64)[:, None]


def read_member(fitted: Any, files: MutableMapping[str, bytes], ask: str = "answer") -> Data:
    """Return the data of a member.

    Raises:
        TrainingError: If it has no compiled form and cannot be stored as it is.
    """
    fitted = _thawed(fitted)
    ask = "answer" if classes_of(fitted) is None else ask
    before = dict(files)
    try:
        return _read(fitted, files, ask)
    except NotCompilableError as reason:
        for name in files.keys() - before.keys():  # of the half that was read
            del files[name]
        return {"head": keep_member(fitted, files, reason=str(reason), ask=ask)}


def keep_member(
    fitted: Any, files: MutableMapping[str, bytes], *, reason: str, ask: str = "answer"
) -> Data:
    """Put a member into a file of its own; return the data of what runs it as it is.

    Raises:
        TrainingError: If it holds a type that is not loaded.
    """
    from keepwell.deployment.scoring.original import keep

    return keep(fitted, files, where=type(fitted).__name__, reason=reason) | {"ask": ask}


def build_member(data: Data, read: Read) -> Head:
    """Return the member that `data` describes."""
    head = build_head(data["head"], read)
    return Labels(head, data["at_zero"]) if "at_zero" in data else head


def chain_data(pipeline: Any, files: MutableMapping[str, bytes], ask: str) -> Data:
    """Return what `Chained` is built from: the steps before the estimator, and the estimator."""
    steps = [
        (name, step)
        for name, step in pipeline.steps[:-1]
        if step is not None and step != "passthrough"
    ]
    refuse_skipped_zeros(step for _, step in steps)
    return {
        "steps": [read_step(step, files, name) for name, step in steps],
        "member": read_member(pipeline.steps[-1][1], files, ask),
    }


def _thawed(fitted: Any) -> Any:
    """Return the estimator that answers: within a frozen one, or the best that a search refitted."""
    while name_of(fitted) == "sklearn.FrozenEstimator" or hasattr(fitted, "best_estimator_"):
        fitted = getattr(fitted, "best_estimator_", None) or fitted.estimator
    return fitted


def _read(fitted: Any, files: MutableMapping[str, bytes], ask: str) -> Data:
    name = name_of(fitted)
    if name == "sklearn.Pipeline":
        return {"head": {"op": name, **chain_data(fitted, files, ask)}}
    head = read_head(fitted, files)
    if ask == "answer":
        return {"head": head}
    if "link" in head:
        head["link"] = _SCORES.get(name, "raw") if len(fitted.classes_) == 2 else "raw"  # noqa: PLR2004
    elif ask == "score":
        raise NotCompilableError(f"there is no compiled form of {name}.decision_function")
    if ask == "score":
        return {"head": head}
    return {"head": head, "at_zero": int(name in _SECOND_AT_ZERO)}
