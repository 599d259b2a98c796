"""From a user to a list of items, each with a score and a reason."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.recommendation.arrays import Catalogue, History

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEATURES = (
    "goes with",
    "in common",
    "popularity",
    "recency",
    "place by goes with",
    "place by in common",
    "events of the user",
    "share of recent",
)
_EACH = 100  # candidates that the ranker sees of each scorer
_POPULAR = 50
_LEAST = 1e-9

Rank = Callable[["NDArray[np.float64]"], "NDArray[np.float64]"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One item of a list."""

    item: Any
    score: float
    why: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as an answer writes it."""
        return {"item": self.item, "score": self.score, "why": self.why}


class Recommender:
    """Ranks items for users. Safe for several threads.

    Args:
        users: Users as text, in the order of the history.
        history: What they did.
        catalogue: What is known of the items.
        method: `popularity`, `recency`, `neighbours`, `factors` or `ranker`.
        rank: Of `ranker`: scores rows of `FEATURES`.
        repeat: Recommend what a user has already.
    """

    def __init__(
        self,
        *,
        users: Sequence[str],
        history: History,
        catalogue: Catalogue,
        method: str,
        rank: Rank | None = None,
        repeat: bool = False,
    ) -> None:
        self.users, self.history, self.catalogue = list(users), history, catalogue
        self.method, self.rank, self.repeat = method, rank, repeat
        self._codes = {name: code for code, name in enumerate(self.users)}
        factors = catalogue.factors
        self._gram = factors.T @ factors + catalogue.regularisation * np.eye(factors.shape[1])
        top = catalogue.popularity.max(initial=0.0)
        self._usual = catalogue.popularity / top if top > 0 else catalogue.popularity
        newest = catalogue.recency.max(initial=0.0)
        self._lately = catalogue.recency / newest if newest > 0 else catalogue.recency

    def code(self, user: str | None) -> int | None:
        """Return a user's number, None for one that was never seen."""
        return None if user is None else self._codes.get(user)

    def top(self, user: str | None, k: int, *, learnt_only: bool = False) -> list[Recommendation]:
        """Return the k best items for a user, the best first; fewer if there are no more.

        Args:
            user: As text; a user never seen gets what is popular.
            k: How many.
            learnt_only: Forget the events that were set aside for the test.
        """
        code = self.code(user)
        empty: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        taken, weights = empty, np.empty(0)
        if code is not None:
            taken, weights = self.history.of(code, learnt_only=learnt_only)
        candidates, scores = self._ranked(taken, weights)
        if not self.repeat and len(taken):
            new = ~np.isin(candidates, taken)
            candidates, scores = candidates[new], scores[new]
        chosen = best(scores, k)
        return [
            Recommendation(
                item=self.catalogue.labels[item],
                score=float(score),
                why=self._why(int(item), taken),
            )
            for item, score in zip(candidates[chosen], scores[chosen], strict=True)
        ]

    def scores(
        self, taken: "NDArray[np.int64]", weights: "NDArray[np.float64]", method: str
    ) -> "NDArray[np.float64]":
        """Return a score for every item by one of the simple methods."""
        if method == "recency":
            return self._lately
        if method == "popularity" or not len(taken):
            return self._usual
        if method == "neighbours":
            return self._alongside(taken, weights)
        return self._in_common(taken, weights)

    def features(
        self, taken: "NDArray[np.int64]", weights: "NDArray[np.float64]"
    ) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
        """Return the items that the ranker chooses from, and what it knows of each."""
        alongside = self._alongside(taken, weights)
        common = self._in_common(taken, weights)
        usual = best(self._usual, _POPULAR)
        candidates = np.unique(np.concatenate([best(alongside, _EACH), best(common, _EACH), usual]))
        if not self.repeat:
            candidates = candidates[~np.isin(candidates, taken)]
        popularity, recency = self.catalogue.popularity, self.catalogue.recency
        columns = [
            alongside[candidates],
            common[candidates],
            np.log1p(popularity[candidates]),
            np.log1p(recency[candidates]),
            _places(alongside[candidates]),
            _places(common[candidates]),
            np.full(len(candidates), float(len(taken))),
            recency[candidates] / np.maximum(popularity[candidates], _LEAST),
        ]
        return candidates, np.column_stack(columns)

    def _ranked(
        self, taken: "NDArray[np.int64]", weights: "NDArray[np.float64]"
    ) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
        if self.method == "ranker" and self.rank is not None and len(taken):
            candidates, known = self.features(taken, weights)
            return candidates, self.rank(known) if len(candidates) else np.empty(0)
        method = "popularity" if self.method == "ranker" else self.method
        return np.arange(len(self._usual)), self.scores(taken, weights, method)

    def _alongside(
        self, taken: "NDArray[np.int64]", weights: "NDArray[np.float64]"
    ) -> "NDArray[np.float64]":
        """Add up how well each item goes with what was taken; what is popular breaks ties."""
        ids, how = self.catalogue.neighbours[taken], self.catalogue.similarities[taken]
        there = ids >= 0
        sums = np.bincount(
            ids[there], weights=(how * weights[:, None])[there], minlength=len(self._usual)
        )
        return sums + _LEAST * self._usual

    def _in_common(
        self, taken: "NDArray[np.int64]", weights: "NDArray[np.float64]"
    ) -> "NDArray[np.float64]":
        """Multiply the items' vectors with the user's, which is solved for (Hu, Koren, Volinsky 2008)."""
        factors = self.catalogue.factors
        if not factors.shape[1] or not len(taken):
            return self._usual
        mine, more = factors[taken], self.catalogue.confidence * weights
        system = self._gram + mine.T @ (more[:, None] * mine)
        vector = np.linalg.solve(system, mine.T @ (1.0 + more))
        return np.asarray(factors @ vector)

    def _why(self, item: int, taken: "NDArray[np.int64]") -> str:
        if self.method == "recency":
            return "popular lately"
        if self.method == "popularity" or not len(taken):
            return "popular with everybody"
        ids = self.catalogue.neighbours[taken]
        how = np.where(ids == item, self.catalogue.similarities[taken], 0.0).max(axis=1)
        if how.size and how.max() > 0:
            return f"goes with {self.catalogue.labels[int(taken[int(how.argmax())])]}"
        if self.method == "neighbours":
            return "popular with everybody"
        return "liked by users with a similar taste"


def best(scores: "NDArray[np.float64]", k: int) -> "NDArray[np.int64]":
    """Return the positions of the k highest scores, highest first; of equal ones the first."""
    if k < len(scores):
        edge = np.partition(scores, len(scores) - k)[len(scores) - k]
        among = np.flatnonzero(scores >= edge)
    else:
        among = np.arange(len(scores))
    return among[np.argsort(-scores[among], kind="stable")][:k]


def _places(scores: "NDArray[np.float64]") -> "NDArray[np.float64]":
    places = np.empty(len(scores))
    places[np.argsort(-scores, kind="stable")] = np.arange(len(scores))
    return places
