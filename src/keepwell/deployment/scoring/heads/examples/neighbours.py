"""`KNeighborsClassifier` and `KNeighborsRegressor`: what the nearest examples say.

Which of several equally far examples the original takes depends on how it was searched. So where the last
neighbour taken and the first left out are equally far and say different things, the original is asked.
"""

from collections.abc import MutableMapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.as_it_is import AsItIs
from keepwell.deployment.scoring.heads.members import keep_member
from keepwell.deployment.scoring.heads.storage import arrays_of, keep_arrays
from keepwell.deployment.scoring.parts import Data, NotCompilableError, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CLOSE = 1e-9  # relative difference of squared distances from which one is surely farther
_ROUNDED = 1e-13  # what products of rows may be off, relative to the lengths of the rows
_AT_ONCE = 2**22  # distances in memory together
_POWERS = {"euclidean": 2.0, "l2": 2.0, "manhattan": 1.0, "l1": 1.0, "cityblock": 1.0}


class Neighbours:
    """Takes the mean of what the nearest examples say.

    Args:
        read: Gives the bundle's files.
        file: The one with the examples, and with what each says.
        original: Data of the original, for ties.
        count: How many neighbours are taken.
        power: 2 for straight distances, 1 for the sum over the columns.
        nearer_more: A neighbour counts by the inverse of its distance.
        estimated: The original takes distances from products of rows, which are less exact.
    """

    def __init__(
        self,
        *,
        read: Read,
        file: str,
        original: Data,
        count: int,
        power: float,
        nearer_more: bool,
        estimated: bool,
    ) -> None:
        stored = arrays_of(read(file))
        self._examples = np.ascontiguousarray(stored["examples"].T)  # a row of numbers per column
        self._says = stored["says"]
        self._count, self._power, self._nearer_more = count, power, nearer_more
        self._read, self._data = read, original
        lengths = (self._examples**2).sum(axis=0)
        self._longest = float(lengths.max(initial=0.0)) if estimated else None

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the examples."""
        name = type(fitted).__name__
        metric, power = fitted.metric, float(fitted.p)
        power = power if metric == "minkowski" else _POWERS.get(metric, 0.0)
        if power not in (1.0, 2.0) or fitted.metric_params or callable(fitted.weights):
            raise NotCompilableError(f"{name} measures or weighs in a way of its own")
        if hasattr(fitted._fit_X, "toarray") or fitted._y.ndim > 1:
            raise NotCompilableError(f"{name} has sparse examples, or predicts several targets")
        if fitted.weights == "distance" and fitted._fit_method == "brute":
            raise NotCompilableError(f"{name} weighs by distances that it only estimates")
        examples = np.asarray(fitted._fit_X, dtype=np.float64)
        targets = np.asarray(fitted._y)
        if hasattr(fitted, "classes_"):
            says = np.eye(len(fitted.classes_))[targets]
        else:
            says = targets.astype(np.float64)[:, None]
        original = keep_member(fitted, files, reason="neighbours are tied")
        del original["op"]  # it is no part of its own
        return {
            "file": keep_arrays(files, "examples.npz", examples=examples, says=says),
            "original": original,
            "count": int(fitted.n_neighbors),
            "power": power,
            "nearer_more": fitted.weights == "distance",
            "estimated": fitted._fit_method == "brute" and power == _POWERS["euclidean"],
        }

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        answer: list[float] = self.batch(np.array([features]))[0].tolist()
        return answer

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        step = max(1, _AT_ONCE // self._examples.shape[1])
        pieces = [self._piece(features[at : at + step]) for at in range(0, len(features), step)]
        return np.concatenate(pieces) if pieces else np.empty((0, self._says.shape[1]))

    @cached_property
    def _original(self) -> AsItIs:
        return AsItIs(read=self._read, **self._data)

    def _piece(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        distances = self._distances(features)
        taken = min(self._count, distances.shape[1])
        if taken < distances.shape[1]:
            order = np.argpartition(distances, (taken - 1, taken), axis=1)[:, : taken + 1]
            tied = self._tied(features, distances, order)
        else:
            order = np.broadcast_to(np.arange(taken), distances.shape)
            tied = np.zeros(len(features), dtype=np.bool_)
        near = order[:, :taken]
        answer = self._mean(np.take_along_axis(distances, near, axis=1), near)
        if tied.any():
            answer[tied] = self._original.batch(features[tied])
        return answer

    def _distances(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        if len(features) == 1:
            away = self._examples.T - features
            if self._power == 1.0:
                return np.asarray(np.abs(away).sum(axis=1))[None, :]
            return np.asarray(np.einsum("ij,ij->i", away, away))[None, :]
        total = np.zeros((len(features), self._examples.shape[1]))
        for column, examples in zip(features.T, self._examples, strict=True):
            apart = column[:, None] - examples
            total += np.abs(apart) if self._power == 1.0 else apart * apart
        return total

    def _tied(
        self,
        features: "NDArray[np.float64]",
        distances: "NDArray[np.float64]",
        order: "NDArray[np.intp]",
    ) -> "NDArray[np.bool_]":
        last = np.take_along_axis(distances, order[:, -2:-1], axis=1)[:, 0]
        out = np.take_along_axis(distances, order[:, -1:], axis=1)[:, 0]
        doubt = _CLOSE * out
        if self._longest is not None:
            doubt += _ROUNDED * ((features**2).sum(axis=1) + self._longest)
        tied = out - last <= doubt
        for at in np.flatnonzero(tied):
            said = self._says[np.abs(distances[at] - last[at]) <= doubt[at]]
            tied[at] = bool((said != said[0]).any())
        return tied

    def _mean(
        self, distances: "NDArray[np.float64]", near: "NDArray[np.intp]"
    ) -> "NDArray[np.float64]":
        said = self._says[near]
        if not self._nearer_more:
            return np.asarray(said.mean(axis=1))
        with np.errstate(divide="ignore"):
            counts = 1.0 / (distances if self._power == 1.0 else np.sqrt(distances))
        same = np.isinf(counts)
        counts = np.where(same.any(axis=1, keepdims=True), same, counts)
        return np.asarray((said * counts[:, :, None]).sum(axis=1) / counts.sum(axis=1)[:, None])
