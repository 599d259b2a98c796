"""The last fit: the best candidate on every row that may be learnt from."""

from dataclasses import dataclass
from time import perf_counter
from typing import Any

from keepwell.core.errors import TrainingError
from keepwell.core.progress import Progress
from keepwell.training.learners.base import Watch
from keepwell.training.problem import Problem
from keepwell.training.search.budget import Budget
from keepwell.training.search.matrices import prepare
from keepwell.training.search.trials import Trial

_REPORT_EVERY = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The winner, fitted.

    Attributes:
        trial: What cross-validation saw of it.
        pipeline: `prepare` and `model`, fitted.
        rounds: Boosting rounds, if it boosts.
        trials: All trials; the winner first.
    """

    trial: Trial
    pipeline: Any
    rounds: int | None
    trials: list[Trial]


def fit_best(problem: Problem, trials: list[Trial], budget: Budget, progress: Progress) -> Chosen:
    """Fit the best trial to all rows; if that fails, the next one.

    Raises:
        TrainingError: If none can be fitted.
    """
    for trial in trials:
        if trial.failed or trial.mean is None:
            continue
        try:
            pipeline, rounds = _fit(problem, trial, budget, progress)
        except Exception as error:  # noqa: BLE001 - as in the search: the next candidate may do
            trial.failed = True
            trial.note = f"failed on all rows: {type(error).__name__}: {error}"[:300]
            continue
        others = [other for other in trials if other is not trial]
        return Chosen(trial=trial, pipeline=pipeline, rounds=rounds, trials=[trial, *others])
    notes = {trial.note for trial in trials if trial.note}
    raise TrainingError(
        "no candidate could be fitted and measured",
        why="; ".join(sorted(notes)) or f"{problem.metric} is undefined on these rows",
        now="load more rows, or set another `metric:` under `train:`",
    )


def _fit(
    problem: Problem, trial: Trial, budget: Budget, progress: Progress
) -> tuple[Any, int | None]:
    from sklearn.pipeline import Pipeline

    name = trial.candidate.name
    longest = max(trial.seconds)
    message = f"fitting {name} to all {problem.rows:,} rows"
    progress.update(message, 0.9, longest)
    last = perf_counter()

    def report(share: float) -> None:
        nonlocal last
        if perf_counter() - last > _REPORT_EVERY:
            last = perf_counter()
            progress.update(message, 0.9 + 0.08 * share, longest * (1 - share))

    prepared, matrix = prepare(problem, trial.learner.flavour)
    out_of_time = budget.deadline()
    start = perf_counter()

    def stop() -> bool:  # what a fold was given, the last fit is given too
        return out_of_time() and perf_counter() - start > longest

    watch = Watch(rounds=trial.final_rounds, stop=stop, report=report)
    fitted = trial.learner.fit(
        trial.candidate, problem, matrix, problem.target, problem.weights, watch
    )
    return Pipeline([("prepare", prepared), ("model", fitted.model)]), fitted.rounds
