"""Who did what (`History`), and what is known of each item (`Catalogue`)."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What each user did: compressed rows.

    Attributes:
        starts: By user, where its events begin; one more at the end.
        items: By event, the item's code.
        weights: By event, how much it says.
        held: By event, whether it was set aside for the test: what is learnt does not rest on it.
    """

    starts: "NDArray[np.int64]"
    items: "NDArray[np.int64]"
    weights: "NDArray[np.float64]"
    held: "NDArray[np.bool_]"

    @property
    def users(self) -> int:
        """How many there are."""
        return len(self.starts) - 1

    def of(
        self, user: int, *, learnt_only: bool = False
    ) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
        """Return what a user did: items and weights, oldest first."""
        span = slice(self.starts[user], self.starts[user + 1])
        items, weights = self.items[span], self.weights[span]
        if not learnt_only:
            return items, weights
        known = ~self.held[span]
        return items[known], weights[known]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What was learnt of each item.

    Attributes:
        labels: Items as the data writes them.
        popularity: How often each was taken.
        recency: The same, events the fewer the older they are.
        neighbours: By item, those that go with it best; -1 fills up.
        similarities: How well they do, 0 to 1.
        factors: By item, its vector; no columns if none was learnt.
        regularisation: Of the vectors.
        confidence: How much more an event says than none.
        features: What is known of each item beside events; no columns if nothing is.
        audience: By item, the usual description of who took it, shrunk where few did; no columns if
            nothing is known of users.
    """

    labels: list[Any]
    popularity: "NDArray[np.float64]"
    recency: "NDArray[np.float64]"
    neighbours: "NDArray[np.int64]"
    similarities: "NDArray[np.float64]"
    factors: "NDArray[np.float64]"
    regularisation: float = 0.1
    confidence: float = 10.0
    features: "NDArray[np.float64]" = field(default_factory=lambda: np.zeros((0, 0)))
    audience: "NDArray[np.float64]" = field(default_factory=lambda: np.zeros((0, 0)))
