"""Both together: the quick one answers what it is sure of, the other the rest.

How sure is sure enough is chosen on every second row and judged on the others, so that the choice does
not flatter itself.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """A version first, somebody else for what it is unsure of.

    Attributes:
        first: Who answers first.
        second: Who answers the rest.
        threshold: Confidence from which the first one's answer stands.
        passed_on: Share of rows that go to the second.
        right: By row it is judged on, whether the answer was right.
        rows: Those rows.
    """

    first: str
    second: str
    threshold: float
    passed_on: float
    right: "NDArray[np.bool_]"
    rows: "NDArray[np.int64]"


def combine(
    names: tuple[str, str],
    confidence: "NDArray[np.float64]",
    first_right: "NDArray[np.bool_]",
    second_right: "NDArray[np.bool_]",
) -> Cascade:
    """Return the cascade whose threshold does best on the rows it is chosen on.

    Of thresholds that do equally well the lowest is taken: it passes on the fewest rows.
    """
    every = np.arange(len(confidence))
    chosen_on, judged_on = every[::2], every[1::2]
    limits = np.unique(np.quantile(confidence, np.linspace(0, 1, _STEPS + 1)))
    limits = np.append(limits, np.inf)  # all rows go to the second

    def right(limit: float, rows: "NDArray[np.int64]") -> "NDArray[np.bool_]":
        stays = confidence[rows] >= limit
        return np.where(stays, first_right[rows], second_right[rows])

    scores = [float(right(limit, chosen_on).mean()) for limit in limits]
    best = float(limits[int(np.argmax(scores))])
    return Cascade(
        first=names[0],
        second=names[1],
        threshold=min(best, 1.0) if np.isfinite(best) else 1.0,
        passed_on=float(np.mean(confidence[judged_on] < best)),
        right=right(best, judged_on),
        rows=judged_on,
    )
