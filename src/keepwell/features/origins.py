"""Which input column each column of the prepared matrix came from."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sklearn.compose import ColumnTransformer


def origins(prepared: "ColumnTransformer") -> list[str]:
    """Return, for each output of a fitted `preparation`, the name of its input column."""
    names: list[str] = []
    for block, transformer, columns in prepared.transformers_:
        if block == "remainder":
            continue
        inputs = [columns] if isinstance(columns, str) else list(columns)
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


def _outputs(step: Any, inputs: list[str]) -> list[str]:
    """Return the origin of each output of one step, given the origin of each input."""
    if hasattr(step, "vocabulary_"):
        return inputs * len(step.vocabulary_)
    if hasattr(step, "picture_width_"):
        return inputs * int(step.picture_width_)
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
