"""The level and the scale of a number, fitted anew: `scale * prediction + level`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keepwell.core.records import Task
from keepwell.tracking.metrics import direction

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PARTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A prediction's new level and scale."""

    scale: float = 1.0
    level: float = 0.0

    def bent(self, answers: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return predictions on the line."""
        return answers * self.scale + self.level

    @property
    def words(self) -> str:
        """What is done to a prediction."""
        parts = (
            [f"{self.scale:.4g} times the prediction"] if self.scale != 1 else ["the prediction"]
        )
        if self.level:
            parts.append(f"{'plus' if self.level > 0 else 'less'} {abs(self.level):.4g}")
        return " ".join(parts)


def fitted_line(
    answers: "NDArray[np.float64]", actual: "NDArray[np.float64]", metric: str, task: Task
) -> Line:
    """Return the line that is best by the metric on rows it was not fitted to: level, scale, or both.

    Counts are only scaled, so that they stay above zero.
    """
    kinds = ("scale",) if task is Task.COUNTS else ("level", "scale", "both")
    hands = np.arange(len(actual)) % _PARTS
    worth: dict[str, float] = {}
    for kind in kinds:
        bent = np.empty_like(answers)
        for hand in range(_PARTS):
            others = hands != hand
            bent[~others] = _fitted(kind, answers[others], actual[others]).bent(answers[~others])
        worth[kind] = _measured(metric, task, actual, bent)
    best = max(worth, key=lambda kind: worth[kind])
    return _fitted(best, answers, actual)


def _fitted(kind: str, answers: "NDArray[np.float64]", actual: "NDArray[np.float64]") -> Line:
    if kind == "level":
        return Line(level=float(np.mean(actual - answers)))
    if kind == "scale":
        total = float(np.sum(answers))
        if abs(total) < 1e-12:  # noqa: PLR2004 (nothing to scale)
            return Line()
        return Line(scale=float(np.sum(actual)) / total)
    spread = float(np.var(answers))
    if spread < 1e-12:  # noqa: PLR2004 (a constant has a level only)
        return Line(level=float(np.mean(actual - answers)))
    scale = float(np.mean((answers - answers.mean()) * (actual - actual.mean()))) / spread
    return Line(scale=scale, level=float(actual.mean() - scale * answers.mean()))


def _measured(
    metric: str, task: Task, actual: "NDArray[np.float64]", said: "NDArray[np.float64]"
) -> float:
    from keepwell.tracking.metrics import measure

    found = measure(task, (), actual, said, only=(metric,)).get(metric)
    return -np.inf if found is None else direction(metric) * found
