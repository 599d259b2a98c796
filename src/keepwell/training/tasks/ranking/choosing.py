"""Which way of recommending does best on each user's last events but the test ones."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from keepwell.core.errors import TrainingError
from keepwell.core.progress import Progress
from keepwell.features.recommendation.recommender import RANKERS
from keepwell.training.search.budget import Budget
from keepwell.training.search.store import Memory, TrialStore
from keepwell.training.tasks.comparing import Attempt, Contest, Terms, Turn, unbeaten
from keepwell.training.tasks.ranking.bench import EventBench, Learnt, Trial
from keepwell.training.tasks.ranking.ways import BY_DESCRIPTIONS, COLD, MORE, RANKER, WAYS, Way
from keepwell.training.trained import Finding, LeaderboardRow
from keepwell.training.workers.choice import open_bench
from keepwell.training.workers.grant import Grant

# A ranker that was told to stop has a catalogue to make yet, and lists for a thousand users.
_TERMS = Terms(share=0.6, until=0.5)
_TWICE = 2.2  # and a little to spare
_LOOKED_AT = 20  # about so many numbers of an event


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen.

    Attributes:
        way: The best way, with the settings of the vectors.
        learnt: What it makes of all events but the test ones.
        leaderboard: All, the best first.
        cold: How somebody without events is served: `popularity` or `audience`.
        cold_scores: What both reached where users were asked about as if they were new; empty where
            nothing is known of users.
        findings: What the reader should know of how it went.
    """

    way: Way
    learnt: Learnt
    leaderboard: tuple[LeaderboardRow, ...]
    cold: str = "popularity"
    cold_scores: dict[str, float] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def choose(
    trial: Trial, memory: Grant | None, budget: Budget, progress: Progress, store: TrialStore | None
) -> Choice:
    """Return the way that does best on the last events: of each user, or of all if the test is so.

    Raises:
        TrainingError: If not even what is popular can be learnt.
    """
    bench, race = EventBench(trial), _Race(trial, budget)
    runner = open_bench(
        bench, cells=len(trial.events) * _LOOKED_AT, memory=memory, seconds=budget.seconds
    )
    try:
        contest = Contest(
            bench, runner, budget, progress,
            memory=Memory.of(store, trial), terms=_TERMS, expected=race.expected,
        )  # fmt: skip
        contest.compare(race.turns())
        ordered = sorted(race.tried, key=lambda one: 1.0 if one.mean is None else -one.mean)
        found = contest.fitted(ordered)
    finally:
        runner.close()
    if found is None:
        raise TrainingError(
            "no way of recommending could be learnt from all events",
            why=race.tried[0].note,
            now="load fewer events, or fewer columns that describe users and items",
        )
    best, learnt = found
    scores = {name: one.mean for name, one in race.cold.items() if one.mean is not None}
    scores = scores if len(scores) == len(COLD) else {}
    return Choice(
        way=Way.of(best.candidate),
        learnt=learnt,
        leaderboard=tuple(one.row() for one in (best, *(o for o in ordered if o is not best))),
        cold=max(scores, key=lambda name: scores[name], default="popularity"),
        cold_scores=scores,
        findings=(*race.findings(), *contest.findings(best)),
    )


class _Race:
    """The ways, one after the other; later ones take over the settings of earlier ones that did well.

    Attributes:
        tried: Ways that were tried.
        cold: Ways to serve somebody new, where something is known of users. They come right after the
            baseline: each is as quick as that.
    """

    def __init__(self, trial: Trial, budget: Budget) -> None:
        self._trial, self._budget = trial, budget
        self.tried: list[Attempt] = []
        self.cold = {name: _served(name) for name in COLD if _knows_users(trial)}

    def turns(self) -> Iterator[Turn]:
        ways = (*WAYS, *self._further())
        for at, way in enumerate(ways):
            one = Attempt(candidate=self._set(way).candidate)
            self.tried.append(one)
            yield Turn(attempt=one, fold=0, done=at / len(ways))
            if one.first:
                for served in self.cold.values():
                    yield Turn(attempt=served, fold=0, done=at / len(ways))

    def findings(self) -> tuple[Finding, ...]:
        """Return what the reader should know of what was compared."""
        found: list[Finding] = []
        missing = next((one for one in self.cold.values() if one.mean is None), None)
        if missing is not None:
            message = (
                "users without events get what is popular: whether what is popular with users like them "
                f"serves them better was not measured ({missing.note or 'the comparison ended before'})"
            )
            found.append(Finding(column="", message=message, kind="events"))
        if unbeaten(self.tried, 1):
            message = "nothing beats recommending what is popular: users' tastes hardly differ here"
            found.append(Finding(column="", message=message, kind="search"))
        return tuple(found)

    def expected(self, one: Attempt) -> float:
        """Return the seconds that one is going to take: what ranks is fitted once more if it wins."""
        if one.candidate.learner not in RANKERS:
            return 0.0
        same = (met for met in self.tried if met.candidate.learner in RANKERS)
        usual = max((seconds for met in same for seconds in met.seconds), default=0.0)
        reserve = (1 - _TERMS.share) * self._budget.seconds
        return max(usual, _TWICE * usual - reserve)

    def _further(self) -> tuple[Way, ...]:
        known = self._trial.known
        described = known is not None and bool(known.users.columns or known.items.columns)
        further = (*(BY_DESCRIPTIONS if described else ()), RANKER, *MORE)
        if described and known is not None and not known.items.columns:
            return tuple(way for way in further if way.method != "alike")
        return further

    def _set(self, way: Way) -> Way:
        factors, recent = self._best("factors"), self._best("recency")
        if way.name in ("ranker", "described") and factors is not None:
            way = replace(factors, name=way.name, method=way.method)
        if way.ranks and recent is not None:
            way = replace(way, half_lives=recent.half_lives)
        return way

    def _best(self, method: str) -> Way | None:
        scored = [one for one in self.tried if one.candidate.learner == method and one.scores]
        if not scored:
            return None
        return Way.of(max(scored, key=lambda one: one.mean or 0.0).candidate)


def _knows_users(trial: Trial) -> bool:
    return trial.known is not None and bool(trial.known.users.columns)


def _served(name: str) -> Attempt:
    way = Way(name=f"new/{name}", method="popularity", fresh=name)
    return Attempt(candidate=way.candidate, sure=True)
