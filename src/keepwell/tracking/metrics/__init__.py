"""How good predictions are: one set of measures for training, gates and monitoring.

NumPy only, equal to scikit-learn where both answer. A measure that the rows cannot decide (an area
under a curve where only one class occurs) is left out rather than made up.

    measured = measure(Task.BINARY, ("no", "yes"), actual, predicted, probabilities)
    measured["roc_auc"]
"""

from keepwell.tracking.metrics.bootstrap import intervals, paired_difference
from keepwell.tracking.metrics.catalog import (
    default_metric,
    direction,
    headlines,
    meaning,
    metric_names,
)
from keepwell.tracking.metrics.labels import encode
from keepwell.tracking.metrics.measures import Scored, Scores, measure

__all__ = [
    "Scored",
    "Scores",
    "default_metric",
    "direction",
    "encode",
    "headlines",
    "intervals",
    "meaning",
    "measure",
    "metric_names",
    "paired_difference",
]
