"""Whether errors rose on equal inputs, and where."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.monitoring.concept.base import error_detector
from keepwell.monitoring.independence import worth_of_numbers
from keepwell.monitoring.joint.encoding import encode
from keepwell.monitoring.report import Change
from keepwell.monitoring.words import number

if TYPE_CHECKING:
    from numpy.typing import NDArray

CERTAIN = 3.29
"""Standard errors that chance exceeds once in a thousand."""

LEAST = 0.1
"""Rise of the error on equal inputs, as a share of what it was, below which it is no matter."""

_REGIONS = 12
_PER_REGION = 40
_COMPARABLE = 10  # errors of before that a region needs
_OUTSTANDING = 1.5  # times the rise of all, from which on a region is named


def find_change(
    losses: "NDArray[np.float64]",
    inputs: Mapping[str, Any],
    *,
    min_rows: int = 100,
    detector: str = "adwin",
) -> Change | None:
    """Return how the errors of a stream changed; None if they did not rise, or it is too soon to say.

    Args:
        losses: One error a row, in the order of time.
        inputs: Columns of the same rows (Arrow), by name.
        min_rows: With fewer rows before or since nothing is said.
        detector: What finds the time of the change.
    """
    place = _place(losses, detector)
    if place is None or min(place, len(losses) - place) < max(min_rows, 2 * _PER_REGION):
        return None
    matrix, names = encode(inputs)
    regions = _regions(matrix, losses, place)
    before, after = losses[:place], losses[place:]
    rise = variance = 0.0
    expected = np.full(len(after), np.nan)
    for region in np.unique(regions):
        # Judged on rows that the tree has not seen, where there are any: every other one before the change.
        old = before[1::2][regions[:place][1::2] == region]
        there = regions[place:] == region
        new = after[there]
        if not len(new) or len(old) < _COMPARABLE:
            continue  # inputs that were not there before: what the errors on them are is the data's
        expected[there] = old.mean()
        share = len(new) / len(after)
        gap = float(new.mean() - old.mean())
        rise += share * gap
        variance += share**2 * (float(new.var()) / len(new) + float(old.var()) / len(old))
    blur = math.sqrt(
        len(losses) / min(worth_of_numbers(before) + worth_of_numbers(after), len(losses))
    )
    whole = float(after.mean() - before.mean())
    tolerance = LEAST * float(before.mean())
    return Change(
        rows=len(after),
        earlier=len(before),
        before=float(before.mean()),
        after=float(after.mean()),
        rise=rise,
        explained=whole - rise,
        limit=tolerance + CERTAIN * blur * math.sqrt(variance),
        where=_where(matrix[place:], after - expected, rise, names),
    )


def _place(losses: "NDArray[np.float64]", name: str) -> int | None:
    """Return where the last rise began, None if errors did not rise."""
    detector = error_detector(name)
    found = None
    for at, loss in enumerate(losses.tolist(), start=1):
        if detector.add(loss):
            found = at - detector.recent
    return found


def _regions(
    matrix: "NDArray[np.float64]", losses: "NDArray[np.float64]", place: int
) -> "NDArray[np.int64]":
    """Part the inputs by how large the error was, and where rows of after lie apart from those of before."""
    from sklearn.tree import DecisionTreeRegressor

    if not matrix.shape[1]:
        return np.zeros(len(losses), np.int64)
    since = (np.arange(len(losses)) >= place).astype(float)
    learnt = np.concatenate([np.arange(0, place, 2), np.arange(place, len(losses))])
    # Two targets: the error (of before only: that of after is to be judged) and the time.
    spread = float(losses[:place].std()) or 1.0
    targets = np.column_stack([(losses - losses[:place].mean()) / spread, 2 * since])[learnt]
    targets[since[learnt] > 0, 0] = 0.0
    tree = DecisionTreeRegressor(
        max_leaf_nodes=_REGIONS, min_samples_leaf=_PER_REGION, random_state=0
    ).fit(matrix[learnt], targets)
    regions: NDArray[np.int64] = tree.apply(matrix)
    return regions


def _where(
    matrix: "NDArray[np.float64]", excess: "NDArray[np.float64]", rise: float, names: list[str]
) -> str:
    """Return the region where errors exceed those expected most, if it stands out."""
    from sklearn.tree import DecisionTreeRegressor

    known = np.isfinite(excess)
    if not matrix.shape[1] or np.count_nonzero(known) < 2 * _PER_REGION:
        return ""
    tree = DecisionTreeRegressor(max_leaf_nodes=4, min_samples_leaf=_PER_REGION, random_state=0)
    leaves = tree.fit(matrix[known], excess[known]).apply(matrix[known])
    means = {int(leaf): float(excess[known][leaves == leaf].mean()) for leaf in np.unique(leaves)}
    leaf = max(means, key=lambda one: means[one])
    return _path(tree.tree_, leaf, names) if means[leaf] > _OUTSTANDING * rise else ""


def _path(tree: Any, leaf: int, names: list[str]) -> str:
    """Return the conditions on the way to a leaf: the last of each column and side, at most three."""
    parents = {}
    for node in range(tree.node_count):
        for child, sign in (
            (tree.children_left[node], "at most"),
            (tree.children_right[node], "above"),
        ):
            if child != -1:
                parents[int(child)] = (node, sign)
    found: dict[tuple[str, str], str] = {}
    while leaf in parents:
        leaf, sign = parents[leaf]
        name = names[int(tree.feature[leaf])]
        found.setdefault((name, sign), _condition(name, sign, float(tree.threshold[leaf])))
    return " and ".join(list(found.values())[:3])


def _condition(name: str, sign: str, threshold: float) -> str:
    column, equals, label = name.partition(" = ")
    if equals:
        return f"`{column}` is {'' if sign == 'above' else 'not '}'{label}'"
    return f"`{name}` is {sign} {number(threshold)}"
