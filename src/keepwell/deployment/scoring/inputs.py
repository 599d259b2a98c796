"""What a fitted model takes and gives, read off its fitted state and, where there are some, rows."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import InvalidDataError, UsageError
from keepwell.core.records import Column, ColumnType, Field, Signature, Task
from keepwell.core.suggestions import did_you_mean
from keepwell.deployment.scoring.compilation import last_of, without_search
from keepwell.deployment.scoring.heads.classes import classes_of
from keepwell.deployment.scoring.intake import fitted_names, takers, takes_texts
from keepwell.deployment.scoring.parts import name_of

if TYPE_CHECKING:
    import pyarrow as pa

_PAIR = 2
_SHOWN = 50


def model_signature(model: Any, sample: "pa.Table | None" = None, target: str = "") -> Signature:
    """Return the signature of a fitted scikit-learn pipeline or estimator.

    Args:
        model: The pipeline or estimator.
        sample: Rows like those it was fitted on; other columns are ignored. Without them, a column is a
            number unless a fitted encoder or vectorizer says otherwise, and none is required.
        target: The column it predicts, if it has a name.

    Raises:
        InvalidDataError: If the sample lacks a column that the model takes.
        UsageError: If the model is not one that can be scored.
    """
    model = without_search(model)
    labels = _classes(model)
    task = Task.MULTICLASS if len(labels) > _PAIR else Task.BINARY if labels else Task.REGRESSION
    names = _names(model, sample, target)
    known = _known_fields(model, names)
    if sample is None:
        inputs = tuple(known.get(name, Field(name=name, type=ColumnType.NUMBER)) for name in names)
        return Signature(task=task, target=target, inputs=inputs, classes=labels)
    from keepwell.features.signature import infer_signature

    columns = [
        Column(name=name, type=_type(sample.schema.field(name).type, known.get(name)))
        for name in names
    ]
    return infer_signature(sample, columns, names, target, task, labels)


def _classes(model: Any) -> tuple[Any, ...]:
    if not hasattr(model, "predict"):
        raise UsageError(
            f"{name_of(model) if not isinstance(model, str) else repr(model)} does not predict",
            why="a scorer answers with classes or numbers, not with transformed columns",
            now="put an estimator at the end of the pipeline, and fit it",
        )
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(model)
    except NotFittedError:
        raise UsageError(
            f"the {type(model).__name__} was not fitted",
            why="what is compiled is what fitting learnt",
            now="call fit first",
        ) from None
    classes = classes_of(model)
    several = getattr(model, "n_outputs_", 1) != 1 or (
        classes is None and _rows_of(getattr(last_of(model), "coef_", ())) > 1
    )
    if several or isinstance(classes, list):
        raise UsageError(
            f"the {type(model).__name__} predicts several targets",
            why="a scorer answers with one",
            now="fit one model for each target",
        )
    return () if classes is None else tuple(classes.tolist())


def _rows_of(weights: Any) -> int:
    return len(weights) if getattr(weights, "ndim", 1) > 1 else 1


def _names(model: Any, sample: "pa.Table | None", target: str) -> list[str]:
    """Return the columns that the model takes, in its order."""
    names = fitted_names(model)
    if sample is None:
        if names is None:
            width = 1 if takes_texts(model) else int(model.n_features_in_)
            names = ["text"] if takes_texts(model) else [f"x{at}" for at in range(width)]
        return names
    present = [name for name in sample.column_names if name != target]
    if names is None:
        return _unnamed(model, present)
    absent = [name for name in names if name not in present]
    if absent and not set(names) & set(present) and len(names) == len(present):
        return present  # fitted on an array, whose columns a library has numbered
    if absent:
        raise InvalidDataError(
            f"the rows have no column '{absent[0]}'",
            why=f"the model was fitted on it; the columns are {', '.join(present[:20])}",
            now=did_you_mean(absent[0], present) or "give rows like those it was fitted on",
        )
    return names


def _unnamed(model: Any, present: list[str]) -> list[str]:
    width = 1 if takes_texts(model) else getattr(model, "n_features_in_", len(present))
    if width != len(present):
        raise InvalidDataError(
            f"the rows have {len(present)} columns, the model takes {width}",
            why="it was fitted without column names, so every column counts",
            now="give rows of just its columns, in its order",
        )
    return present


def _type(kind: "pa.DataType", known: Field | None) -> ColumnType:
    from pyarrow import types

    if types.is_boolean(kind):
        return ColumnType.BOOLEAN
    if types.is_integer(kind):
        return ColumnType.INTEGER
    if types.is_floating(kind) or types.is_decimal(kind):
        return ColumnType.NUMBER
    if types.is_timestamp(kind) or types.is_date(kind):
        return ColumnType.DATETIME
    return ColumnType.TEXT if known and known.type is ColumnType.TEXT else ColumnType.CATEGORY


def _known_fields(model: Any, names: Sequence[str]) -> dict[str, Field]:
    """Return the inputs of which fitted state says that they are not numbers."""
    fields: dict[str, Field] = {}
    for at, field in _fields(model, len(names)):
        fields.setdefault(names[at], replace(field, name=names[at]))
    return fields


def _fields(model: Any, width: int) -> Iterator[tuple[int, Field]]:
    """Yield the position and kind of what the first transformers take, as far as they say."""
    for taker, positions in takers(model, range(width)):
        if hasattr(taker, "build_analyzer"):
            yield positions[0], Field(name="", type=ColumnType.TEXT)
        elif hasattr(taker, "parts_"):
            yield from ((at, Field(name="", type=ColumnType.DATETIME)) for at in positions)
        else:
            yield from _label_fields(taker, positions)


def _label_fields(fitted: Any, positions: Sequence[int]) -> Iterator[tuple[int, Field]]:
    learnt = getattr(fitted, "categories_", None)
    columns = [list(labels) for labels in learnt] if isinstance(learnt, list) else None
    if columns is None:  # of an imputer of labels, the label it fills in
        columns = [[value] for value in getattr(fitted, "statistics_", ())]
    for at, labels in zip(positions, columns, strict=False):
        if labels and all(type(label).__name__ in ("bool", "bool_") for label in labels):
            yield at, Field(name="", type=ColumnType.BOOLEAN)
        texts = tuple(label for label in labels if isinstance(label, str) and label)
        if texts:
            known = texts[:_SHOWN] if learnt is not None else ()
            yield at, Field(name="", type=ColumnType.CATEGORY, categories=known)
