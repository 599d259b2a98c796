"""What the steps of a fitted preparation have learnt, by input column."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from keepwell.core.features import Derived

_SHOWN = 20  # labels and groups; the whole tables are in the model


def fitted_steps(prepared: Any, derived: Sequence[Derived] = ()) -> dict[str, list[dict[str, Any]]]:
    """Return by column, or by derived feature, its steps in order: `step`, and the values it has learnt."""
    formulas = {one.name: one.detail for one in derived if one.kind == "formula"}
    found: dict[str, list[dict[str, Any]]] = {}
    for block, transformer, columns in getattr(prepared, "transformers_", ()):
        if block == "remainder":
            continue
        names = [columns] if isinstance(columns, str) else list(columns)
        made = block.startswith("derived:")
        subjects = [block.removeprefix("derived:")] if made else names
        for subject in subjects:
            found.setdefault(subject, [])
        if isinstance(transformer, str) or type(transformer).__name__ == "FunctionTransformer":
            continue  # passed through
        kept = list(range(len(names)))  # which of the columns are still there
        for step in _steps(transformer):
            for position, at in enumerate(kept):
                if at < len(subjects):
                    learnt = dict(_learnt(step, position))
                    if hasattr(step, "tree"):
                        learnt = {"formula": formulas.get(subjects[at], step.tree)}
                    found[subjects[at]].append({"step": type(step).__name__, **learnt})
            if hasattr(step, "support_"):
                kept = [at for at, stays in zip(kept, step.support_, strict=True) if stays]
    return found


def _steps(transformer: Any) -> Iterator[Any]:
    if hasattr(transformer, "steps"):
        yield from (step for _, step in transformer.steps)
    else:
        yield transformer


_BY_COLUMN: Sequence[tuple[str, str]] = (
    ("statistics_", "fill"),
    ("low_", "low"),
    ("high_", "high"),
    ("mean_", "mean"),
    ("center_", "center"),
    ("scale_", "scale"),
    ("data_min_", "min"),
    ("data_max_", "max"),
    ("variances_", "variance"),
    ("support_", "kept"),
    ("bin_edges_", "edges"),
    ("categories_", "categories"),
    ("encodings_", "values"),
    ("labels_", "categories"),
    ("shares_", "values"),
    ("parts_", "parts"),
)


def _learnt(step: Any, at: int) -> Iterator[tuple[str, Any]]:
    if hasattr(step, "fallback_"):
        yield "statistic", step.statistic
        yield "groups", step.labels_[:_SHOWN]
        yield "values", step.values_[:_SHOWN]
        yield "otherwise", _plain(step.fallback_)
        return
    if hasattr(step, "vocabulary_"):
        yield "terms", len(step.vocabulary_)
        return
    for attribute, name in _BY_COLUMN:
        values = getattr(step, attribute, None)
        if values is not None and at < len(values):
            yield name, _plain(values[at])


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(item) for item in list(value)[:_SHOWN]]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return round(value, 12) if np.isfinite(value) else None
    return value
