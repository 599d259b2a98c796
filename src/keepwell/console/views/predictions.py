"""Answered rows: the newest of an endpoint, and one with all that is known about it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import KeepwellError, NotFoundError
from keepwell.core.records import ModelVersion, Prediction
from keepwell.core.records.prediction import shown

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

REASONS = 8
"""Columns whose contribution is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A prediction in a list; `outcome` and `right` are None until it is known."""

    prediction: Prediction
    answer: Any
    sure: float | None
    outcome: Any
    right: bool | None


def prediction(workspace: "Workspace", identifier: str) -> dict[str, Any]:
    """Return the context of `prediction.html`."""
    found = workspace.predictions.find(identifier)
    if found is None:
        workspace.collector.collect()
        found = workspace.predictions.find(identifier)
    if found is None:
        raise NotFoundError(
            f"there is no prediction '{identifier}'",
            why="no endpoint of this workspace answered with that id",
            now="take an id from `prediction_ids` of an answer",
        )
    version = _version(workspace, found)
    return {
        "row": rows(workspace, [found])[0],
        "inputs": json.loads(found.inputs),
        "shares": _shares(found, version),
        "outcome": workspace.predictions.outcomes([identifier]).get(identifier),
    }


def why(workspace: "Workspace", identifier: str) -> dict[str, Any]:
    """Return the context of `_why.html`: the explanation, or why there is none."""
    try:
        said = workspace.explanations.of_predictions([identifier])[0].explanation
    except KeepwellError as error:
        return {"said": None, "refusal": error}
    shown = said.contributions[:REASONS]
    largest = max((abs(one.contribution) for one in shown), default=0.0)
    return {"said": said, "shown": shown, "largest": largest, "refusal": None}


def rows(workspace: "Workspace", found: Sequence[Prediction]) -> list[Row]:
    """Return predictions with their outcomes."""
    outcomes = workspace.predictions.outcomes([item.id for item in found]) if found else {}
    return [
        _row(item, outcomes[item.id].outcome if item.id in outcomes else None) for item in found
    ]


def _row(item: Prediction, told: str | None) -> Row:
    answer = json.loads(item.prediction)
    outcome = None if told is None else json.loads(told)
    labels = bool(item.probabilities)
    return Row(
        prediction=item,
        answer=shown(answer),
        sure=max(item.probabilities) if labels else None,
        outcome=outcome,
        right=str(answer) == str(outcome) if labels and told is not None else None,
    )


def _version(workspace: "Workspace", found: Prediction) -> ModelVersion | None:
    try:
        return workspace.registry.get(found.model, found.version)
    except KeepwellError:
        return None


def _shares(found: Prediction, version: ModelVersion | None) -> list[tuple[str, float]]:
    """Return class probabilities by label, most likely first."""
    labels = version.signature.classes if version else ()
    if len(labels) != len(found.probabilities):
        labels = tuple(range(len(found.probabilities)))
    pairs = zip(map(str, labels), found.probabilities, strict=True)
    return sorted(pairs, key=lambda pair: -pair[1])
