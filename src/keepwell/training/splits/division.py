"""The usable rows in two parts: those that may be learnt from, and those for the test."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import TrainingError
from keepwell.core.records import Task
from keepwell.training.splits.plans import By, Fold, Plan, folds, test_rows
from keepwell.training.targets import Label, Target

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keepwell.training.splits.plans import Rows

_PAIR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """Positions among the usable rows, and the target as the model may know it.

    Attributes:
        used: Rows that may be learnt from.
        test: Rows that no choice sees.
        task: What is predicted, given the classes that are left.
        classes: Classes that occur in the used rows.
        values: By usable row: code of the class (-1 for one that only test rows have), or number.
        labels: By usable row: the true label or number itself.
        reason: How the rows were divided.
    """

    used: "Rows"
    test: "Rows"
    task: Task
    classes: tuple[Label, ...]
    values: "NDArray[Any]"
    labels: list[Any]
    reason: str


def divide(
    target: Target, plan: Plan, share: float, seed: int, given: "Rows | None" = None
) -> Division:
    """Set test rows aside: the given ones (positions among the usable rows), or by the plan.

    Raises:
        TrainingError: If a part would be empty, or only one class is left to learn from.
    """
    rows = len(target.values)
    test = test_rows(plan, rows, share, seed) if given is None else np.unique(given)
    used = np.setdiff1d(np.arange(rows), test)
    if not len(test) or not len(used):
        raise TrainingError(
            f"of {rows:,} usable rows, {len(test):,} are for the test and {len(used):,} to learn from",
            why="each part needs rows with a known outcome",
            now="hand in fewer or other test rows",
        )
    reason = plan.reason if given is None else "the test rows were handed in"
    if target.task.numeric:
        return Division(
            used=used,
            test=test,
            task=target.task,
            classes=(),
            values=target.values,
            labels=target.values.tolist(),
            reason=reason,
        )
    return _of_classes(target, used, test, reason)


def _of_classes(target: Target, used: "Rows", test: "Rows", reason: str) -> Division:
    seen = np.unique(target.values[used])
    if len(seen) < _PAIR:
        raise TrainingError(
            f"every row to learn from has '{target.name}' = {target.classes[seen[0]]!r}",
            why=f"the other classes occur in test rows only ({reason})",
            now="load rows of other classes, or choose another split under `train: split:`",
        )
    codes = np.full(len(target.classes), -1, dtype=np.int64)
    codes[seen] = np.arange(len(seen))
    return Division(
        used=used,
        test=test,
        task=Task.BINARY if len(seen) == _PAIR else Task.MULTICLASS,
        classes=tuple(target.classes[code] for code in seen),
        values=codes[target.values],
        labels=[target.classes[code] for code in target.values],
        reason=reason,
    )


def usable_folds(plan: Plan, division: Division, count: int, seed: int) -> list[Fold]:
    """Return folds over the used rows that can be learnt from and, given classes, be measured on.

    A stream may hold one class for days: such a block says nothing about a candidate. If no fold of
    the plan is left, rows are shuffled.
    """
    target = division.values[division.used]
    by: By = "random" if division.task.numeric else "stratified"
    shuffled = replace(plan, by=by, order=None if by == "random" else division.values)
    made = [folds(way, division.used, count, seed) for way in (plan, shuffled)]
    learnable = [[fold for fold in way if _tells(target[fold[0]])] for way in made]
    if division.task.numeric:
        return next(filter(None, learnable), [])
    telling = [[fold for fold in way if _tells(target[fold[1]])] for way in learnable]
    # Two used rows of a class are enough for a shuffled fold to learn from, though not to measure on.
    return next(filter(None, [*telling, *learnable]), [])


def _tells(target: "NDArray[Any]") -> bool:
    return len(target) > 0 and bool((target != target[0]).any())
