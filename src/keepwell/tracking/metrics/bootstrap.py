"""How sure a measured value is: the bootstrap.

Rows are drawn with replacement and measured again, many times; the middle 95% of what comes out is
the interval. Above 20,000 rows fewer are drawn and the spread is scaled down accordingly, so that the
time is bounded. Rows are taken as independent: for rows close in time the truth is somewhat wider.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from keepwell.core.errors import InvalidDataError
from keepwell.core.records import Estimate, Task
from keepwell.tracking.metrics.catalog import direction
from keepwell.tracking.metrics.labels import encode
from keepwell.tracking.metrics.measures import (
    Scored,
    measure_codes,
    numbers_measured,
)
from keepwell.tracking.metrics.multilabel import indicators, measure_sets
from keepwell.tracking.metrics.quantile import Quantiles, measure_quantiles
from keepwell.tracking.metrics.unlabelled import measured_unlabelled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keepwell.tracking.metrics.clustering import Points
    from keepwell.tracking.metrics.oddity import Oddities
    from keepwell.tracking.metrics.top_k import Wanted

    Actual = Sequence[Any] | NDArray[Any] | Points | Oddities | Wanted

RESAMPLES = 300
_MOST_ROWS = 20_000
_FEWEST_ROWS = 10  # an interval from less would only look like knowledge
_LEVEL = (2.5, 97.5)


Measured = Callable[["NDArray[np.int64]"], dict[str, float]]


def intervals(
    task: Task,
    classes: Sequence[Any],
    actual: "Actual",
    scores: Scored,
    *,
    seed: int = 0,
) -> dict[str, Estimate]:
    """Return every metric of the task with its 95% interval; none below ten rows."""
    measured = _measured(task, classes, actual, scores)
    return _bootstrap(measured, len(actual), seed)


def paired_difference(
    metric: str,
    task: Task,
    classes: Sequence[Any],
    actual: "Actual",
    candidate: Scored,
    champion: Scored,
    *,
    seed: int = 0,
) -> Estimate:
    """Return candidate minus champion on the same rows, in the metric's unit, with its interval.

    Both are measured on the same drawn rows, so what makes rows easy or hard for both cancels out.
    Above 0 is better only where `direction(metric)` is +1.

    Raises:
        InvalidDataError: If the rows cannot decide the metric.
    """
    direction(metric)
    first = _measured(task, classes, actual, candidate)
    second = _measured(task, classes, actual, champion)

    def difference(rows: "NDArray[np.int64]") -> dict[str, float]:
        one, other = first(rows).get(metric), second(rows).get(metric)
        return {} if one is None or other is None else {metric: one - other}

    found = _bootstrap(difference, len(actual), seed).get(metric)
    if found is None:
        raise InvalidDataError(
            f"{metric} cannot be compared on these {len(actual):,} rows",
            why="it needs probabilities, and rows of more than one class",
            now="compare on more rows, or by another metric",
        )
    return found


def _measured(
    task: Task,
    classes: Sequence[Any],
    actual: "Actual",
    scores: Scored,
) -> Measured:
    if not task.supervised:
        return measured_unlabelled(task, actual, scores)
    if task.several:
        sets = indicators(cast("Sequence[Any]", actual), classes)
        given = indicators(list(scores.predictions), classes)
        return lambda rows: measure_sets(sets[rows], given[rows])
    if task.numeric:
        truth = np.asarray(actual, dtype=np.float64)
        numbers = np.asarray(scores.predictions, dtype=np.float64)
        measure = numbers_measured(task)
        said: Quantiles | None = getattr(scores, "quantiles", None)
        if said is None:
            return lambda rows: measure(truth[rows], numbers[rows])
        return lambda rows: (
            measure(truth[rows], numbers[rows])
            | measure_quantiles(
                truth[rows], Quantiles(levels=said.levels, values=said.values[rows])
            )
        )
    codes, answers = (
        encode(cast("Sequence[Any]", actual), classes),
        encode(scores.predictions, classes),
    )
    chances = scores.probabilities
    return lambda rows: measure_codes(
        codes[rows], answers[rows], None if chances is None else chances[rows], len(classes)
    )


def _bootstrap(measured: Measured, rows: int, seed: int) -> dict[str, Estimate]:
    values = measured(np.arange(rows))
    if not values:
        return {}
    if rows < _FEWEST_ROWS:
        return {name: Estimate(value=value) for name, value in values.items()}
    random = np.random.default_rng(seed)
    drawn = min(rows, _MOST_ROWS)
    draws = [measured(random.integers(0, rows, drawn)) for _ in range(RESAMPLES)]
    scale = float(np.sqrt(drawn / rows))
    return {
        name: _estimate(value, [draw[name] for draw in draws if name in draw], scale)
        for name, value in values.items()
    }


def _estimate(value: float, draws: list[float], scale: float) -> Estimate:
    if len(draws) < RESAMPLES // 2:  # most draws could not decide it: nor can we
        return Estimate(value=value)
    bounds = np.percentile(draws, _LEVEL)
    if scale < 1:
        bounds = value + (bounds - np.mean(draws)) * scale
    # In tiny samples both bounds may lie on one side of the value.
    return Estimate(
        value=value, low=min(value, float(bounds[0])), high=max(value, float(bounds[1]))
    )
