"""Which input column, or columns, each column of the prepared matrix came from."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklearn.compose import ColumnTransformer


def origins(prepared: "ColumnTransformer") -> list[str]:
    """Return, for each output of a fitted `preparation`, the name of its (first) input column."""
    return [names[0] for names in sources(prepared)]


def sources(prepared: "ColumnTransformer") -> list[tuple[str, ...]]:
    """Return, for each output of a fitted `preparation`, the names of the columns that it is made of."""
    names: list[tuple[str, ...]] = []
    for block, transformer, columns in prepared.transformers_:
        if block == "remainder":
            continue
        taken = [columns] if isinstance(columns, str) else list(columns)
        inputs: list[tuple[str, ...]] = [(name,) for name in taken]
        for step in _steps(transformer):
            inputs = _outputs(step, inputs)
        names += inputs
    return names


def _steps(transformer: Any) -> Iterator[Any]:
    from sklearn.pipeline import Pipeline

    if isinstance(transformer, Pipeline):
        yield from (step for _, step in transformer.steps)
    else:
        yield transformer


def _outputs(step: Any, inputs: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the origins of each output of one step, given the origins of each input."""
    if hasattr(step, "tree") or hasattr(step, "fallback_"):  # one number of all that goes in
        return [tuple(name for names in inputs for name in names)]
    if hasattr(step, "shapes_"):
        return [names for names in inputs for _ in range(step.shapes_)]
    if hasattr(step, "support_"):
        return [names for names, kept in zip(inputs, step.support_, strict=True) if kept]
    if hasattr(step, "bin_edges_"):
        slots = step.n_bins_ if step.encode != "ordinal" else [1] * len(inputs)
        return [names for names, count in zip(inputs, slots, strict=True) for _ in range(count)]
    if hasattr(step, "encodings_"):
        width = len(step.classes_) if step.target_type_ == "multiclass" else 1
        return [names for names in inputs for _ in range(width)]
    if hasattr(step, "vocabulary_"):
        return inputs * len(step.vocabulary_)
    if hasattr(step, "parts_"):
        return [name for name, parts in zip(inputs, step.parts_, strict=True) for _ in parts]
    if hasattr(step, "indicator_"):
        flagged = [] if step.indicator_ is None else step.indicator_.features_
        return inputs + [inputs[index] for index in flagged]
    if hasattr(step, "drop_idx_"):  # one-hot: rare labels share one output
        return [
            name
            for name, labels, rare in zip(
                inputs, step.categories_, step.infrequent_categories_, strict=True
            )
            for _ in range(len(labels) - (0 if rare is None else len(rare) - 1))
        ]
    return inputs
