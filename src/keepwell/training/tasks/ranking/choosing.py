"""Which way of recommending does best on each user's last events but the test ones."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.progress import Progress
from keepwell.features.recommendation import Catalogue, History, Recommender
from keepwell.features.recommendation.recommender import RANKERS
from keepwell.tracking.metrics.top_k import LONGEST, TopK, Wanted
from keepwell.training.search.budget import Budget
from keepwell.training.tasks.ranking.describing import Known
from keepwell.training.tasks.ranking.events import Events
from keepwell.training.tasks.ranking.learning import learn_catalogue
from keepwell.training.tasks.ranking.ranker import fit_ranker
from keepwell.training.tasks.ranking.splitting import last_of_each, since_a_moment
from keepwell.training.trained import LeaderboardRow, Params

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_USERS = 1_000
_VALIDATION = 0.2
_SHARE = 0.6  # of the budget, for comparing
_TWICE = 2.2  # and a little to spare


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of recommending.

    Attributes:
        name: On the leaderboard.
        method: What ranks the items.
        width: Of the items' vectors.
        regularisation: Of the vectors.
        confidence: How much more an event says than none.
        half_lives: In how many halves of its weight an event ages from the first to the last.
    """

    name: str
    method: str
    width: int = 0
    regularisation: float = 0.1
    confidence: float = 10.0
    half_lives: float = 5.0

    @property
    def params(self) -> Params:
        """Return its settings."""
        if self.method == "recency":
            return {"half_lives": self.half_lives}
        if not self.width:
            return {}
        return {
            "width": self.width,
            "regularisation": self.regularisation,
            "confidence": self.confidence,
        }


WAYS = (
    Way(name="baseline", method="popularity"),
    Way(name="popularity/recent", method="recency"),
    Way(name="popularity/newest", method="recency", half_lives=30.0),
    Way(name="neighbours", method="neighbours"),
    Way(name="ranker/light", method="ranker"),
    Way(name="factors/32", method="factors", width=32),
)
RANKER = Way(name="ranker", method="ranker")
BY_DESCRIPTIONS = (
    Way(name="alike", method="alike"),
    Way(name="described/light", method="described"),
    Way(name="described", method="described"),
)
MORE = (
    Way(name="factors/64 loose", method="factors", width=64, confidence=3.0),
    Way(name="factors/16 tight", method="factors", width=16, regularisation=1.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen.

    Attributes:
        way: The best way, with the settings of the vectors.
        leaderboard: All, the best first.
        cold: How somebody without events is served: `popularity` or `audience`.
        cold_scores: What both reached where users were asked about as if they were new; empty where
            nothing is known of users.
    """

    way: Way
    leaderboard: tuple[LeaderboardRow, ...]
    cold: str = "popularity"
    cold_scores: dict[str, float] = field(default_factory=dict)


def choose(  # noqa: PLR0913 (what a comparison goes by, by name)
    events: Events,
    metric: str,
    seed: int,
    repeat: bool,
    budget: Budget,
    progress: Progress,
    known: Known | None = None,
    *,
    by_time: bool = False,
) -> Choice:
    """Return the way that does best on the last events: of each user, or of all if the test is so."""
    held = later_ones(events, by_time=by_time)
    earlier, later = events.where(~held), events.where(held)
    exam = Exam(later, events, seed)
    rows: list[LeaderboardRow] = []
    described = known is not None and bool(known.users.columns or known.items.columns)
    further = (*(BY_DESCRIPTIONS if described else ()), RANKER, *MORE)
    if described and known is not None and not known.items.columns:
        further = tuple(way for way in further if way.method != "alike")
    ways = {way.name: way for way in (*WAYS, *further)}
    factors: tuple[float, Way] | None = None
    recent: tuple[float, Way] | None = None
    for at, way in enumerate((*WAYS, *further)):
        # One like it is fitted once more, to all events, if it wins.
        usual = max((row.seconds for row in rows if row.learner in RANKERS), default=0.0)
        needed = _TWICE * usual if way.method in RANKERS else 0.0
        if rows and (budget.spent > _SHARE * budget.seconds or needed > budget.left):
            rows.append(_untried(way))
            continue
        progress.update(f"trying {way.name}", fraction=0.8 * at / len(ways))
        if way.name in ("ranker", "described") and factors is not None:
            ways[way.name] = replace(factors[1], name=way.name, method=way.method)
        if way.method in RANKERS:
            if recent is not None:
                aged = recent[1].half_lives
                ways[way.name] = replace(ways[way.name], half_lives=aged)
            rows.append(
                _ranked(
                    ways[way.name],
                    earlier,
                    exam,
                    metric,
                    seed,
                    repeat,
                    budget,
                    known,
                    by_time=by_time,
                )
            )
            continue
        start = budget.spent
        catalogue = _learn(earlier, way, seed, budget.deadline(0.5), known)
        made = recommender(earlier, catalogue, way.method, repeat=repeat, known=known)
        rows.append(_row(way, exam.score(made, metric), budget.spent - start))
        if way.method == "recency" and (recent is None or (rows[-1].mean or 0.0) > recent[0]):
            recent = (rows[-1].mean or 0.0, way)
        if way.width and (factors is None or (rows[-1].mean or 0.0) > factors[0]):
            factors = (rows[-1].mean or 0.0, way)
    ordered = sorted(rows, key=lambda row: -(row.mean if row.mean is not None else -1.0))
    cold = _cold(earlier, exam, metric, seed, budget, known)
    return Choice(
        way=ways[ordered[0].name],
        leaderboard=tuple(ordered),
        cold=max(cold, key=lambda name: cold[name], default="popularity"),
        cold_scores=cold,
    )


def _cold(
    earlier: Events, exam: "Exam", metric: str, seed: int, budget: Budget, known: Known | None
) -> dict[str, float]:
    """Return how good both ways are for users who are asked about as if they had done nothing."""
    if known is None or not known.users.columns:
        return {}
    catalogue = _learn(earlier, WAYS[0], seed, budget.deadline(0.5), known)
    return {
        cold: exam.score(
            recommender(earlier, catalogue, "popularity", known=known, cold=cold),
            metric,
            fresh=True,
        )
        for cold in ("popularity", "audience")
    }


def _ranked(  # noqa: PLR0913, PLR0917 (what a search needs)
    way: Way,
    earlier: Events,
    exam: "Exam",
    metric: str,
    seed: int,
    repeat: bool,
    budget: Budget,
    known: Known | None,
    *,
    by_time: bool,
) -> LeaderboardRow:
    """Fit a ranker to what users took within the earlier events, and measure it on the later ones."""
    start = budget.spent
    rank, _ = ranker_of(earlier, way, seed, budget, repeat=repeat, known=known, by_time=by_time)
    if rank is None:
        return LeaderboardRow(name=way.name, learner=way.method, note="no candidate was ever taken")
    catalogue = _learn(earlier, way, seed, budget.deadline(0.5), known)
    made = recommender(earlier, catalogue, way.method, rank=rank, repeat=repeat, known=known)
    return _row(way, exam.score(made, metric), budget.spent - start)


def ranker_of(
    events: Events,
    way: Way,
    seed: int,
    budget: Budget,
    *,
    repeat: bool,
    known: Known | None = None,
    by_time: bool = False,
) -> "tuple[Callable[[NDArray[np.float64]], NDArray[np.float64]] | None, str]":
    """Return a ranker that was fitted to the last events, and its text."""
    held = later_ones(events, by_time=by_time)
    before = events.where(~held)
    if not held.any() or not len(before):
        return None, ""
    catalogue = _learn(before, way, seed, budget.deadline(0.5), known)
    proposer = recommender(before, catalogue, "factors", repeat=repeat, known=known)
    later = events.where(held).history()
    booster: Any = fit_ranker(
        proposer, later, seed, budget.deadline(0.5), described=way.method == "described"
    )
    if booster is None:
        return None, ""
    # One thread: a list takes less time than to share it out.
    return lambda known: booster.predict(known, num_threads=1), booster.model_to_string()


def recommender(  # noqa: PLR0913 (what a recommender is made of, by name)
    events: Events,
    catalogue: Catalogue,
    method: str,
    *,
    rank: Any = None,
    repeat: bool = False,
    history: History | None = None,
    known: Known | None = None,
    cold: str = "popularity",
) -> Recommender:
    """Return a recommender for these events."""
    return Recommender(
        users=events.users,
        history=events.history() if history is None else history,
        catalogue=catalogue,
        method=method,
        rank=rank,
        repeat=repeat,
        described=None if known is None else known.users,
        cold=cold,
    )


def later_ones(events: Events, *, by_time: bool) -> "NDArray[np.bool_]":
    """Return which events are set aside to choose by: chosen as those of the test are."""
    return since_a_moment(events, _VALIDATION) if by_time else last_of_each(events, _VALIDATION)


def _learn(
    events: Events, way: Way, seed: int, stop: Callable[[], bool], known: Known | None
) -> Catalogue:
    return learn_catalogue(
        events,
        width=way.width,
        regularisation=way.regularisation,
        confidence=way.confidence,
        half_lives=way.half_lives,
        seed=seed,
        stop=stop,
        known=known,
    )


class Exam:
    """Asks for lists and compares them with what users went on to take.

    Args:
        later: What they took.
        events: All events, for the size of the catalogue.
        seed: Which users are asked about, where there are many.
    """

    def __init__(self, later: Events, events: Events, seed: int) -> None:
        users = np.unique(later.user)
        users = np.sort(np.random.default_rng(seed).permutation(users)[:_MOST_USERS])
        self._names = [later.users[user] for user in users]
        self._history = later.history()
        taken = [self._history.of(user)[0] for user in users]
        items = [{later.items[item] for item in some} for some in taken]
        self._wanted = Wanted(items=items, catalogue=len(events.items))

    def score(self, made: Recommender, metric: str, *, fresh: bool = False) -> float:
        """Return the metric of a recommender's lists; `fresh` asks as if all users were new."""
        lists = [[one.item for one in made.top(name, LONGEST, fresh=fresh)] for name in self._names]
        return TopK(self._wanted, lists).measure(np.arange(len(lists)))[metric]


def _row(way: Way, score: float, seconds: float) -> LeaderboardRow:
    return LeaderboardRow(
        name=way.name,
        learner="baseline" if way.name == "baseline" else way.method,
        params=way.params,
        mean=score,
        scores=(score,),
        seconds=round(seconds, 3),
    )


def _untried(way: Way) -> LeaderboardRow:
    return LeaderboardRow(
        name=way.name, learner=way.method, params=way.params, note="not tried within the budget"
    )
