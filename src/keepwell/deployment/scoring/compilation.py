"""From a fitted pipeline to plain data, and from plain data to a function."""

from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import FormatError
from keepwell.core.records import Signature, Task
from keepwell.deployment.scoring.parts import (
    Data,
    Head,
    NotCompilableError,
    Read,
    Step,
    build_head,
    build_step,
    name_of,
    read_head,
    read_step,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keepwell.deployment.scoring.parts import Columns

FORMAT = 1


class Compiled:
    """A pipeline built from its data: canonical values in, probabilities or numbers out.

    Args:
        data: What `read_pipeline` returned.
        read: Gives the bundle's files.

    Attributes:
        head: The estimator.
        order: Where the signature's classes are among the head's; None if in the same places.
    """

    def __init__(self, data: Mapping[str, Any], read: Read) -> None:
        if data.get("format") != FORMAT:
            raise FormatError(
                f"the scorer has format {data.get('format')}",
                why=f"this Keepwell reads format {FORMAT}",
                now="pip install --upgrade keepwell",
            )
        self._inputs: list[int] = data["inputs"]
        self.order: list[int] | None = data["order"]
        self._steps: list[Step] = [build_step(step) for step in data["steps"]]
        self.head: Head = build_head(data["head"], read)

    def row(self, values: Sequence[Any]) -> list[float]:
        """Answer one row of canonical values, in the signature's order."""
        features = [values[at] for at in self._inputs]
        for step in self._steps:
            features = step.row(features)
        answer = self.head.row(features)
        return answer if self.order is None else [answer[at] for at in self.order]

    def batch(self, columns: "Columns") -> "NDArray[np.float64]":
        """Answer rows given as columns of canonical values."""
        answer = self.head.batch(self.features(columns))
        return answer if self.order is None else answer[:, self.order]

    def features(self, columns: "Columns") -> "NDArray[Any]":
        """Return what the head sees of rows given as columns of canonical values."""
        from keepwell.deployment.scoring.steps.matrix import side_by_side

        chosen = [columns[at] for at in self._inputs]
        matrix = None
        for step in self._steps:
            matrix = step.batch(chosen if matrix is None else list(matrix.T))
        return side_by_side(chosen, len(columns[0])) if matrix is None else matrix


def read_pipeline(pipeline: Any, signature: Signature, files: MutableMapping[str, bytes]) -> Data:
    """Return the data of a fitted pipeline; large parts go to `files`.

    Raises:
        NotCompilableError: If a part has no compiled form; the message names it.
    """
    steps, head = _unchain(pipeline, files)
    return {
        "format": FORMAT,
        "inputs": _inputs(pipeline, signature),
        "order": _order(pipeline, signature),
        "steps": steps,
        "head": head,
    }


def _unchain(fitted: Any, files: MutableMapping[str, bytes]) -> tuple[list[Data], Data]:
    """Return the steps before the estimator, and the estimator, however they are nested."""
    name = name_of(fitted)
    if name == "sklearn.Pipeline":
        before = [
            step for _, step in fitted.steps[:-1] if step is not None and step != "passthrough"
        ]
        steps, head = _unchain(fitted.steps[-1][1], files)
        return [*(read_step(step) for step in before), *steps], head
    if (
        name == "sklearn.TransformedTargetRegressor"
        and name_of(fitted.regressor_) == "sklearn.Pipeline"
    ):
        from keepwell.deployment.scoring.heads.transformed import inverse_of

        steps, head = _unchain(fitted.regressor_, files)
        return steps, {"op": name, "head": head, "inverse": inverse_of(fitted)}
    return [], read_head(fitted, files)


def _inputs(pipeline: Any, signature: Signature) -> list[int]:
    """Return the signature's positions of the columns that the pipeline takes, in its order."""
    names = [field.name for field in signature.inputs]
    fitted_on = getattr(pipeline, "feature_names_in_", None)
    if fitted_on is None:
        return list(range(len(names)))
    missing = [str(name) for name in fitted_on if name not in names]
    if missing:
        raise NotCompilableError(f"the pipeline takes columns beyond its signature: {missing}")
    return [names.index(name) for name in fitted_on]


def _order(pipeline: Any, signature: Signature) -> list[int] | None:
    """Return where the signature's classes are among the pipeline's; None if in the same places."""
    if signature.task is Task.REGRESSION:
        return None
    order = class_order(pipeline.classes_.tolist(), signature)
    return None if order == list(range(len(order))) else order


def class_order(classes: Sequence[Any], signature: Signature) -> list[int]:
    """Return the position of each of the signature's classes among the pipeline's.

    A pipeline fitted on codes (0, 1, 2 …) has them in the signature's order.

    Raises:
        NotCompilableError: If they are not the same classes.
    """
    wanted = list(signature.classes)
    if len(set(wanted)) == len(wanted) == len(classes) and set(wanted) == set(classes):
        return [list(classes).index(label) for label in wanted]
    if list(classes) == list(range(len(wanted))):
        return list(range(len(wanted)))
    raise NotCompilableError(f"the pipeline knows the classes {classes}, the signature {wanted}")
