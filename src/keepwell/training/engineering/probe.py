"""A quick model that tells what a feature adds: few boosting rounds, the same on every fold."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.features import Derived
from keepwell.core.records import ColumnType
from keepwell.features.declared import Plan, derived_steps
from keepwell.features.origins import sources
from keepwell.training.learners.base import Candidate, Watch
from keepwell.training.problem import Matrix, Problem, answer_of
from keepwell.training.search.matrices import apply, prepare
from keepwell.training.splits.plans import Fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROUNDS = 60
# Nothing is drawn at random: what a feature adds must not be lost in the noise of draws.
_SETTINGS: dict[str, Any] = {
    "learning_rate": 0.1,
    "num_leaves": 15,
    "min_child_samples": 20,
    "reg_lambda": 1.0,
}

Block = tuple["NDArray[np.float64]", "NDArray[np.float64]"]


class Probe:
    """Fits the quick model on folds, with or without features.

    Args:
        problem: What is to be learnt; its prose is left aside.
        folds: Train and validation rows.
        stop: Turns true when time is up.
    """

    def __init__(self, problem: Problem, folds: Sequence[Fold], stop: Callable[[], bool]) -> None:
        from keepwell.training.learners.lightgbm import LightGBM

        inputs = tuple(f for f in problem.signature.inputs if f.type is not ColumnType.TEXT)
        features = replace(
            problem.features,
            derive=tuple(
                one
                for one in problem.features.derive
                if all(name in {f.name for f in inputs} for name in one.columns)
            ),
        )
        self._whole = problem
        self._problem = replace(
            problem, signature=replace(problem.signature, inputs=inputs), features=features
        )
        self._folds = folds
        self._stop = stop
        self._learner = LightGBM()
        self._bases: dict[int, tuple[Matrix, Matrix]] = {}
        self._blocks: dict[tuple[int, Derived], Block] = {}
        self._sources: list[tuple[str, ...]] = []

    def score(self, number: int, features: Sequence[Derived]) -> float | None:
        """Return the metric on one fold; None if there was no time, or it cannot be measured."""
        return self._fit(number, features)[0]

    def strengths(self, number: int, features: Sequence[Derived]) -> dict[str, float]:
        """Return by input column, and by feature, what the splits on it gained."""
        _, model, widths = self._fit(number, features)
        if model is None or not hasattr(model, "booster_"):
            return {}
        gains = model.booster_.feature_importance("gain").tolist()
        found: dict[str, float] = {}
        base = len(gains) - sum(widths)
        for names, gain in zip(self._sources, gains[:base], strict=False):
            found[names[0]] = found.get(names[0], 0.0) + gain
        at = base
        for one, width in zip(features, widths, strict=True):
            found[one.name] = sum(gains[at : at + width])
            at += width
        return found

    def _fit(self, number: int, features: Sequence[Derived]) -> tuple[float | None, Any, list[int]]:
        if self._stop():
            return None, None, []
        problem = self._problem
        rows, held_rows = self._folds[number]
        train, held = self._base(number)
        blocks = [self._block(number, one) for one in features]
        widths = [block[0].shape[1] for block in blocks]
        if blocks:
            train = replace(train, values=np.hstack([train.values, *(b[0] for b in blocks)]))
            held = replace(held, values=np.hstack([held.values, *(b[1] for b in blocks)]))
        fitted = self._learner.fit(
            Candidate(name="probe", learner="lightgbm", params=_SETTINGS),
            problem,
            train,
            problem.target[rows],
            None if problem.weights is None else problem.weights[rows],
            Watch(rounds=_ROUNDS, stop=self._stop),
        )
        if fitted.interrupted:
            return None, None, widths
        answer = answer_of(fitted.model, held.values, problem.classes)
        score = problem.measure(problem.target[held_rows], answer).get(problem.metric)
        usable = score is not None and np.isfinite(score)
        return (score if usable else None), fitted.model, widths

    def _base(self, number: int) -> tuple[Matrix, Matrix]:
        if number not in self._bases:
            rows, held = self._folds[number]
            if not self._problem.signature.inputs:  # nothing but prose
                nothing = (Matrix(values=np.zeros((len(part), 1))) for part in (rows, held))
                first, second = nothing
                self._bases[number], self._sources = (first, second), [("",)]
            else:
                prepared, train = prepare(self._problem, "tree", rows)
                frame = self._problem.frame.iloc[held]
                self._bases[number] = _dense(train), _dense(apply(prepared, "tree", frame))
                self._sources = sources(prepared)
        return self._bases[number]

    def _block(self, number: int, one: Derived) -> Block:
        """Return a feature's values: fitted on the training rows, out of fold where by the target."""
        if (number, one) not in self._blocks:
            rows, held = self._folds[number]
            plan = Plan(flavour="tree", choices={}, task=self._whole.task)
            steps = derived_steps(plan, one)
            frame = self._whole.frame[list(one.columns)]
            made = steps.fit_transform(frame.iloc[rows], self._whole.target[rows])
            applied = steps.transform(frame.iloc[held])
            self._blocks[number, one] = (
                np.asarray(made, dtype=np.float64),
                np.asarray(applied, dtype=np.float64),
            )
        return self._blocks[number, one]


def _dense(matrix: Matrix) -> Matrix:
    values = matrix.values.toarray() if hasattr(matrix.values, "toarray") else matrix.values
    return replace(matrix, values=np.asarray(values, dtype=np.float64))
