"""An older forecast asked as if it had been kept up to date: its model, over newer values.

Two versions of a forecast carry unlike histories. To compare them, both must look at the same values from
the same steps; only what they have learnt may differ.
"""

from copy import copy

from keepwell.core.records import Task
from keepwell.deployment.scoring.compilation import Compiled
from keepwell.deployment.scoring.heads.forecast import Forecast
from keepwell.deployment.scoring.scorer import Scorer


def following(older: Scorer, newer: Scorer) -> Scorer | None:
    """Return the older version with what the newer one knows; itself, where it is no forecast.

    None where it cannot be asked: its steps are of another length, or it never learnt some of the series.
    """
    if Task.FORECAST not in (older.signature.task, newer.signature.task):
        return older
    heads = [_head(scorer) for scorer in (older, newer)]
    if heads[0] is None or heads[1] is None:
        return None
    outlook = heads[0].outlook.over(heads[1].outlook)
    if outlook is None:
        return None
    head = copy(heads[0])
    head.outlook = outlook
    model = copy(older.model)
    model.head = head  # type: ignore[attr-defined]  # it is compiled: it had one
    return Scorer(older.signature, model)


def _head(scorer: Scorer) -> Forecast | None:
    model = scorer.model
    head = model.head if isinstance(model, Compiled) else None
    return head if isinstance(head, Forecast) else None
