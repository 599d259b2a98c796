"""The last fits: what was chosen, on every row that may be learnt from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from keepwell.core.errors import TrainingError
from keepwell.core.progress import Progress
from keepwell.training.ensembling.combining import combined
from keepwell.training.ensembling.latency import MOST, microseconds_of
from keepwell.training.ensembling.selection import Ensemble, select
from keepwell.training.learners.base import FIRST
from keepwell.training.problem import Problem
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import Job, Outcome
from keepwell.training.search.pace import to_all_rows
from keepwell.training.search.trials import Trial, interval
from keepwell.training.splits.plans import Fold
from keepwell.training.trained import LeaderboardRow
from keepwell.training.workers.here import HereRunner
from keepwell.training.workers.runner import Order, Runner, grace_of, tail_of

ENSEMBLE = "ensemble"
_TOO_LATE = 0.06
_DRAWS = 3  # fits of one member at most
_SLOWER = 1.3  # than the first time it may be


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The winner, fitted.

    Attributes:
        members: What cross-validation saw of it, or of its members; with their weights.
        pipeline: `prepare` and `model`, fitted; or a vote of such.
        rounds: Boosting rounds by member, if it boosts.
        trials: All trials; the members first.
        metric: What they were compared by.
        ensemble: What was chosen on the held-out rows; None if no trial went through all folds.
    """

    members: tuple[tuple[Trial, float], ...]
    pipeline: Any
    rounds: tuple[int | None, ...]
    trials: list[Trial]
    metric: str
    ensemble: Ensemble | None = None

    @property
    def trial(self) -> Trial:
        """The heaviest member."""
        return self.members[0][0]

    @property
    def name(self) -> str:
        """`lightgbm/plain`, or `ensemble`."""
        return self.trial.candidate.name if len(self.members) == 1 else ENSEMBLE

    @property
    def learner(self) -> str:
        """`lightgbm`, or `ensemble`."""
        return self.trial.candidate.learner if len(self.members) == 1 else ENSEMBLE

    @property
    def params(self) -> dict[str, Any]:
        """The settings, or the weights of the members."""
        if len(self.members) > 1:
            return {trial.candidate.name: round(weight, 4) for trial, weight in self.members}
        shown = self.trial.row().params
        return shown | ({} if self.rounds[0] is None else {"n_estimators": self.rounds[0]})

    def leaderboard(self) -> tuple[LeaderboardRow, ...]:
        """Return all trials as rows, the chosen one first; an ensemble has a row of its own."""
        rows = tuple(trial.row() for trial in self.trials)
        if len(self.members) == 1 or self.ensemble is None:
            return rows
        scores = self.ensemble.scores
        low, high = interval(scores)
        row = LeaderboardRow(
            name=ENSEMBLE,
            learner=ENSEMBLE,
            params=self.params,
            mean=sum(scores) / len(scores),
            low=low,
            high=high,
            scores=scores,
            seconds=round(sum(trial.spent for trial, _ in self.members), 3),
            note=f"the weighted mean of {len(self.members)} models",
        )
        return row, *rows


class Fitting:
    """Fits what the search found best.

    Args:
        problem: What is to be learnt.
        folds: Train and validation rows.
        budget: What may be spent.
        progress: Hears how far it is.
        runner: Does the jobs.
        most: Members of an ensemble at most; None: a few.
        microseconds: That one row may take.
        measuring: Seconds to keep for what comes after.
        log: Hears of the curves of a fit, by candidate and step, while it goes on.
    """

    def __init__(  # noqa: PLR0913 - the parts of a fit
        self,
        problem: Problem,
        folds: Sequence[Fold],
        *,
        budget: Budget,
        progress: Progress,
        runner: Runner,
        most: int | None = None,
        microseconds: float = MOST,
        measuring: float = 0.0,
        log: Callable[[str, int, Mapping[str, float]], None] = lambda name, step, values: None,
    ) -> None:
        self._problem = problem
        self._folds = folds
        self._budget = budget
        self._progress = progress
        self._runner = runner
        self._most = most
        self._microseconds = microseconds
        self._measuring = measuring
        self._log = log

    def best(self, trials: list[Trial], primary: int) -> Chosen:
        """Fit the best trials to all rows; those that fail are left out, and the next ones come in.

        Args:
            trials: Best first.
            primary: How many folds make one cross-validation.

        Raises:
            TrainingError: If none can be fitted.
        """
        considered = trials
        while True:
            members, ensemble = self._elected(considered, primary)
            if not members:
                raise self._nothing(trials)
            outcomes = self._fit([trial for trial, _ in members])
            if all(trial in outcomes for trial, _ in members):
                whole = [trial for trial in outcomes if not outcomes[trial].note]
                if (
                    0 < len(whole) < len(members)
                ):  # what ran out of time must not drag the others down
                    members, ensemble = self._elected(whole, primary)
                    return self._chosen(trials, members, outcomes, ensemble)
                more = self._drawn_again(members, outcomes) if len(members) > 1 else {}
                return self._chosen(trials, members, outcomes, ensemble, more)
            if self._budget.left < _TOO_LATE * self._budget.seconds:  # for a second try
                if outcomes:  # what is there votes alone
                    members, ensemble = self._elected(list(outcomes), primary)
                    return self._chosen(trials, members, outcomes, ensemble)
                considered = [t for t in trials if t.candidate.learner == FIRST]

    def _elected(
        self, considered: Sequence[Trial], primary: int
    ) -> tuple[tuple[tuple[Trial, float], ...], Ensemble | None]:
        """Return who should be fitted, as many as time allows, with weights; nobody if none was measured."""
        most = self._most
        while True:
            ensemble = select(
                self._problem,
                self._folds,
                list(considered),
                primary=primary,
                most=most,
                microseconds=self._microseconds,
            )
            if ensemble is None or len(ensemble.members) < 2:  # noqa: PLR2004 (a vote)
                break
            if self._is_affordable([trial for trial, _ in ensemble.members]):
                return ensemble.members, ensemble
            most = len(ensemble.members) - 1
        if ensemble is not None and len(ensemble.members) == 1 and _learnt(ensemble):
            return ensemble.members, ensemble
        first = next((t for t in considered if not t.failed and t.mean is not None), None)
        return (() if first is None else ((first, 1.0),)), ensemble

    def _is_affordable(self, trials: Sequence[Trial]) -> bool:
        """Tell whether there is time to fit these to all rows, each of them to its end."""
        return self._expected(trials, self._runner.parallel) <= self._budget.left - self._measuring

    def _expected(self, trials: Sequence[Trial], parallel: int = 1) -> float:
        """Return the seconds that fits to all rows are likely to take."""
        growth = self._problem.rows / max(len(self._folds[0][0]), 1)
        return to_all_rows([trial.usual_seconds for trial in trials], growth, parallel)

    def _chosen(
        self,
        trials: list[Trial],
        members: tuple[tuple[Trial, float], ...],
        outcomes: dict[Trial, Outcome],
        ensemble: Ensemble | None,
        more: "dict[Trial, list[Any]] | None" = None,
    ) -> Chosen:
        voting = [trial for trial, _ in members]
        others = [trial for trial in trials if trial not in voting]
        rounds = [outcomes[trial].rounds for trial in voting]
        return Chosen(
            members=members,
            pipeline=combined(
                [
                    (pipeline, weight / (1 + len((more or {}).get(trial, ()))))
                    for trial, weight in members
                    for pipeline in (outcomes[trial].pipeline, *(more or {}).get(trial, ()))
                ]
            ),
            rounds=tuple(None if each is None else round(each) for each in rounds),
            trials=[*voting, *others],
            metric=self._problem.metric,
            ensemble=ensemble,
        )

    def _fit(self, trials: Sequence[Trial]) -> dict[Trial, Outcome]:
        """Return fitted trials; one that cannot be fitted is marked as failed."""
        found: dict[Trial, Outcome] = {}
        names = ", ".join(trial.candidate.name for trial in trials)
        message = f"fitting {names} to all {self._problem.rows:,} rows"
        longest = max(trial.usual_seconds for trial in trials)
        self._progress.update(message, 0.9, longest)

        def done(order: Order, outcome: Outcome) -> None:
            trial = order.ticket
            if outcome.failed:
                trial.failed = True
                trial.note = f"on all rows: {outcome.note}"
            else:
                found[trial] = outcome

        def report(order: Order, share: float) -> None:
            self._progress.update(message, 0.9 + 0.08 * share, longest * (1 - share))

        runner = self._runner
        if all(trial.candidate.learner == FIRST for trial in trials):
            # It cannot fail, so that it comes back whatever became of the children.
            learners = {FIRST: trials[0].learner}
            runner = HereRunner(self._problem, self._folds, learners)
        runner.run(iter([self._order(trial) for trial in trials]), done, report)
        return found

    def _drawn_again(
        self, members: tuple[tuple[Trial, float], ...], outcomes: dict[Trial, Outcome]
    ) -> dict[Trial, list[Any]]:
        """Return more fits of members by other seeds, as latency and time allow.

        What chance did to one fit cancels out in the mean of some: it is the cheapest gain there is.
        """
        cost = {trial: microseconds_of(trial, self._problem) for trial, _ in members}
        spent = sum(cost.values())
        time = self._budget.left - self._measuring - grace_of(members[0][0].learner, 0.0)
        time *= self._runner.parallel
        orders = []
        for draw in range(1, _DRAWS):
            for trial, _ in members:
                seconds = _SLOWER * outcomes[trial].seconds
                if not getattr(trial.learner, "drawn", False) or seconds > time:
                    continue
                if spent + cost[trial] > self._microseconds:
                    continue
                spent, time = spent + cost[trial], time - seconds
                orders.append(self._order(trial, draw))
        found: dict[Trial, list[Any]] = {}

        def done(order: Order, outcome: Outcome) -> None:
            if not outcome.failed and not outcome.note:  # one that ran out of time is worth less
                found.setdefault(order.ticket, []).append(outcome.pipeline)

        if orders:
            self._progress.update("fitting the ensemble's members again, by other seeds", 0.95)
            self._runner.run(iter(orders), done, lambda order, share: None)
        return found

    def _order(self, trial: Trial, draw: int = 0) -> Order:
        grace = grace_of(trial.learner, self._budget.seconds)
        tail = tail_of(trial.learner)
        left = self._budget.left - self._measuring - grace - tail
        # What comes after can be made shorter; a model that was cut short is worth little.
        least = min(_SLOWER * self._expected([trial]), self._budget.left)
        seconds = max(left, least, 0.02 * self._budget.seconds)
        start = self._budget.spent
        stop: Callable[[], bool] = lambda: self._budget.spent - start > seconds  # noqa: E731
        job = Job(candidate=trial.candidate, fold=None, rounds=trial.final_rounds, draw=draw)
        log = partial(self._log, trial.candidate.name)
        return Order(job=job, stop=stop, seconds=seconds, grace=grace + tail, ticket=trial, log=log)

    def _nothing(self, trials: Sequence[Trial]) -> TrainingError:
        notes = {trial.note for trial in trials if trial.note}
        return TrainingError(
            "no candidate could be fitted and measured",
            why="; ".join(sorted(notes)) or f"{self._problem.metric} is undefined on these rows",
            now="load more rows, or set another `metric:` under `train:`",
        )


def _learnt(ensemble: Ensemble) -> bool:
    """Tell whether what was elected is more than the baseline."""
    return ensemble.members[0][0].candidate.learner != FIRST
