"""Metrics of numbers from a model of the loss: how far off an answer is likely to be, given its inputs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.records import ColumnType, Field
from keepwell.monitoring.estimation.answers import Answers
from keepwell.monitoring.estimation.reference import Coded, LossModel, Reference

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS = 5
ROUNDS = 200
_FEWEST = 60
_WORTH = 0.01  # share of the scatter that trees must explain on unseen rows, or the mean answers
_NUMBERS = (ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.BOOLEAN)
_MOST_LABELS = 50
_SETTINGS: dict[str, Any] = {
    "objective": "regression",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "lambda_l2": 1.0,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "seed": 0,
}


def watched(fields: Sequence[Field]) -> tuple[Coded, ...]:
    """Return the inputs that a loss model can look at: numbers, and labels that training knew."""
    return tuple(
        Coded(name=item.name, type=item.type, labels=item.categories[:_MOST_LABELS])
        for item in fields
        if item.type in _NUMBERS or (item.type is ColumnType.CATEGORY and item.categories)
    )


def fit_losses(
    columns: Mapping[str, pa.Array],
    fields: Sequence[Field],
    predictions: "NDArray[np.float64]",
    actual: "NDArray[np.float64]",
) -> Reference:
    """Return models of the absolute and the squared error, from rows with known numbers."""
    known = np.isfinite(actual) & np.isfinite(predictions)
    if known.sum() < _FEWEST:
        why = f"{int(known.sum())} rows with an outcome are too few to learn the loss from ({_FEWEST})"
        return Reference(rows=int(known.sum()), note=why)
    coded = watched(fields)
    seen = _matrix(coded, columns, predictions)[known]
    error = np.abs(actual - predictions)[known]
    return Reference(
        method="loss",
        rows=len(error),
        columns=coded,
        absolute=_fit(seen, error),
        squared=_fit(seen, error**2),
    )


def estimate_numbers(reference: Reference, answers: Answers) -> dict[str, tuple[float, float]]:
    """Return by metric its estimate, and how far chance scatters it."""
    if reference.absolute is None or reference.squared is None or not answers.rows:
        return {}
    said = np.asarray(answers.predictions, dtype=np.float64)
    seen = _matrix(reference.columns, answers.columns, said)
    mae, mae_error = _mean(reference.absolute, seen)
    mse, mse_error = _mean(reference.squared, seen)
    root = float(np.sqrt(mse))
    return {
        "mae": (mae, mae_error),
        "mse": (mse, mse_error),
        "rmse": (root, mse_error / (2 * root) if root else 0.0),
    }


def _mean(model: LossModel, seen: "NDArray[np.float64]") -> tuple[float, float]:
    losses = _losses(model, seen)
    scatter = model.spread * float(np.sqrt((losses**2).sum())) / len(losses)
    return float(losses.mean()), scatter


def _losses(model: LossModel, seen: "NDArray[np.float64]") -> "NDArray[np.float64]":
    if not model.trees:
        return np.full(len(seen), model.mean)
    import lightgbm

    booster = lightgbm.Booster(model_str=model.trees)
    return np.maximum(np.asarray(booster.predict(seen, num_threads=1), dtype=np.float64), 0.0)


def _fit(seen: "NDArray[np.float64]", loss: "NDArray[np.float64]") -> LossModel:
    """Return trees if they tell more than the mean does about rows that they have not seen."""
    import lightgbm

    leaf = max(20, len(loss) // 50)
    settings = {**_SETTINGS, "min_data_in_leaf": leaf}
    data = lightgbm.Dataset(seen, label=loss, params=settings, free_raw_data=False).construct()
    fold = np.random.default_rng(0).permutation(len(loss)) % FOLDS
    path = np.zeros((len(loss), ROUNDS // 10))
    for part in range(FOLDS):
        inside = np.flatnonzero(fold == part)
        booster = lightgbm.train(
            settings, data.subset(np.flatnonzero(fold != part).tolist()), ROUNDS
        )
        for step in range(path.shape[1]):
            path[inside, step] = booster.predict(
                seen[inside], num_iteration=10 * (step + 1), num_threads=1
            )
    mean = float(loss.mean())
    path = np.maximum(path, 0.0)
    missed = ((path - loss[:, None]) ** 2).mean(axis=0)
    best = int(np.argmin(missed))
    scatter = float(((loss - mean) ** 2).mean())
    gain = 1 - float(missed[best]) / scatter if scatter else 0.0
    if gain < _WORTH:
        return LossModel(mean=mean, spread=_share(scatter, np.full(len(loss), mean)))
    booster = lightgbm.train(settings, data, 10 * (best + 1))
    return LossModel(
        mean=mean,
        spread=_share(float(missed[best]), path[:, best]),
        trees=booster.model_to_string(),
        gain=gain,
    )


def _share(missed: float, answers: "NDArray[np.float64]") -> float:
    size = float((answers**2).mean())
    return float(np.sqrt(missed / size)) if size else 0.0


def _matrix(
    coded: Sequence[Coded], columns: Mapping[str, pa.Array], predictions: "NDArray[np.float64]"
) -> "NDArray[np.float64]":
    found = [_numbers(one, columns.get(one.name), len(predictions)) for one in coded]
    return np.column_stack([*found, predictions])


def _numbers(coded: Coded, column: Any, rows: int) -> "NDArray[np.float64]":
    """Return a column as numbers: missing is not a number, a label that training never saw is -1."""
    if column is None:
        return np.full(rows, np.nan)
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if coded.type in _NUMBERS:
        values = column.cast(pa.float64(), safe=False).fill_null(np.nan)
        return np.asarray(values.to_numpy(zero_copy_only=False))
    places = {label: float(at) for at, label in enumerate(coded.labels)}
    texts = column.cast(pa.string()).to_pylist()
    return np.array([np.nan if text is None else places.get(text, -1.0) for text in texts])
