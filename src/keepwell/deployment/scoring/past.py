"""What a forecast looked at last: the values of its series, for a chart beside the answer."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.errors import InvalidRequestError
from keepwell.core.records import Signature, Task
from keepwell.deployment.scoring.compilation import Compiled
from keepwell.deployment.scoring.heads.forecast import Forecast
from keepwell.deployment.scoring.scorer import Scorer

if TYPE_CHECKING:
    from keepwell.features.forecasting import Outlook

MOST = 10_000


def past_of(
    scorer: Scorer, instances: Sequence[Mapping[str, Any]], steps: int
) -> list[dict[str, Any]]:
    """Return the last values of each series that instances name: `series`, `times` and `values`.

    A step without a value is null. One series without a name is called null.

    Raises:
        InvalidRequestError: If the model does not carry them.
    """
    outlook = _outlook(scorer)
    names: list[str | None] = [None]
    if outlook.settings.series:
        column = scorer.signature.inputs[1].name
        names = list(dict.fromkeys(str(row.get(column)) for row in instances))
    return [_series(outlook, name, steps) for name in names]


def check_past(signature: Signature, steps: int) -> None:
    """Refuse to look back where there is no past, or none of so many steps.

    Raises:
        InvalidRequestError: Says what to send.
    """
    if signature.task is not Task.FORECAST:
        raise InvalidRequestError(
            f"`history` is asked for, and the task is {signature.task.value}",
            why="only a forecast carries what came before",
            now="leave `history` out",
        )
    if not 1 <= steps <= MOST:
        raise InvalidRequestError(
            f"`history` is {steps}",
            why=f"it says how many steps of the past are wanted: 1 to {MOST:,}",
            now="send a number such as 60, or leave `history` out",
        )


def _outlook(scorer: Scorer) -> "Outlook":
    if isinstance(scorer.model, Compiled) and isinstance(scorer.model.head, Forecast):
        return scorer.model.head.outlook
    raise InvalidRequestError(
        "this forecast cannot tell what it looked at",
        why="it runs as it was fitted, not compiled",
        now="leave `history` out",
    )


def _series(outlook: "Outlook", name: str | None, steps: int) -> dict[str, Any]:
    row = 0 if name is None else outlook.settings.series.index(name)
    last = int(outlook.last[row])
    taken = np.arange(max(0, last + 1 - steps), last + 1)
    values = outlook.values[row, taken].tolist()
    return {
        "series": name,
        "times": [outlook.settings.grid.said(int(step)) for step in taken],
        "values": [value if value == value else None for value in values],  # noqa: PLR0124 (nan)
    }
