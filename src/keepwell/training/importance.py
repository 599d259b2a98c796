"""How much each input column matters to a fitted model; shares that add up to 1.

Trees: the gain of the splits on a column. Linear models: coefficients times the spread of what they
multiply. Anything else: how much the answers move when the column is shuffled. An ensemble: the weighted
mean of its members' shares.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.origins import sources
from keepwell.training.problem import Problem, answer_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

IMPORTANCE_ROWS = 1000
"""That are looked at, or answered with a column shuffled."""


def importance(pipeline: Any, problem: Problem, rows: int = IMPORTANCE_ROWS) -> dict[str, float]:
    """Return the share of every input, largest first; all zero for a model that ignores them."""
    from keepwell.training.ensembling.combining import members_of

    totals: dict[str, float] = {}
    for member, weight in members_of(pipeline):
        for name, share in _of_one(member, problem, rows).items():
            totals[name] = totals.get(name, 0.0) + weight * share
    return dict(sorted(totals.items(), key=lambda item: -item[1]))


def _of_one(pipeline: Any, problem: Problem, rows: int) -> dict[str, float]:
    prepared, model = pipeline.named_steps["prepare"], pipeline.named_steps["model"]
    inputs = [field.name for field in problem.signature.inputs]
    if (
        type(model).__module__ == "sklearn.dummy"
    ):  # to ask it about thousands of columns takes a budget
        return dict.fromkeys(inputs, 0.0)
    drawn = np.random.default_rng(problem.seed).permutation(problem.rows)[:rows]
    sample = problem.frame.iloc[np.sort(drawn)]
    if hasattr(model, "booster_"):
        gains = model.booster_.feature_importance("gain")
        return shares(inputs, sources(prepared), gains)
    if hasattr(model, "coef_"):
        strength = np.abs(np.atleast_2d(model.coef_)).sum(axis=0)
        return shares(inputs, sources(prepared), strength * _spread(prepared.transform(sample)))
    return shares(inputs, [(name,) for name in inputs], _moved(pipeline, sample, inputs, problem))


def shares(
    inputs: Sequence[str], made_of: Sequence[tuple[str, ...]], strengths: "NDArray[np.float64]"
) -> dict[str, float]:
    """Return the share of every input, largest first, from the strengths of what was made of them."""
    totals = dict.fromkeys(inputs, 0.0)
    for names, strength in zip(made_of, strengths, strict=True):
        for name in names:  # what was derived from several columns counts for each of them alike
            totals[name] += float(strength) / len(names)
    whole = sum(totals.values()) or 1.0
    ordered = sorted(totals.items(), key=lambda item: -item[1])
    return {name: total / whole for name, total in ordered}


def _spread(values: Any) -> "NDArray[np.float64]":
    if hasattr(values, "toarray"):  # a hundred thousand terms are never laid out as columns
        mean = np.asarray(values.mean(axis=0)).ravel()
        squares = np.asarray(values.multiply(values).mean(axis=0)).ravel()
        return np.asarray(np.sqrt(np.maximum(squares - mean**2, 0.0)), dtype=np.float64)
    return np.asarray(np.std(values, axis=0), dtype=np.float64)


def _moved(
    pipeline: Any, sample: "pd.DataFrame", inputs: Sequence[str], problem: Problem
) -> "NDArray[np.float64]":
    before = answer_of(pipeline, sample, problem.classes)
    order = np.random.default_rng(problem.seed).permutation(len(sample))
    moved = np.zeros(len(inputs))
    for position, name in enumerate(inputs):
        shuffled = sample.copy()
        shuffled[name] = sample[name].to_numpy()[order]
        moved[position] = np.abs(answer_of(pipeline, shuffled, problem.classes) - before).mean()
    return moved
