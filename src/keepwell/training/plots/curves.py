"""ROC, precision-recall, gain, lift and calibration: what probabilities are worth."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.tracking.metrics.ranking import Ranking, average_precision, rank, roc_auc
from keepwell.training.plots.figure import Figure, diagonal, figure, line, thinned

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PAIR = 2
_MOST_CLASSES = 12
_BINS = 10
_UNIT: dict[str, Any] = {"range": [0, 1]}


def curves(
    actual: "NDArray[np.int64]", probabilities: "NDArray[np.float64]", classes: Sequence[Any]
) -> dict[str, Figure]:
    """Return the figures; one line per class, or the positive class of two."""
    shown = [1] if len(classes) == _PAIR else range(min(len(classes), _MOST_CLASSES))
    rankings = {code: rank(actual == code, probabilities[:, code]) for code in shown}
    decided = {str(classes[code]): r for code, r in rankings.items() if r.decides}
    figures = {"calibration": _calibration(actual, probabilities, classes, list(shown))}
    if decided:
        figures["roc_curve"] = _roc(decided)
        figures["precision_recall_curve"] = _precision_recall(decided)
        figures["gain"], figures["lift"] = _gain(decided), _lift(decided)
    return figures


def _roc(rankings: dict[str, Ranking]) -> Figure:
    traces = []
    for label, ranking in rankings.items():
        alarms, hits = ranking.roc()
        kept = thinned(len(alarms))
        traces.append(line(alarms[kept], hits[kept], f"{label} (area {roc_auc(ranking):.3f})"))
    traces.append(diagonal(0, 1, "guessing"))
    return figure(
        "ROC curve", "false positive rate", "true positive rate", traces, xaxis=_UNIT, yaxis=_UNIT
    )


def _precision_recall(rankings: dict[str, Ranking]) -> Figure:
    traces = []
    for label, ranking in rankings.items():
        precision, recall = ranking.precision_recall()
        kept = thinned(len(recall))
        name = f"{label} (average precision {average_precision(ranking):.3f})"
        traces.append(line(recall[kept], precision[kept], name))
    return figure("Precision and recall", "recall", "precision", traces, xaxis=_UNIT, yaxis=_UNIT)


def _gain(rankings: dict[str, Ranking]) -> Figure:
    """Who asks the likeliest tenth of all rows, how many of the positives does that reach?"""
    traces = []
    for label, ranking in rankings.items():
        asked, reached = _reached(ranking)
        kept = thinned(len(asked))
        traces.append(line(asked[kept], reached[kept], label))
    traces.append(diagonal(0, 1, "at random"))
    title, x, y = "Cumulative gain", "share of rows, likeliest first", "share of positives found"
    return figure(title, x, y, traces, xaxis=_UNIT, yaxis=_UNIT)


def _lift(rankings: dict[str, Ranking]) -> Figure:
    """How many times more positives are there among the likeliest than among all?"""
    traces = []
    for label, ranking in rankings.items():
        asked, reached = (values[1:] for values in _reached(ranking))
        kept = thinned(len(asked))
        traces.append(line(asked[kept], (reached / asked)[kept], label))
    traces.append(line([0, 1], [1, 1], "at random", line={"dash": "dash"}))
    x, y = "share of rows, likeliest first", "times the usual share of positives"
    return figure("Lift", x, y, traces, xaxis=_UNIT)


def _reached(ranking: Ranking) -> tuple[Any, Any]:
    """Return the share of rows at or above each score, and of positives, from (0, 0) to (1, 1)."""
    rows = np.concatenate(([0.0], ranking.hits + ranking.alarms))
    return rows / rows[-1], np.concatenate(([0.0], ranking.hits / ranking.hits[-1]))


def _calibration(
    actual: "NDArray[np.int64]",
    probabilities: "NDArray[np.float64]",
    classes: Sequence[Any],
    shown: list[int],
) -> Figure:
    traces = [diagonal(0, 1, "perfect")]
    for code in shown:
        said = probabilities[:, code]
        bins = np.minimum((said * _BINS).astype(np.int64), _BINS - 1)
        counts = np.bincount(bins, minlength=_BINS)
        filled = counts > 0
        mean = np.bincount(bins, weights=said, minlength=_BINS)[filled] / counts[filled]
        true = np.bincount(bins, weights=actual == code, minlength=_BINS)[filled] / counts[filled]
        traces.append(
            line(
                mean,
                true,
                str(classes[code]),
                mode="lines+markers",
                customdata=counts[filled].tolist(),
                hovertemplate="said %{x:.2f}, was %{y:.2f} in %{customdata} rows",
            )
        )
    return figure(
        "Calibration", "predicted probability", "observed share", traces, xaxis=_UNIT, yaxis=_UNIT
    )


def threshold_curve(
    tried: "NDArray[np.float64]", worth: "NDArray[np.float64]", name: str, chosen: float
) -> Figure:
    """Return what each threshold is worth on held-out rows, with the chosen one marked."""
    ends = [float(worth.min()), float(worth.max())]
    return figure(
        f"Threshold by {name}",
        "probability from which the second class is answered",
        name,
        [
            line(tried, worth, name),
            line([chosen, chosen], ends, "chosen", line={"dash": "dash"}),
        ],
    )
