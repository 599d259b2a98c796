"""Tasks whose training is a way of its own: a folder each, found by the name of the task.

Every one is a function from a table to `Trained`; what comes after it (scorer, proof, gate, monitors) is
the same for all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from keepwell.core.features import AS_USUAL, FeaturesSpec
from keepwell.core.records import Task

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import ArrayLike

    from keepwell.core.progress import Progress
    from keepwell.core.records import Column
    from keepwell.core.spec import DataSpec, TrainSpec
    from keepwell.training.search.store import TrialStore
    from keepwell.training.tasks.ranking.describing import Side
    from keepwell.training.trained import Trained
    from keepwell.training.workers.grant import Grant

_TRAINERS = {
    Task.MULTILABEL: "keepwell.training.tasks.multilabel.training:train_labels",
    Task.CLUSTERING: "keepwell.training.tasks.clustering.training:train_clusters",
    Task.ANOMALY: "keepwell.training.tasks.anomaly.training:train_detector",
    Task.FORECAST: "keepwell.training.tasks.forecast.training:train_forecast",
    Task.RANKING: "keepwell.training.tasks.ranking.training:train_recommender",
}


_LOOKED_AT = 10_000  # cells of the target


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a caller decides beside the rows and the spec.

    Attributes:
        test_rows: Positions (or a mask) of the rows to test on, instead of a split.
        weights: How much each row counts; None: all the same.
        features: How columns are prepared, and what is derived from them.
        store: Keeps finished folds of a run that may be killed.
        users: A table that describes users.
        items: A table that describes items.
        memory: What this process and its children may take together; None: half of what is free.
    """

    test_rows: "ArrayLike | None" = None
    weights: "ArrayLike | None" = None
    features: FeaturesSpec = AS_USUAL
    store: "TrialStore | None" = None
    users: "Side | None" = None
    items: "Side | None" = None
    memory: "Grant | None" = None


class Trainer(Protocol):
    """Trains one task."""

    def __call__(
        self,
        table: "pa.Table",
        columns: "Sequence[Column]",
        data: "DataSpec",
        spec: "TrainSpec",
        progress: "Progress",
        given: Given,
    ) -> "Trained":
        """Train, and measure on rows that no choice saw."""
        ...


def task_of(data: "DataSpec", spec: "TrainSpec", table: "pa.Table") -> Task | None:
    """Return the task that a project names, or shows by what it names; None if the target decides."""
    if spec.task is None and data.user and data.item and not data.target:
        return Task.RANKING
    if data.targets:
        _must_be_several(data, spec)
        return Task.MULTILABEL
    if spec.task is None and data.target in table.column_names:
        from keepwell.features.label_sets import hold_sets

        kind = table.schema.field(data.target).type
        if not _may_hold_sets(kind):
            return None
        if hold_sets(table[data.target].slice(0, _LOOKED_AT).to_pylist()):
            return Task.MULTILABEL
    return spec.task


def _must_be_several(data: "DataSpec", spec: "TrainSpec") -> None:
    from keepwell.core.errors import TrainingError

    if spec.task not in (None, Task.MULTILABEL):
        raise TrainingError(
            f"`task: {spec.task}` goes with no list of targets",
            why=f"`target:` under `data:` names {len(data.targets)} columns, and it has one",
            now="name one column as the target, or set `task: multilabel`",
        )


def _may_hold_sets(kind: "pa.DataType") -> bool:
    from pyarrow import types

    kind = kind.value_type if types.is_dictionary(kind) else kind
    return any(is_it(kind) for is_it in (types.is_string, types.is_large_string, types.is_list))


def trainer_of(data: "DataSpec", spec: "TrainSpec", table: "pa.Table") -> Trainer | None:
    """Return what trains a project's task, None if it is learnt from a target like any other."""
    task = task_of(data, spec, table)
    place = _TRAINERS.get(task) if task is not None else None
    if place is None:
        return None
    module, _, name = place.partition(":")
    return cast("Trainer", getattr(import_module(module), name))
