"""What a fitted pipeline does with its input columns first: who takes which, and what stands for a gap."""

from collections.abc import Iterator, Sequence
from typing import Any

from keepwell.deployment.scoring.parts import name_of
from keepwell.deployment.scoring.steps.labels import is_nan

_SAME_COLUMNS = ("SimpleImputer", "FunctionTransformer", "StandardScaler", "passthrough")


def first_of(fitted: Any) -> Any:
    """Return the transformer or estimator that rows meet first."""
    kind = name_of(fitted)
    if kind == "sklearn.Pipeline":
        used = [step for _, step in fitted.steps if step is not None and step != "passthrough"]
        return first_of(used[0]) if used else None
    if kind == "sklearn.FeatureUnion":
        return first_of(fitted.transformer_list[0][1])
    return fitted


def fitted_names(fitted: Any) -> list[str] | None:
    """Return the names of the columns that a pipeline was fitted on; None if they had none."""
    names = getattr(first_of(fitted), "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def takes_texts(fitted: Any) -> bool:
    """Tell whether a pipeline takes a list of texts in place of columns."""
    return hasattr(first_of(fitted), "build_analyzer")


def takers(fitted: Any, positions: Sequence[int]) -> Iterator[tuple[Any, Sequence[int]]]:
    """Yield what takes input columns as they are, and the positions of those that it takes."""
    kind = name_of(fitted).partition(".")[2]
    if kind == "Pipeline":
        for _, step in fitted.steps:
            yield from takers(step, positions)
            if name_of(step).partition(".")[2] not in _SAME_COLUMNS:
                return
    elif kind == "ColumnTransformer":
        from keepwell.deployment.scoring.steps.split import positions_of

        names = list(getattr(fitted, "feature_names_in_", ()))
        for _, step, columns in fitted.transformers_:
            taken = positions_of(columns, names, int(fitted.n_features_in_))
            if taken:
                yield from takers(step, [positions[at] for at in taken])
    elif kind == "FeatureUnion":
        for _, step in fitted.transformer_list:
            yield from takers(step, positions)
    elif kind == "TransformedTargetRegressor":
        yield from takers(fitted.regressor_, positions)
    else:
        yield fitted, positions


def nan_columns(fitted: Any, width: int) -> list[int]:
    """Return the positions of columns of labels in which a gap is nan, as pandas has it, and not None.

    The canonical frame has None there; a pipeline that was fitted on the user's own frame may know nan.
    """
    marks: dict[int, bool] = {}
    for taker, positions in takers(fitted, range(width)):
        learnt = getattr(taker, "categories_", None)
        if isinstance(learnt, list):
            for at, labels in zip(positions, learnt, strict=False):
                known = labels.tolist()
                if None in known:
                    marks.setdefault(at, False)
                elif any(is_nan(label) for label in known):
                    marks.setdefault(at, True)
        elif hasattr(taker, "missing_values"):
            for at in positions:
                marks.setdefault(at, is_nan(taker.missing_values))
    return sorted(at for at, is_nan_here in marks.items() if is_nan_here)
