"""Columns that predict the target (nearly) alone: usually written down after the outcome was known.

Practically certain ones are dropped; suspicious ones are named and kept. `skill` is how much of what a
guess gets wrong is put right by the column alone: 0 nothing, 1 everything. It is measured on rows that
were not learnt from, so a column of many labels gains nothing by remembering them.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.training.guards.evidence import Evidence
from keepwell.training.trained import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CERTAIN = 0.999
SUSPICIOUS = 0.95
_FEWEST_ROWS = 100
_BINS = 64


def singles(evidence: Evidence) -> list[Finding]:
    """Find columns whose skill is certain (dropped) or suspicious (kept)."""
    if len(evidence.actual) < _FEWEST_ROWS:
        return []
    found: list[Finding] = []
    for name in evidence.names:
        skill = _skill(name, evidence)
        if skill >= SUSPICIOUS:
            found.append(_finding(name, skill, evidence.target))
    return found


def _finding(name: str, skill: float, target: str) -> Finding:
    certain = skill >= CERTAIN
    message = f"'{name}' alone puts right {skill:.1%} of what a guess of '{target}' gets wrong"
    if not certain:
        message += (
            f"; kept, but check that it is known when you predict: `ignore: [{name}]` under `data:` "
            "leaves it out"
        )
    return Finding(column=name, message=message, dropped=certain, kind="single", columns=(name,))


def _skill(name: str, evidence: Evidence) -> float:
    values = evidence.numbers.get(name)
    bins = evidence.codes[name] if values is None else _binned(values)
    if evidence.task.numeric:
        correlated = 0.0 if values is None else _correlation(values, evidence.actual)
        # Bins cannot be exact about a number; a monotone relation can.
        return max(correlated, min(_explained(bins, evidence.actual), CERTAIN - _ONE_STEP))
    rough = _agreement(bins, evidence.actual)
    if values is None or rough < SUSPICIOUS - _BLUR:
        return rough
    return max(rough, _by_tree(values, evidence.actual))


_ONE_STEP = 1e-4
_BLUR = 0.15  # what bins may lose of a relation with a sharp threshold


def _binned(values: "Floats") -> "NDArray[np.int64]":
    """Return bins of about equal mass; a missing value has one of its own."""
    known = values[np.isfinite(values)]
    if not len(known):
        return np.zeros(len(values), dtype=np.int64)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))
    return np.where(np.isfinite(values), np.searchsorted(edges, values, side="right"), _BINS + 1)


def _halves(rows: int) -> tuple["NDArray[np.bool_]", "NDArray[np.bool_]"]:
    first = np.random.default_rng(0).permutation(rows) % 2 == 0
    return first, ~first


def _agreement(bins: "NDArray[np.int64]", actual: "NDArray[np.int64]") -> float:
    """Return the skill of answering each bin's most frequent class."""
    classes, width = int(actual.max()) + 1, int(bins.max()) + 1
    right = 0
    first, second = _halves(len(actual))
    for learn, test in ((first, second), (second, first)):
        cells = np.bincount(bins[learn] * classes + actual[learn], minlength=width * classes)
        answer = cells.reshape(width, classes).argmax(axis=1)
        right += int((answer[bins[test]] == actual[test]).sum())
    return _gain(right, actual)


def _gain(right: int, actual: "NDArray[np.int64]") -> float:
    guessed = int(np.bincount(actual).max())
    return (right - guessed) / max(len(actual) - guessed, 1)


def _explained(bins: "NDArray[np.int64]", actual: "Floats") -> float:
    """Return the share of the variance that each bin's mean explains."""
    width = int(bins.max()) + 1
    missed = 0.0
    first, second = _halves(len(actual))
    for learn, test in ((first, second), (second, first)):
        counts = np.bincount(bins[learn], minlength=width)
        totals = np.bincount(bins[learn], weights=actual[learn], minlength=width)
        means = np.where(counts > 0, totals / np.maximum(counts, 1), actual[learn].mean())
        missed += float(((actual[test] - means[bins[test]]) ** 2).sum())
    return 1 - missed / max(float(((actual - actual.mean()) ** 2).sum()), np.finfo(float).tiny)


def _correlation(values: "Floats", actual: "Floats") -> float:
    """Return the squared correlation of values or of ranks, whichever is larger."""
    known = np.isfinite(values)
    x, y = values[known], actual[known]
    if len(x) < max(_FEWEST_ROWS, len(values) // 2) or not np.ptp(x) or not np.ptp(y):
        return 0.0
    pairs: list[tuple[Any, Any]] = [(x, y), (_ranks(x), _ranks(y))]
    return max(float(np.corrcoef(one, other)[0, 1]) ** 2 for one, other in pairs)


def _ranks(values: "Floats") -> "Floats":
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2  # ties share their middle rank
    return np.asarray(middle[inverse], dtype=np.float64)


def _by_tree(values: "Floats", actual: "NDArray[np.int64]") -> float:
    """Return the skill of a small tree, which finds thresholds that bins only come near."""
    from sklearn.tree import DecisionTreeClassifier

    column = np.where(np.isfinite(values), values, np.nan).reshape(-1, 1)
    right = 0
    first, second = _halves(len(actual))
    for learn, test in ((first, second), (second, first)):
        tree = DecisionTreeClassifier(max_leaf_nodes=32, random_state=0)
        tree.fit(column[learn], actual[learn])
        right += int((tree.predict(column[test]) == actual[test]).sum())
    return _gain(right, actual)
