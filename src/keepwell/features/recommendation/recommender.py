"""From a user to a list of items, each with a score and a reason."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.recommendation.arrays import Catalogue, History
from keepwell.features.recommendation.descriptions import Descriptions, nothing

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
DESCRIBED = ("alike", "audience", "place by alike", "place by audience")
"""Further ones, where users or items are described; those of the user and of the item follow."""
_EACH = 100  # candidates that the ranker sees of each scorer
_POPULAR = 50
_LEAST = 1e-9

RANKERS = ("ranker", "described")

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
        method: `popularity`, `recency`, `neighbours`, `factors`, `alike`, `ranker` or `described`: the
            ranker that goes by descriptions too.
        rank: Of `ranker`: scores rows of `FEATURES`.
        repeat: Recommend what a user has already.
        described: What is known of the users beside events.
        cold: How somebody without events is served: `popularity` or `audience`.
    """

    def __init__(  # noqa: PLR0913 (what a recommender is made of, by name)
        self,
        *,
        users: Sequence[str],
        history: History,
        catalogue: Catalogue,
        method: str,
        rank: Rank | None = None,
        repeat: bool = False,
        described: Descriptions | None = None,
        cold: str = "popularity",
    ) -> None:
        self.users, self.history, self.catalogue = list(users), history, catalogue
        self.method, self.rank, self.repeat = method, rank, repeat
        self.described = nothing(len(self.users)) if described is None else described
        self.cold = cold
        norms = np.sqrt((catalogue.features**2).sum(axis=1, keepdims=True))
        self._directions = catalogue.features / np.maximum(norms, _LEAST)
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

    def top(
        self,
        user: str | None,
        k: int,
        *,
        learnt_only: bool = False,
        told: Mapping[str, Any] | None = None,
        fresh: bool = False,
    ) -> list[Recommendation]:
        """Return the k best items for a user, the best first; fewer if there are no more.

        Args:
            user: As text; a user never seen gets what is popular.
            k: How many.
            learnt_only: Forget the events that were set aside for the test.
            told: What a request says of the user, by column; it goes before what was known.
            fresh: Look at no event at all, as if the user were new.
        """
        code = self.code(user)
        empty: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        taken, weights = empty, np.empty(0)
        if code is not None:
            taken, weights = self.history.of(code, learnt_only=learnt_only)
        mine = self._described(code, told)
        had = taken
        if fresh:
            taken, weights = empty, np.empty(0)
        candidates, scores = self._ranked(taken, weights, mine)
        if not self.repeat and len(had):
            new = ~np.isin(candidates, had)
            candidates, scores = candidates[new], scores[new]
        chosen = best(scores, k)
        return [
            Recommendation(
                item=self.catalogue.labels[item],
                score=float(score),
                why=self._why(int(item), taken, mine),
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
        if method == "alike":
            return self._alike(taken, weights)
        return self._in_common(taken, weights)

    def features(
        self,
        taken: "NDArray[np.int64]",
        weights: "NDArray[np.float64]",
        mine: "NDArray[np.float64] | None" = None,
    ) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
        """Return the items that the ranker chooses from, and what it knows of each.

        With `mine`, what is known of the user, descriptions are among it.
        """
        alongside = self._alongside(taken, weights)
        common = self._in_common(taken, weights)
        usual = best(self._usual, _POPULAR)
        lately = best(self._lately, _EACH)
        proposed = [best(alongside, _EACH), best(common, _EACH), usual, lately]
        alike = audience = self._usual
        if mine is not None:
            alike, audience = self._alike(taken, weights), self._audience(mine)
            proposed += [best(alike, _EACH), best(audience, _POPULAR)]
        candidates = np.unique(np.concatenate(proposed))
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
        if mine is not None:
            columns += [
                alike[candidates],
                audience[candidates],
                _places(alike[candidates]),
                _places(audience[candidates]),
                np.broadcast_to(mine, (len(candidates), len(mine))),
                self.catalogue.features[candidates],
            ]
        return candidates, np.column_stack(columns)

    def of(self, code: int) -> "NDArray[np.float64]":
        """Return what is known of a user beside events."""
        return np.asarray(self.described.values[code])

    def _described(self, code: int | None, told: Mapping[str, Any] | None) -> "NDArray[np.float64]":
        """Return what is known of a user: as told, else as it was; of a stranger, the usual."""
        said = None if told is None else self.described.of(told)
        if said is not None:
            return said
        if code is not None:
            return self.of(code)
        return np.zeros(self.described.values.shape[1])

    def _ranked(
        self,
        taken: "NDArray[np.int64]",
        weights: "NDArray[np.float64]",
        mine: "NDArray[np.float64]",
    ) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
        everything = np.arange(len(self._usual))
        if not len(taken) and self.cold == "audience" and mine.any():
            return everything, self._audience(mine)
        if self.method in RANKERS and self.rank is not None and len(taken):
            candidates, known = self.features(
                taken, weights, mine if self.method == "described" else None
            )
            return candidates, self.rank(known) if len(candidates) else np.empty(0)
        method = "popularity" if self.method in RANKERS else self.method
        return everything, self.scores(taken, weights, method)

    def _alike(
        self, taken: "NDArray[np.int64]", weights: "NDArray[np.float64]"
    ) -> "NDArray[np.float64]":
        """Return how much each item is described as those that were taken; popularity breaks ties."""
        if not len(taken) or not self._directions.shape[1]:
            return self._usual
        profile = weights @ self._directions[taken]
        return np.asarray(self._directions @ profile + _LEAST * self._usual)

    def _audience(self, mine: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return how likely each item is taken by somebody described so: what is usual, and for whom."""
        audience = self.catalogue.audience
        popular = np.log(self.catalogue.popularity + 1.0)
        if not audience.shape[1]:
            return np.asarray(popular)
        return np.asarray(popular + audience @ mine - 0.5 * (audience**2).sum(axis=1))

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

    def _why(self, item: int, taken: "NDArray[np.int64]", mine: "NDArray[np.float64]") -> str:
        if not len(taken) and self.cold == "audience" and mine.any():
            return "popular with users like this one"
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
        if self.method == "alike" or not self.catalogue.popularity[item]:
            return "described like what was taken"
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
