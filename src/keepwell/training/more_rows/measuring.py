"""The winner, fitted to parts of the rows that it was compared on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from keepwell.core.progress import Progress
from keepwell.tracking.metrics import direction
from keepwell.training.engineering.labels import signed
from keepwell.training.learners.base import FIRST, UNTRAINED
from keepwell.training.more_rows.expecting import Expected, expect
from keepwell.training.problem import Problem
from keepwell.training.search.budget import Budget
from keepwell.training.search.jobs import Job, Outcome
from keepwell.training.search.trials import Trial
from keepwell.training.splits.plans import Fold
from keepwell.training.workers.runner import Order, Runner, grace_of

SHARES = 0.125, 0.25, 0.5
"""Of a fold's rows; smaller parts lie within larger ones. What all of them give is known."""

_CHEAP = 0.05  # of the budget
_MOST = 0.5  # of what is left, where it was asked for
_FEWEST_ROWS = 200  # in a fold: an eighth of fewer says nothing
_FEWEST_FOLDS = 3
_SLOWER = 1.5  # than its share of the rows, for what does not depend on them
_PAIR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """How a score grows with rows.

    Attributes:
        candidate: What was fitted.
        metric: The score.
        scores: By number of rows, then by fold.
        expected: Of twice as many.
    """

    candidate: str
    metric: str
    scores: dict[int, dict[int, float]]
    expected: Expected

    @property
    def told(self) -> str:
        """What a reader should know, in a sentence."""
        found, rows = self.expected, sorted(self.scores)
        said = f"{signed(found.gain)} {self.metric} ({signed(found.low)} to {signed(found.high)})"
        seen = ", ".join(f"{self._mean(size):.3g} with {size:,}" for size in (rows[-2], rows[-1]))
        if found.low > 0:
            verdict = "more rows would help"
        elif found.high < 0:
            verdict = "more rows would not help"
        else:
            verdict = "whether more rows would help cannot be told"
        return f"{verdict}: twice as many are expected to bring {said}; {self.candidate} has {seen} rows"

    def _mean(self, size: int) -> float:
        return sum(self.scores[size].values()) / len(self.scores[size])


def measure_curve(  # noqa: PLR0913 - the parts of a measurement
    trial: Trial,
    problem: Problem,
    folds: Sequence[Fold],
    *,
    wanted: str,
    budget: Budget,
    runner: Runner,
    measuring: float,
    progress: Progress,
) -> Curve | None:
    """Return how the winner's score grows with rows; None where there are too few, or no time.

    Args:
        trial: The winner, with its scores on whole folds.
        problem: What was learnt.
        folds: Training and validation rows; only those that the winner has a score on are used.
        wanted: `auto`: if a twentieth of the budget does; `on`: with half of what is left; `off`.
        budget: What may be spent.
        runner: Does the jobs.
        measuring: Seconds to keep for what comes after.
        progress: Hears how far it is.
    """
    usable = [fold for fold in sorted(trial.scores) if len(folds[fold][0]) >= _FEWEST_ROWS]
    ignores = trial.candidate.learner in (FIRST, UNTRAINED)
    if wanted == "off" or ignores or len(usable) < _FEWEST_FOLDS:
        return None
    free = max(budget.left - measuring, 0.0)
    granted = min(_CHEAP * budget.seconds, free / _PAIR) if wanted == "auto" else _MOST * free
    each = _SLOWER * sum(SHARES) * trial.usual_seconds
    counted = usable[: int(granted / max(each, 1e-9) * runner.parallel)]
    if len(counted) < _FEWEST_FOLDS:
        return None
    progress.update(
        f"fitting {trial.candidate.name} to fewer rows, to see what more would bring", 0.97
    )
    found = _measured(trial, counted, budget, granted, runner)
    whole = [fold for fold in counted if all(fold in found[share] for share in SHARES)]
    if len(whole) < _FEWEST_FOLDS:
        return None
    rows = min(len(folds[fold][0]) for fold in whole)
    scores = {
        max(1, round(share * rows)): {fold: found[share][fold] for fold in whole}
        for share in SHARES
    }
    scores[rows] = {fold: trial.scores[fold] for fold in whole}
    return Curve(
        candidate=trial.candidate.name,
        metric=problem.metric,
        scores=scores,
        expected=expect(scores, direction(problem.metric)),
    )


def _measured(
    trial: Trial, folds: Sequence[int], budget: Budget, granted: float, runner: Runner
) -> dict[float, dict[int, float]]:
    """Return scores by share and fold; one that failed, or that there was no time for, is missing."""
    end = budget.spent + granted
    found: dict[float, dict[int, float]] = {share: {} for share in SHARES}

    def orders() -> Iterator[Order]:
        for fold in folds:
            for share in SHARES:
                if budget.spent < end:
                    yield Order(
                        job=Job(candidate=trial.candidate, fold=fold, share=share, complete=True),
                        stop=lambda: budget.spent > end,
                        seconds=max(end - budget.spent, 0.05),
                        grace=grace_of(trial.learner, 0.0),
                        ticket=(share, fold),
                    )

    def done(order: Order, outcome: Outcome) -> None:
        share, fold = order.ticket
        if not outcome.failed and not outcome.note and outcome.score is not None:
            found[share][fold] = outcome.score

    runner.run(orders(), done, lambda order, share: None)
    return found
