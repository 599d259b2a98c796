"""How a model treats the groups of one column."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.records import Estimate, FairnessView, Group, Task
from keepwell.tracking.fairness import measures
from keepwell.tracking.fairness.groups import SMALLEST, groups_of, large_and_small
from keepwell.tracking.fairness.mitigation import mitigations
from keepwell.tracking.metrics.measures import Scored

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PAIR = 2
_LEVEL = (2.5, 97.5)


def fairness_view(  # noqa: PLR0913 (each is a fact that the view rests on, by name)
    column: str,
    values: Sequence[Any],
    *,
    task: Task,
    classes: Sequence[Any],
    actual: Sequence[Any],
    scores: Scored,
    named: bool = True,
    smallest: int = SMALLEST,
) -> FairnessView:
    """Return how the groups of a column are treated.

    Args:
        column: Its name.
        values: By row, what it holds; numbers of many values are cut into four ranges.
        task: What is predicted.
        classes: Labels; the second of two is the favourable one, of several the one that is given out
            most unevenly.
        actual: True labels or numbers.
        scores: What the model said.
        named: The project file names the column.
        smallest: Rows that a group must have.
    """
    groups = groups_of(values)
    names, small = large_and_small(groups, smallest)
    facts: dict[str, Any] = {
        "column": column,
        "named": named,
        "rows": len(actual),
        "small": tuple(small[:_SHOWN]),
        "smallest": smallest,
    }
    if task.several:
        return FairnessView(**facts, note="this task predicts lists: nobody is selected")
    if len(names) < _PAIR:
        why = f"'{column}' has fewer than two groups of {smallest} rows or more"
        return FairnessView(**facts, note=why)
    places = {name: at for at, name in enumerate(names)}
    member = np.array([places.get(group, -1) if group is not None else -1 for group in groups])
    if task.numeric:
        return _of_numbers(facts, names, member, actual, scores)
    return _of_labels(facts, names, member, classes, actual, scores)


_SHOWN = 50


def _of_labels(
    facts: dict[str, Any],
    names: list[str],
    member: "NDArray[np.int64]",
    classes: Sequence[Any],
    actual: Sequence[Any],
    scores: Scored,
) -> FairnessView:
    truth = np.array([str(label) for label in actual], dtype=object)
    said = np.array([str(label) for label in scores.predictions], dtype=object)
    asked = classes[1:] if len(classes) == _PAIR else classes
    counts = {
        str(label): measures.counted(truth == str(label), said == str(label), member, len(names))
        for label in asked
    }
    uneven = {
        label: float(measures.spread(measures.rates(one)["selection_rate"]))
        for label, one in counts.items()
    }
    favourable = max(uneven, key=uneven.__getitem__)
    chosen = counts[favourable]
    found = measures.rates(chosen)
    made = tuple(
        Group(
            name=name,
            rows=int(chosen[at].sum()),
            **{rate: _known(values[at]) for rate, values in found.items()},
        )
        for at, name in enumerate(names)
    )
    many = measures.gaps(measures.rates(measures.drawn(chosen)))
    chances = scores.probabilities
    mitigated = (
        mitigations(names, member, truth == favourable, chances[:, 1], said == favourable)
        if chances is not None and len(classes) == _PAIR
        else ()
    )
    return FairnessView(
        **facts,
        favourable=favourable,
        groups=made,
        gaps=_estimates(measures.gaps(found), many),
        mitigations=mitigated,
    )


def _of_numbers(
    facts: dict[str, Any],
    names: list[str],
    member: "NDArray[np.int64]",
    actual: Sequence[Any],
    scores: Scored,
) -> FairnessView:
    predicted = np.asarray(scores.predictions, dtype=np.float64)
    residual = np.asarray(actual, dtype=np.float64) - predicted
    by_metric = {
        "mean_prediction": predicted, "mean_residual": residual, "mae": np.abs(residual),
    }  # fmt: skip
    random = np.random.default_rng(0)
    means, draws = {}, {}
    for metric, values in by_metric.items():
        inside = [values[member == at] for at in range(len(names))]
        mean = np.array([one.mean() for one in inside])
        error = np.array([one.std(ddof=1) / np.sqrt(len(one)) for one in inside])
        means[metric] = mean
        draws[metric] = mean + error * random.standard_normal((measures.DRAWS, len(names)))
    made = tuple(
        Group(
            name=name,
            rows=int((member == at).sum()),
            **{metric: float(values[at]) for metric, values in means.items()},
        )
        for at, name in enumerate(names)
    )
    return FairnessView(
        **facts, groups=made, gaps=_estimates(measures.gaps(means), measures.gaps(draws))
    )


def _estimates(
    values: "dict[str, NDArray[np.float64]]", draws: "dict[str, NDArray[np.float64]]"
) -> dict[str, Estimate]:
    made = {}
    for metric in (*measures.LABEL_METRICS, *measures.NUMBER_METRICS):
        if metric not in values or not np.isfinite(values[metric]):
            continue
        value, known = float(values[metric]), draws[metric][np.isfinite(draws[metric])]
        low, high = np.percentile(known, _LEVEL)
        made[metric] = Estimate(
            value=value, low=min(value, float(low)), high=max(value, float(high))
        )
    return made


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
