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
    if hasattr(step, "tokens_width_") or hasattr(step, "vector_width_"):  # all texts in one
        width = getattr(step, "tokens_width_", 0) or step.vector_width_
        return [tuple(name for names in inputs for name in names)] * width
    if hasattr(step, "indicator_"):
        flagged = [] if step.indicator_ is None else step.indicator_.features_
        return inputs + [inputs[index] for index in flagged]
    counts = _widths(step, len(inputs))
    return [names for names, count in zip(inputs, counts, strict=True) for _ in range(count)]


def _widths(step: Any, columns: int) -> list[int]:
    """Return how many outputs each input becomes."""
    if hasattr(step, "support_"):
        return [int(kept) for kept in step.support_]
    if hasattr(step, "parts_"):
        return [len(parts) for parts in step.parts_]
    if hasattr(step, "drop_idx_"):  # one-hot: rare labels share one output
        return [
            len(labels) - (0 if rare is None else len(rare) - 1)
            for labels, rare in zip(step.categories_, step.infrequent_categories_, strict=True)
        ]
    if hasattr(step, "bin_edges_") and step.encode != "ordinal":
        return [int(count) for count in step.n_bins_]
    width = 1
    if hasattr(step, "vocabulary_"):
        width = len(step.vocabulary_)
    elif hasattr(step, "picture_width_"):
        width = int(step.picture_width_)
    elif hasattr(step, "shapes_"):
        width = step.shapes_
    elif hasattr(step, "encodings_") and step.target_type_ == "multiclass":
        width = len(step.classes_)
    return [width] * columns
