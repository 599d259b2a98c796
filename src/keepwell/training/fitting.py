"""The last fits: what was chosen, on every row that may be learnt from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import TrainingError
from keepwell.core.progress import Progress
from keepwell.training.ensembling.combining import combined
from keepwell.training.ensembling.selection import MOST_TREES, Ensemble, select
from keepwell.training.learners.base import FIRST
from keepwell.training.problem import Problem
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import Job, Outcome
from keepwell.training.search.trials import Trial, interval
from keepwell.training.splits.plans import Fold
from keepwell.training.trained import LeaderboardRow

if TYPE_CHECKING:
    from keepwell.training.workers.runner import Order, Runner

ENSEMBLE = "ensemble"
_TOO_LATE = 0.06


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
        primary: How many of them make one cross-validation.
        budget: What may be spent.
        progress: Hears how far it is.
        runner: Does the jobs.
        most: Members of an ensemble at most; None: a few.
        trees: That one row may pass through.
    """

    def __init__(  # noqa: PLR0913 - the parts of a fit
        self,
        problem: Problem,
        folds: Sequence[Fold],
        primary: int,
        *,
        budget: Budget,
        progress: Progress,
        runner: "Runner",
        most: int | None = None,
        trees: float = MOST_TREES,
    ) -> None:
        self._problem = problem
        self._folds = folds
        self._primary = primary
        self._budget = budget
        self._progress = progress
        self._runner = runner
        self._most = most
        self._trees = trees

    def best(self, trials: list[Trial]) -> Chosen:
        """Fit the best trials to all rows; those that fail are left out, and the next ones come in.

        Raises:
            TrainingError: If none can be fitted.
        """
        considered = trials
        while True:
            ensemble = select(
                self._problem,
                self._folds,
                considered,
                primary=self._primary,
                most=self._most,
                trees=self._trees,
            )
            first = next((t for t in considered if not t.failed and t.mean is not None), None)
            if first is None:
                raise self._nothing(trials)
            if ensemble is None or (len(ensemble.members) == 1 and first.scores):
                members: tuple[tuple[Trial, float], ...] = ((first, 1.0),)
            else:
                members = ensemble.members
            outcomes = self._fit([trial for trial, _ in members])
            if all(trial in outcomes for trial, _ in members):
                return self._chosen(trials, members, outcomes, ensemble)
            if self._budget.left < _TOO_LATE * self._budget.seconds:  # for a second try
                considered = [t for t in trials if t.candidate.learner == FIRST]

    def _chosen(
        self,
        trials: list[Trial],
        members: tuple[tuple[Trial, float], ...],
        outcomes: dict[Trial, Outcome],
        ensemble: Ensemble | None,
    ) -> Chosen:
        voting = [trial for trial, _ in members]
        others = [trial for trial in trials if trial not in voting]
        rounds = [outcomes[trial].rounds for trial in voting]
        return Chosen(
            members=members,
            pipeline=combined([(outcomes[trial].pipeline, weight) for trial, weight in members]),
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

        def done(order: "Order", outcome: Outcome) -> None:
            trial = order.ticket
            if outcome.failed:
                trial.failed = True
                trial.note = f"on all rows: {outcome.note}"
            else:
                found[trial] = outcome

        def report(order: "Order", share: float) -> None:
            self._progress.update(message, 0.9 + 0.08 * share, longest * (1 - share))

        self._runner.run(iter([self._order(trial) for trial in trials]), done, report)
        return found

    def _order(self, trial: Trial) -> "Order":
        from keepwell.training.workers.runner import Order

        # The baseline is quick, and has to come back even if nothing is left.
        least = 1.0 if trial.candidate.learner == FIRST else 0.02 * self._budget.seconds
        seconds = max(self._budget.left - 0.04 * self._budget.seconds, least)
        start = self._budget.spent
        stop: Callable[[], bool] = lambda: self._budget.spent - start > seconds  # noqa: E731
        job = Job(candidate=trial.candidate, fold=None, rounds=trial.final_rounds)
        return Order(job=job, stop=stop, seconds=seconds, ticket=trial)

    def _nothing(self, trials: Sequence[Trial]) -> TrainingError:
        notes = {trial.note for trial in trials if trial.note}
        return TrainingError(
            "no candidate could be fitted and measured",
            why="; ".join(sorted(notes))
            or f"{self._problem.metric} is undefined on these rows",
            now="load more rows, or set another `metric:` under `train:`",
        )
