"""Explanations by the libraries `shap` and `lime`, for whoever asks for them by name.

Both want a matrix of numbers: labels and texts become their place among the values of the typical rows and
the row itself, and are taken back before the model is asked.
"""

import importlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import UnavailableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Answer = Callable[[Sequence["NDArray[Any]"]], "NDArray[np.float64]"]

_SAMPLES = 2000  # rows around the one that is explained that LIME asks the model about
_ROUNDS = 10  # walks there and back that SHAP makes
_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """Of one row and output: what each column adds, to what, and how well that fits."""

    values: "NDArray[np.float64]"
    base: float
    samples: int
    fidelity: float | None = None
    held: tuple[int, ...] = ()  # columns that the library cannot vary


class Matrix:
    """Rows as numbers and back.

    Args:
        row: One array of length 1 a column.
        typical: Rows that stand for all rows.
    """

    def __init__(self, row: "Sequence[NDArray[Any]]", typical: "Sequence[NDArray[Any]]") -> None:
        self._row = row
        self.labels: dict[int, list[Any]] = {
            at: list(dict.fromkeys([*typical[at].tolist(), *row[at].tolist()]))
            for at in range(len(row))
            if row[at].dtype == object
        }
        self.row = self._encoded(row)[0]
        self.typical = self._encoded(typical)

    def columns(self, rows: "NDArray[np.float64]") -> "list[NDArray[Any]]":
        """Return rows of numbers as canonical columns."""
        made: list[NDArray[Any]] = []
        for at in range(len(self._row)):
            labels = self.labels.get(at)
            if labels is None:
                made.append(rows[:, at].astype(np.float64))
                continue
            codes = np.clip(np.round(rows[:, at]), 0, len(labels) - 1).astype(int)
            column: NDArray[Any] = np.empty(len(rows), dtype=object)
            column[:] = [labels[code] for code in codes]
            made.append(column)
        return made

    def _encoded(self, columns: "Sequence[NDArray[Any]]") -> "NDArray[np.float64]":
        made = [
            np.array([self.labels[at].index(value) for value in column], dtype=np.float64)
            if at in self.labels
            else column.astype(np.float64)
            for at, column in enumerate(columns)
        ]
        return np.column_stack(made)


def by_shap(
    answer: Answer,
    row: "Sequence[NDArray[Any]]",
    typical: "Sequence[NDArray[Any]]",
    place: int,
) -> Local:
    """Return Shapley values by SHAP's permutation explainer; they add up to the model's answer."""
    shap = library("shap")
    matrix = Matrix(row, typical)

    def ask(rows: "NDArray[np.float64]") -> "NDArray[np.float64]":
        found: NDArray[np.float64] = answer(matrix.columns(rows))[:, place]
        return found

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        masker = shap.maskers.Independent(matrix.typical, max_samples=len(matrix.typical))
        explainer = shap.explainers.Permutation(ask, masker, seed=_SEED)
        evaluations = _ROUNDS * (2 * len(row) + 1)
        found = explainer(matrix.row[None, :], max_evals=evaluations, silent=True)
    values = np.asarray(found.values, dtype=np.float64)[0]
    base = float(np.asarray(found.base_values).ravel()[0])
    return Local(values=values, base=base, samples=2 * _ROUNDS)


def by_lime(
    answer: Answer,
    row: "Sequence[NDArray[Any]]",
    typical: "Sequence[NDArray[Any]]",
    place: int,
    names: Sequence[str],
) -> Local:
    """Return the weights of LIME's local linear model, its intercept, and how well it fits (R²).

    Numbers that the row lacks stay as they are: LIME cannot vary what is missing.
    """
    tabular = library("lime.lime_tabular")
    matrix = Matrix(row, typical)
    known = [
        at
        for at in range(len(row))
        if np.isfinite(matrix.row[at]) and np.isfinite(matrix.typical[:, at]).any()
    ]
    held = tuple(at for at in range(len(row)) if at not in known)
    if not known:
        return Local(values=np.zeros(len(row)), base=0.0, samples=0, fidelity=0.0, held=held)
    background = matrix.typical[:, known]
    middle = np.nanmedian(background, axis=0)
    background = np.where(np.isfinite(background), background, middle)

    def ask(rows: "NDArray[np.float64]") -> "NDArray[np.float64]":
        whole = np.repeat(matrix.row[None, :], len(rows), axis=0)
        whole[:, known] = rows
        found: NDArray[np.float64] = answer(matrix.columns(whole))[:, place]
        return found

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        explainer = tabular.LimeTabularExplainer(
            background,
            mode="regression",  # of one output, a chance or a number
            feature_names=[names[at] for at in known],
            categorical_features=[at for at, column in enumerate(known) if column in matrix.labels],
            categorical_names={
                at: [str(label) for label in matrix.labels[column]]
                for at, column in enumerate(known)
                if column in matrix.labels
            },
            random_state=_SEED,
        )
        found = explainer.explain_instance(
            matrix.row[known], ask, num_features=len(known), num_samples=_SAMPLES
        )
    values = np.zeros(len(row))
    for at, weight in found.local_exp[1]:
        values[known[at]] = weight
    return Local(
        values=values,
        base=float(found.intercept[1]),
        samples=_SAMPLES,
        fidelity=float(found.score),
        held=held,
    )


def library(name: str) -> Any:
    """Return a module of the extra `explain`.

    Raises:
        UnavailableError: If it is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(name)
    except ImportError as error:
        raise UnavailableError(
            f"the method '{name.partition('.')[0]}' is not installed",
            why=f"it is an extra of Keepwell ({error})",
            now="pip install 'keepwell[explain]', or leave the method out",
        ) from None
