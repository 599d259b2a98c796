"""The jobs of choosing how to recommend: a way learnt from the earlier events, or from all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.recommendation import Catalogue, History, Recommender
from keepwell.tracking.metrics.top_k import LONGEST, TopK, Wanted
from keepwell.training.search.jobs import Bench, Job, Log, Outcome
from keepwell.training.search.store import digest
from keepwell.training.tasks.comparing import performed
from keepwell.training.tasks.ranking.describing import Described
from keepwell.training.tasks.ranking.events import Events
from keepwell.training.tasks.ranking.learning import learn_catalogue
from keepwell.training.tasks.ranking.ranker import fit_ranker, rank_of
from keepwell.training.tasks.ranking.splitting import last_of_each, since_a_moment
from keepwell.training.tasks.ranking.ways import Way

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_USERS = 1_000
_VALIDATION = 0.2
_MANY = 100_000  # events


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What it works with.

    Attributes:
        events: Those that may be learnt from.
        known: What is known of users and items beside them.
        metric: Of lists.
        seed: Of every random choice.
        repeat: What a user took may be recommended again.
        by_time: The latest events of all are set aside to choose by, not the last of each user.
    """

    events: Events
    metric: str
    seed: int
    repeat: bool = False
    by_time: bool = False
    known: Described | None = None

    @property
    def digest(self) -> str:
        """A digest of everything that the outcome of a job depends on."""
        events, known = self.events, self.known
        parts: list[NDArray[Any]] = [events.user, events.item, events.weights, events.times]
        parts += [np.array([repr(one) for one in some]) for some in (events.users, events.items)]
        said: tuple[Any, ...] = (self.metric, self.seed, self.repeat, self.by_time)
        if known is not None:
            parts += [known.users.values, known.items.values]
            said = (*said, known.users.columns, known.items.columns)
        return digest(said, parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What a way makes of events: what it knows of the items, and the text of its ranker."""

    catalogue: Catalogue
    ranker: str = ""


class EventBench:
    """Does jobs; whatever goes wrong is part of the outcome."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._made: tuple[Events, Exam] | None = None

    def perform(
        self,
        job: Job,
        stop: Callable[[], bool],
        report: Callable[[float], None],
        log: Log = lambda step, values: None,
    ) -> Outcome:
        """Do a job."""
        from threadpoolctl import threadpool_limits

        way = Way.of(job.candidate)
        few = len(self._trial.events) < _MANY

        def work() -> Outcome:
            # Of few events the systems are small: on a busy machine threads would wait for each other.
            with threadpool_limits(1 if few else None, user_api="blas"):
                return self._last(way, stop) if job.fold is None else self._compared(way, stop)

        return performed(job, work)

    def _compared(self, way: Way, stop: Callable[[], bool]) -> Outcome:
        trial = self._trial
        earlier, exam = self._parts
        heard = _Heard(stop)
        learnt = learn(trial, earlier, way, heard)
        if learnt is None:
            return _NEVER
        made = recommender(
            earlier, learnt.catalogue, way.method,
            rank=rank_of(learnt.ranker) if learnt.ranker else None,
            repeat=trial.repeat and not way.fresh, known=trial.known, cold=way.fresh or "popularity",
        )  # fmt: skip
        score = exam.score(made, trial.metric, fresh=bool(way.fresh))
        return Outcome(score=score, note="stopped when its time was up" if heard.late else "")

    def _last(self, way: Way, stop: Callable[[], bool]) -> Outcome:
        learnt = learn(self._trial, self._trial.events, way, stop)
        return _NEVER if learnt is None else Outcome(pipeline=learnt)

    @property
    def _parts(self) -> "tuple[Events, Exam]":
        if self._made is None:
            trial = self._trial
            held = later_ones(trial.events, by_time=trial.by_time)
            later = trial.events.where(held)
            self._made = trial.events.where(~held), Exam(later, trial.events, trial.seed)
        return self._made


class _Heard:
    """Asks whether the time is up, and remembers that it was: after the learning nothing is cut short."""

    def __init__(self, stop: Callable[[], bool]) -> None:
        self._stop = stop
        self.late = False

    def __call__(self) -> bool:
        self.late = self._stop() or self.late
        return self.late


_NEVER = Outcome(failed=True, note="no candidate was ever taken")


def learn(trial: Trial, events: Events, way: Way, stop: Callable[[], bool]) -> Learnt | None:
    """Return what a way makes of events; None if there is nothing to rank by."""
    text = ""
    if way.ranks:
        text = ranker_of(trial, events, way, stop)
        if not text:
            return None
    return Learnt(catalogue=_catalogue(trial, events, way, stop), ranker=text)


def ranker_of(trial: Trial, events: Events, way: Way, stop: Callable[[], bool]) -> str:
    """Return the text of a ranker that was fitted to the last events; empty if nothing is to be learnt."""
    held = later_ones(events, by_time=trial.by_time)
    before = events.where(~held)
    if not held.any() or not len(before):
        return ""
    catalogue = _catalogue(trial, before, way, stop)
    proposer = recommender(before, catalogue, "factors", repeat=trial.repeat, known=trial.known)
    later = events.where(held).history()
    described = way.method == "described"
    booster: Any = fit_ranker(proposer, later, trial.seed, stop, described=described)
    return "" if booster is None else str(booster.model_to_string())


def recommender(  # noqa: PLR0913 (what a recommender is made of, by name)
    events: Events,
    catalogue: Catalogue,
    method: str,
    *,
    rank: Any = None,
    repeat: bool = False,
    history: History | None = None,
    known: Described | None = None,
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


def _catalogue(trial: Trial, events: Events, way: Way, stop: Callable[[], bool]) -> Catalogue:
    return learn_catalogue(
        events,
        width=way.width,
        regularisation=way.regularisation,
        confidence=way.confidence,
        half_lives=way.half_lives,
        seed=trial.seed,
        stop=stop,
        known=trial.known,
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


if TYPE_CHECKING:
    _: type[Bench] = EventBench
