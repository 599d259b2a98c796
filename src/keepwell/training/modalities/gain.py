"""What training a pretrained model on was worth: against the same model as it is, on the same folds."""

from collections.abc import Sequence

import numpy as np

from keepwell.tracking.metrics import direction
from keepwell.training.doubt import gain_interval
from keepwell.training.engineering.labels import signed
from keepwell.training.learners.base import UNTRAINED
from keepwell.training.problem import Problem
from keepwell.training.search.trials import Trial

_TRAINED_ON = ("transformer", "embeddings")
_FEWEST = 2


def worth_of_training(trials: Sequence[Trial], problem: Problem, primary: int) -> str:
    """Return a sentence: metric with and without training, the gain and its interval, seconds and rows.

    Empty where no pretrained model of texts was trained on.

    Args:
        trials: All of them.
        problem: What was learnt.
        primary: How many folds make one cross-validation.
    """
    tuned = _best([one for one in trials if _learner(one) in _TRAINED_ON], problem.metric)
    if tuned is None:
        return ""
    untrained = next((one for one in trials if _learner(one) == UNTRAINED and one.scores), None)
    cost = f"{tuned.usual_seconds:.1f} s a fold of {_rows(problem, primary):,} rows"
    if untrained is None:
        if problem.task.numeric:
            return ""
        return (
            f"{tuned.candidate.name} took {cost}; what the model knows without training was not measured: it "
            "has no names for the classes (`text: {labels: {CLASS: words}}` under `train:` gives them)"
        )
    folds = sorted(set(tuned.scores) & set(untrained.scores))
    if not folds:
        return ""
    sign = direction(problem.metric)
    ours, theirs = ([one.scores[fold] for fold in folds] for one in (tuned, untrained))
    gains = [sign * (a - b) for a, b in zip(ours, theirs, strict=True)]
    low, high = gain_interval(gains, primary) if min(len(gains), primary) >= _FEWEST else (0.0, 0.0)
    reach = f" ({signed(low)} to {signed(high)})" if high > low else ""
    doubt = "; that may be chance" if low <= 0 else ""
    return (
        f"training was worth {signed(float(np.mean(gains)))} {problem.metric}{reach}{doubt}: "
        f"{tuned.candidate.name} has {np.mean(ours):.3g}, the model as it is ({untrained.candidate.name}) "
        f"{np.mean(theirs):.3g}, over {len(folds)} folds; it took {cost}"
    )


def _learner(trial: Trial) -> str:
    return trial.candidate.learner.partition(" (")[0]


def _best(trials: Sequence[Trial], metric: str) -> Trial | None:
    measured = [one for one in trials if one.scores and not one.failed]
    sign = direction(metric)
    return max(
        measured,
        key=lambda one: (len(one.scores), sign * float(np.mean(list(one.scores.values())))),
        default=None,
    )


def _rows(problem: Problem, primary: int) -> int:
    return round(problem.rows * (1 - 1 / max(primary, 2)))
