"""How well odd rows are told from usual ones: from made-up ones always, from known ones where some are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keepwell.tracking.metrics.classification import MEASURES, tally
from keepwell.tracking.metrics.ranking import average_precision, rank, roc_auc

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddities:
    """What a detector is measured on.

    Attributes:
        made: By row, whether it was made up to be odd.
        known: By row, 1.0 if it is known to be odd, 0.0 if it is known not to be, nan otherwise.
    """

    made: "NDArray[np.bool_]"
    known: "NDArray[np.float64]"

    def __len__(self) -> int:
        return len(self.made)


def measure_oddity(
    truth: Oddities, scores: "NDArray[np.float64]", rows: "NDArray[np.int64]"
) -> dict[str, float]:
    """Return the metrics of some rows that they can decide.

    Args:
        truth: What is known of all rows.
        scores: By row how odd it is said to be; flagged above one half.
        rows: The rows.
    """
    made, said = truth.made[rows], scores[rows]
    real = ~made
    if not real.any():
        return {}
    measured = {"flagged": float((said[real] > 0.5).mean())}  # noqa: PLR2004 (as documented)
    against = rank(made, said)
    if against.decides:
        measured["made_auc"] = roc_auc(against)
    known = truth.known[rows]
    sure = real & np.isfinite(known)
    if sure.any():
        odd = known[sure] > 0
        told = rank(odd, said[sure])
        if told.decides:
            measured["roc_auc"] = roc_auc(told)
            measured["average_precision"] = average_precision(told)
        flagged = (said[sure] > 0.5).astype(np.int64)  # noqa: PLR2004
        counts = tally(odd.astype(np.int64), flagged, 2)
        for name in ("f1", "precision", "recall"):
            value = MEASURES[name](counts)
            if value is not None:
                measured[name] = value
    return measured
