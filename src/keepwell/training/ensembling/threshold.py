"""From which probability on the second of two classes is answered: chosen on held-out rows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.spec import ThresholdSpec
from keepwell.tracking.metrics import direction
from keepwell.tracking.metrics.measures import measure_codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST = 200  # thresholds that are tried
_USUAL = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A chosen threshold with the curve that it was read off.

    Attributes:
        value: The probability.
        tried: Probabilities, ascending.
        worth: By probability: the metric, or the mean cost of a row.
        name: What `worth` is.
        told: What was chosen, in words.
    """

    value: float
    tried: "NDArray[np.float64]"
    worth: "NDArray[np.float64]"
    name: str
    told: str


def chosen_threshold(
    answer: "NDArray[np.float64]", actual: "NDArray[Any]", spec: ThresholdSpec, label: str
) -> Threshold:
    """Return the threshold that is best on held-out rows; the middle one of several.

    Args:
        answer: Probabilities of both classes.
        actual: Codes, 0 or 1.
        spec: By what it is best.
        label: The second class.
    """
    chance = answer[:, 1]
    tried = np.unique(np.append(np.quantile(chance, np.linspace(0.0, 1.0, _MOST)), _USUAL))
    if spec.metric:
        name, sign = spec.metric, direction(spec.metric)
        worth = np.array([_measured(chance >= each, actual, spec.metric) for each in tried])
    else:
        name, sign = "cost", -1
        worth = np.array([_cost(chance >= each, actual, spec) for each in tried])
    best = np.flatnonzero(worth == sign * (sign * worth).max())
    at = int(best[len(best) // 2])
    usual = float(worth[np.searchsorted(tried, _USUAL)])
    value = float(tried[at])
    told = (
        f"'{label}' is answered from a probability of {value:.3g} on: {name} of held-out rows "
        f"is {worth[at]:.4g} there, and {usual:.4g} at 0.5"
    )
    return Threshold(value=value, tried=tried, worth=worth, name=name, told=told)


def _measured(said: "NDArray[np.bool_]", actual: "NDArray[Any]", metric: str) -> float:
    return measure_codes(actual, said.astype(np.int64), None, 2)[metric]


def _cost(said: "NDArray[np.bool_]", actual: "NDArray[Any]", spec: ThresholdSpec) -> float:
    alarms = np.count_nonzero(said & (actual == 0))
    misses = np.count_nonzero(~said & (actual == 1))
    return float(spec.false_positive * alarms + spec.false_negative * misses) / len(actual)
