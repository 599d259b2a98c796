"""Names of videos and sounds are no features: data that has nothing else is not trained on."""

from keepwell.core.records import ColumnType, DatasetVersion
from keepwell.core.records.model import Task
from keepwell.core.spec import ProjectSpec

_LEARNS_FROM_NAMES = (Task.FORECAST, Task.RANKING)  # and a target's past, or who chose what


def must_teach(spec: ProjectSpec, dataset: DatasetVersion) -> None:
    """Refuse to train where nothing but names of videos or sounds is left beside target and key.

    Raises:
        InvalidDataError: It says what to bring instead.
    """
    data = spec.data
    if not spec.learns or (data.user and data.item) or spec.train.task in _LEARNS_FROM_NAMES:
        return
    from keepwell.data.sources.linked import must_not_be_media

    parts = {
        data.target,
        data.key,
        data.time,
        data.labels,
        data.weight,
        *data.targets,
        *data.ignore,
    }
    features = [
        column.name
        for column in dataset.columns
        if column.name not in parts
        and (column.type is not ColumnType.IDENTIFIER or column.name in data.keep)
    ]
    must_not_be_media(dataset.findings, features, data.source)
