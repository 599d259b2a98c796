"""How good lists of recommendations are, list by list.

What a user turned out to want is relevant, everything else is not. Equal to scikit-learn's `ndcg_score`
(binary relevance) where a list ranks every item.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CUTS = (5, 10, 20)
LONGEST = max(CUTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What lists are measured against.

    Attributes:
        items: By list, what its user turned out to want.
        catalogue: How many items there are in all.
    """

    items: Sequence[Collection[Any]]
    catalogue: int

    def __len__(self) -> int:
        return len(self.items)


def ndcg(hits: "NDArray[np.bool_]", wanted: "NDArray[np.int64]", k: int) -> "NDArray[np.float64]":
    """Return by list the discounted gain of its first k places, as a share of the best possible.

    Args:
        hits: By list and place, whether what stands there is wanted.
        wanted: By list, how many items are.
        k: Places that count.
    """
    worth = 1.0 / np.log2(np.arange(2, k + 2))
    best = np.concatenate([[0.0], np.cumsum(worth)])[np.minimum(wanted, k)]
    width = min(k, hits.shape[1])
    gained = hits[:, :width] @ worth[:width]
    return np.asarray(np.divide(gained, best, out=np.zeros(len(hits)), where=best > 0))


def reciprocal_rank(hits: "NDArray[np.bool_]", k: int) -> "NDArray[np.float64]":
    """Return by list one over the place of the first hit, 0 if none is among the first k."""
    first = hits[:, :k]
    return np.where(first.any(axis=1), 1.0 / (first.argmax(axis=1) + 1), 0.0)


def recall(hits: "NDArray[np.bool_]", wanted: "NDArray[np.int64]", k: int) -> "NDArray[np.float64]":
    """Return by list the share of what is wanted that is among the first k."""
    return np.asarray(hits[:, :k].sum(axis=1) / np.maximum(wanted, 1))


class TopK:
    """Lists of items beside what was wanted, measured row by row.

    Args:
        wanted: What was wanted.
        lists: What was recommended: items, or objects with an `item`.
    """

    def __init__(self, wanted: Wanted, lists: Sequence[Sequence[Any]]) -> None:
        self._catalogue = max(wanted.catalogue, 1)
        self._tops = [[_item(one) for one in given[:LONGEST]] for given in lists]
        hits = np.zeros((len(self._tops), LONGEST), dtype=bool)
        for row, (top, liked) in enumerate(zip(self._tops, wanted.items, strict=True)):
            known = set(liked)
            hits[row, : len(top)] = [item in known for item in top]
        sizes = np.array([len(set(liked)) for liked in wanted.items], dtype=np.int64)
        self._rows = {
            name: value
            for k in CUTS
            for name, value in (
                (f"ndcg_at_{k}", ndcg(hits, sizes, k)),
                (f"mrr_at_{k}", reciprocal_rank(hits, k)),
                (f"recall_at_{k}", recall(hits, sizes, k)),
            )
        }
        codes = {item: at for at, item in enumerate({item for top in self._tops for item in top})}
        self._shown = np.full((len(self._tops), 10), -1, dtype=np.int64)
        for row, top in enumerate(self._tops):
            self._shown[row, : len(top[:10])] = [codes[item] for item in top[:10]]

    def measure(self, rows: "NDArray[np.int64]") -> dict[str, float]:
        """Return the mean of every metric over some lists; coverage is of the whole catalogue."""
        if not len(rows):
            return {}
        measured = {name: float(values[rows].mean()) for name, values in self._rows.items()}
        shown = np.unique(self._shown[rows])
        measured["coverage_at_10"] = float(np.count_nonzero(shown >= 0) / self._catalogue)
        return measured


def _item(one: Any) -> Any:
    return one["item"] if isinstance(one, dict) else one
