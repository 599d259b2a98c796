"""The chosen model on rows that no choice ever saw, and beside what it scored before."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.records import Estimate, Task
from keepwell.features.decisions import decided
from keepwell.tracking.metrics import Scores, direction, intervals
from keepwell.training.problem import Problem, answer_of
from keepwell.training.trained import Overfit

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

OVERFIT_ROWS = 5_000
"""That the model learnt from, and answers again."""

TOO_WIDE = 0.5


def scores_of(pipeline: Any, frame: "pd.DataFrame", problem: Problem) -> Scores:
    """Return what the model says: labels and probabilities, or numbers."""
    answer = answer_of(pipeline, frame, problem.classes)
    if problem.task.numeric:
        return Scores(predictions=answer.tolist())
    classes = problem.signature.classes
    labels = [classes[code] for code in decided(problem.signature, answer)]
    return Scores(predictions=labels, probabilities=answer)


def test_metrics(
    problem: Problem, actual: list[Any], scores: Scores, stop: Callable[[], bool]
) -> dict[str, Estimate]:
    """Return every metric on the test rows with its interval, from fewer draws if time is up."""
    signature = problem.signature
    return intervals(
        signature.task, signature.classes, actual, scores, seed=problem.seed, stop=stop
    )


def overfit(
    pipeline: Any,
    problem: Problem,
    validation: float | None,
    baseline: float | None,
    test: Estimate | None,
    rows: int = OVERFIT_ROWS,
) -> Overfit:
    """Compare the metric on rows learnt from, held out, and untouched.

    The gap is taken relative to what the model gains over the baseline, so that one threshold suits
    every metric: of a gain of 0.40 in training, 0.30 on the test rows is a gap of 25%.
    """
    drawn = np.random.default_rng(problem.seed).permutation(problem.rows)[:rows]
    answer = answer_of(pipeline, problem.frame.iloc[drawn], problem.classes)
    own = problem.measure(problem.target[drawn], answer).get(problem.metric)
    gap = _gap(problem.metric, own, test, baseline)
    return Overfit(
        metric=problem.metric,
        train=own,
        validation=validation,
        test=None if test is None else test.value,
        gap=gap,
        warning=_warning(problem.metric, own, test, gap),
    )


def _gap(
    metric: str, own: float | None, test: Estimate | None, baseline: float | None
) -> float | None:
    if own is None or test is None or baseline is None:
        return None
    gained = direction(metric) * (own - baseline)
    return max(0.0, direction(metric) * (own - test.value) / gained) if gained > 0 else 0.0


def _warning(metric: str, own: float | None, test: Estimate | None, gap: float | None) -> str:
    if gap is None or gap <= TOO_WIDE or own is None or test is None:
        return ""
    return (
        f"{metric} is {own:.4g} on the rows it learnt from and {test.value:.4g} on the test rows: "
        f"{gap:.0%} of what it gains over the baseline does not carry over to new rows"
    )


def shown_predictions(scores: Scores, task: Task) -> "NDArray[Any]":
    """Return predictions as the profile counts them: text labels, or numbers."""
    if task.numeric:
        return np.asarray(scores.predictions, dtype=np.float64)
    return np.array([label_text(label) for label in scores.predictions], dtype=object)


def label_text(label: Any) -> str:
    """Return a label as text; booleans as JSON writes them, several labels with commas."""
    if isinstance(label, list):
        return ", ".join(map(str, label))
    return str(label).lower() if isinstance(label, bool) else str(label)
