"""A score over the number of rows that were learnt from."""

import numpy as np

from keepwell.training.more_rows.measuring import Curve
from keepwell.training.plots.figure import Figure, figure, line, points

_TWO_SIDED = 1.96


def growth(curve: Curve) -> Figure:
    """Return the scores on parts of the rows, the curve through them, and what twice as many may bring."""
    rows = sorted(curve.scores)
    seen = [list(curve.scores[size].values()) for size in rows]
    half = [_TWO_SIDED * float(np.std(each, ddof=1)) / len(each) ** 0.5 for each in seen]
    bars = {"type": "data", "array": half}
    measured = points(rows, [float(np.mean(each)) for each in seen], curve.candidate, error_y=bars)
    fitted = curve.expected.scores
    sizes = sorted(fitted)
    last, ahead = fitted[rows[-1]], sizes[-1]
    better = fitted[ahead] - last
    sign = 1 if better * curve.expected.gain >= 0 else -1
    ends = [last + sign * curve.expected.low, last + sign * curve.expected.high]
    return figure(
        "Would more rows help?",
        "rows learnt from",
        curve.metric,
        [
            measured,
            line(sizes, [fitted[size] for size in sizes], "expected", line={"dash": "dash"}),
            line([ahead, ahead], ends, "95% interval", line={"width": 6}, opacity=0.4),
        ],
    )
