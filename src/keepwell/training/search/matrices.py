"""Prepared rows: fitted on the rows that are learnt from, applied to others."""

import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.preparation import Flavour, preparation
from keepwell.training.problem import Matrix, Problem
from keepwell.training.splits.plans import Fold

if TYPE_CHECKING:
    import pandas as pd

    from keepwell.training.splits.plans import Rows


AS_USUAL: Mapping[str, Any] = MappingProxyType({})


def prepare(
    problem: Problem,
    flavour: Flavour,
    rows: "Rows | None" = None,
    choices: Mapping[str, Any] = AS_USUAL,
) -> tuple[Any, Matrix]:
    """Return a preparation fitted on the rows (all of them if None), and those rows prepared."""
    frame = problem.frame if rows is None else problem.frame.iloc[rows]
    target = problem.target if rows is None else problem.target[rows]
    encoder = None
    if flavour in ("sentences", "tokens"):
        from keepwell.training.neural.pretrained.texts import text_encoder

        encoder = text_encoder(problem.text_model, vectors=flavour == "sentences")
    prepared = preparation(problem.signature, flavour, choices, problem.features, encoder=encoder)
    with warnings.catch_warnings():
        # Of equal values there are fewer bins than asked for, and of rare classes fewer rows than folds.
        warnings.filterwarnings("ignore", category=UserWarning, module="sklearn")
        # The target is for encoders that go by it; `fit_transform` gives their rows out of fold.
        values = prepared.fit_transform(frame, target)
    return prepared, _matrix(prepared, values, flavour)


def apply(prepared: Any, flavour: Flavour, frame: "pd.DataFrame") -> Matrix:
    """Return rows prepared as a fitted preparation does it."""
    return _matrix(prepared, prepared.transform(frame), flavour)


def _matrix(prepared: Any, values: Any, flavour: Flavour) -> Matrix:
    codes = prepared.output_indices_.get("categories") if flavour == "tree" else None
    if codes is not None and not hasattr(
        prepared.named_transformers_["categories"], "unknown_value"
    ):
        codes = None  # columns of ones and zeros, and of declared codes, are numbers
    positions = () if codes is None else tuple(range(values.shape[1])[codes])
    return Matrix(values=values, categorical=positions)


class FoldMatrices:
    """The prepared rows of one fold; each way is prepared once, when first asked for."""

    def __init__(self, problem: Problem, fold: Fold) -> None:
        self._problem = problem
        self.train, self.validation = fold
        self._made: dict[tuple[Any, ...], tuple[Matrix, Matrix]] = {}

    def of(self, flavour: Flavour, choices: Mapping[str, Any] = AS_USUAL) -> tuple[Matrix, Matrix]:
        """Return training and validation rows."""
        key = (flavour, *sorted(choices.items()))
        if key not in self._made:
            prepared, train = prepare(self._problem, flavour, self.train, choices)
            held = apply(prepared, flavour, self._problem.frame.iloc[self.validation])
            self._made[key] = train, held
        return self._made[key]

    @property
    def rows(self) -> tuple[Any, Any]:
        """Positions of training and validation rows."""
        return self.train, self.validation

    @property
    def actual(self) -> tuple[Any, Any]:
        """Targets of training and validation rows."""
        return self._problem.target[self.train], self._problem.target[self.validation]

    @property
    def weights(self) -> Any:
        """Weights of the training rows, None if all count the same."""
        given = self._problem.weights
        return None if given is None else np.asarray(given[self.train])
