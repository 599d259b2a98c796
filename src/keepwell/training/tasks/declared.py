"""Declared features held against a task: what would have no effect, or no sense, is refused."""

from collections.abc import Iterator

from keepwell.core.errors import TrainingError
from keepwell.core.features import AS_USUAL, FeaturesSpec
from keepwell.core.records import Task
from keepwell.core.spec import DataSpec, TrainSpec

_NONE = {
    Task.FORECAST: "a forecast is made of earlier values, of the calendar, and of the columns under "
    "`known:` as they are",
    Task.RANKING: "a recommendation is made of who took what; columns that describe users and items "
    "are named by `user_columns:` and `item_columns:` under `data:`, or by its tables `users:`, `items:`",
}
"""Tasks that prepare no columns, with what they go by instead."""

_TARGET = {
    Task.CLUSTERING: "clustering has no target to encode by",
    Task.ANOMALY: "anomaly has no target to encode by",
    Task.MULTILABEL: "several labels are several targets, and a category has a mean of each",
}
_SEARCHED = "features are found by what they gain for one target"


def must_apply(features: FeaturesSpec, spec: TrainSpec, task: Task) -> None:
    """Refuse what a project declares about features where the task cannot obey it.

    Raises:
        TrainingError: Names the key and the task.
    """
    if spec.features == "auto":
        raise TrainingError(
            f"`features: auto` under `train:` does not go with the task {task.value}",
            why=_SEARCHED + ("" if task is Task.MULTILABEL else ", and this task has none"),
            now="take that line away"
            + ("" if task in _NONE else ", or declare features yourself under `features:`"),
        )
    key, why = next(_refused(features, task), ("", ""))
    if key:
        raise TrainingError(
            f"`{key}` does not go with the task {task.value}",
            why=why,
            now=f"take `{key}` out of keepwell.yaml"
            + ("" if task in _NONE else ", or encode by onehot, ordinal or frequency"),
        )


def must_recommend(data: DataSpec, task: Task | None) -> None:
    """Refuse descriptions of users and items where nothing is recommended.

    Raises:
        TrainingError: Names the key and the task.
    """
    for key in ("users", "items", "user_columns", "item_columns"):
        if getattr(data, key) and task is not Task.RANKING:
            raise TrainingError(
                f"`{key}:` under `data:` goes with the task ranking only",
                why=f"the task is {task.value if task else 'what the target says'}, which has no users "
                "and items",
                now=f"take `{key}` out of keepwell.yaml, or name `user:` and `item:` in place of a target",
            )


def _refused(features: FeaturesSpec, task: Task) -> Iterator[tuple[str, str]]:
    """Yield each key that cannot be obeyed, with the reason."""
    if task in _NONE:
        for key in ("numbers", "categories", "columns", "derive", "windows"):
            if getattr(features, key) != getattr(AS_USUAL, key):
                yield f"features.{key}", _NONE[task]
        return
    if features.categories.encode == "target":
        yield "features.categories.encode: target", _TARGET[task]
    for name, steps in features.columns.items():
        if steps.encode == "target":
            yield f"features.columns.{name}.encode: target", _TARGET[task]
    for one in features.derive:
        if one.kind == "target":
            yield f"features.derive.{one.name}", _TARGET[task]
