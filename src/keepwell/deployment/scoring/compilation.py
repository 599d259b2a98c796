"""From a fitted pipeline to plain data, and from plain data to a function."""

import math
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

from keepwell.core.errors import FormatError
from keepwell.core.records import Signature
from keepwell.deployment.scoring.fusion import Row, fuse
from keepwell.deployment.scoring.parts import (
    AS_IT_IS,
    Data,
    Head,
    NotCompilableError,
    Read,
    Step,
    build_head,
    build_step,
    kept_parts,
    name_of,
    read_head,
    read_step,
)
from keepwell.deployment.scoring.terse import terse_row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keepwell.deployment.scoring.parts import Columns

FORMAT = 2

_CELLS = 2**24  # numbers of a prepared matrix that are in memory together


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
                now="train or register the model again"
                if data.get("format") == 1
                else "pip install --upgrade keepwell",
            )
        self._inputs: list[int] = data["inputs"]
        self._nans: list[int] = data.get("nans", [])
        self.order: list[int] | None = data["order"]
        self._steps: list[Step] = [build_step(step, read) for step in data["steps"]]
        self._width = -1
        self._fused: Row
        self._fuse(max(self._inputs, default=-1) + 1)
        self.head: Head = build_head(data["head"], read)
        self._cells: Any = getattr(self.head, "cells", float)  # a head of texts is asked with texts
        self._at_once = max(1, _CELLS // max(1, data.get("width", 1)))
        self.kept: list[Data] = kept_parts(data)
        self._terse = None if self._nans else terse_row(self._steps, self.head)

    def row(self, values: Sequence[Any]) -> list[float]:
        """Answer one row of canonical values, in the signature's order."""
        if self._terse is not None:
            answer = self._terse([values[at] for at in self._inputs])
            return answer if self.order is None else [answer[at] for at in self.order]
        if len(values) != self._width:
            self._fuse(len(values))
        answer = self.head.row(self.encoded(values))
        return answer if self.order is None else [answer[at] for at in self.order]

    def many(self, rows: Sequence[Sequence[Any]]) -> "NDArray[np.float64]":
        """Answer several rows of canonical values."""
        import numpy as np

        if self._terse is not None:
            return np.array([self.row(row) for row in rows])
        if len(rows[0]) != self._width:
            self._fuse(len(rows[0]))
        encoded = self.encoded
        answer = self.head.batch(np.array([encoded(row) for row in rows], dtype=self._cells))
        return answer if self.order is None else answer[:, self.order]

    @property
    def in_stages(self) -> bool:
        """Whether features are made before the head is asked; otherwise both are one."""
        return self._terse is None

    def staged_rows(
        self, rows: Sequence[Sequence[Any]], mark: Callable[[str], None]
    ) -> "NDArray[np.float64]":
        """Answer rows of canonical values as `row` does; tell `mark` of each stage."""
        import numpy as np

        if len(rows[0]) != self._width:
            self._fuse(len(rows[0]))
        encoded = [self.encoded(values) for values in rows]
        mark("transform")
        answer = np.array([self.head.row(values) for values in encoded])
        mark("model")
        return answer if self.order is None else answer[:, self.order]

    def staged_batch(
        self, columns: "Columns", mark: Callable[[str], None]
    ) -> "NDArray[np.float64]":
        """Answer rows as `batch` does; tell `mark` of each stage, as far as they fit into memory together."""
        if len(columns[0]) > self._at_once:
            answer = self.batch(columns)
            mark("model")
            return answer
        features = self.features(columns)
        mark("transform")
        answer = self.head.batch(features)
        mark("model")
        return answer if self.order is None else answer[:, self.order]

    def encoded(self, values: Sequence[Any]) -> list[Any]:
        """Return what the head is asked with, for one row."""
        try:
            return self._fused(values)
        except TypeError:  # text where a step calculates: the steps themselves see to it
            return self.stepwise(values)

    def stepwise(self, values: Sequence[Any]) -> list[Any]:
        """Return the same, step by step."""
        features = [values[at] for at in self._inputs]
        for at in self._nans:
            if features[at] is None:
                features[at] = math.nan
        for step in self._steps:
            features = step.row(features)
        return features

    def _fuse(self, width: int) -> None:
        """Write the steps as one function of so many values."""
        self._width, self._fused = width, fuse(self._steps, self._inputs, width, self._nans)

    def batch(self, columns: "Columns") -> "NDArray[np.float64]":
        """Answer rows given as columns of canonical values."""
        rows, at_once = len(columns[0]), self._at_once
        if self._terse is not None and rows:
            return self.many(list(zip(*(column.tolist() for column in columns), strict=True)))
        if rows <= at_once:
            return self._piece(columns)
        import numpy as np

        starts = range(0, rows, at_once)
        return np.concatenate(
            [self._piece([c[start : start + at_once] for c in columns]) for start in starts]
        )

    def _piece(self, columns: "Columns") -> "NDArray[np.float64]":
        answer = self.head.batch(self.features(columns))
        return answer if self.order is None else answer[:, self.order]

    def features(self, columns: "Columns") -> "NDArray[Any]":
        """Return what the head sees of rows given as columns of canonical values."""
        from keepwell.deployment.scoring.steps.matrix import side_by_side

        chosen = [columns[at] for at in self._inputs]
        if self._nans:
            chosen = with_nans(chosen, self._nans)
        matrix = None
        for step in self._steps:
            matrix = step.batch(chosen if matrix is None else list(matrix.T))
        return side_by_side(chosen, len(columns[0])) if matrix is None else matrix


def read_pipeline(pipeline: Any, signature: Signature, files: MutableMapping[str, bytes]) -> Data:
    """Return the data of a fitted pipeline; large parts go to `files`.

    Raises:
        NotCompilableError: If a part has no compiled form; the message names it.
    """
    from keepwell.deployment.scoring.intake import nan_columns

    steps, head = _unchain(pipeline, files)
    if head["op"] == AS_IT_IS and all(step["op"] == AS_IT_IS for step in steps):
        raise NotCompilableError(head["reason"])  # nothing would be left that is compiled
    inputs = _inputs(pipeline, signature)
    return {
        "format": FORMAT,
        "inputs": inputs,
        "order": _order(pipeline, signature),
        "steps": steps,
        "head": head,
        "width": int(getattr(last_of(pipeline), "n_features_in_", 1)) if steps else 1,
        "nans": nan_columns(pipeline, len(inputs)),
    }


def without_search(model: Any) -> Any:
    """Return the fitted model that answers: of a search over settings, the best one it refitted."""
    while hasattr(model, "best_estimator_"):
        model = model.best_estimator_
    return model


def last_of(fitted: Any) -> Any:
    """Return the estimator at the end of a pipeline."""
    while name_of(fitted) == "sklearn.Pipeline":
        fitted = fitted.steps[-1][1]
    return fitted


def with_nans(columns: "Columns", positions: Sequence[int]) -> "list[NDArray[Any]]":
    """Return columns in some of which nan stands for None."""
    import numpy as np

    chosen = list(columns)
    for at in positions:
        gaps = [value is None for value in chosen[at].tolist()]
        if any(gaps):
            chosen[at] = chosen[at].copy()
            chosen[at][np.array(gaps)] = np.nan
    return chosen


def _unchain(
    fitted: Any, files: MutableMapping[str, bytes], where: str = ""
) -> tuple[list[Data], Data]:
    """Return the steps before the estimator, and the estimator, however they are nested."""
    name = name_of(fitted)
    if name == "sklearn.Pipeline":
        from keepwell.deployment.scoring.heads.wide_columns import wide_columns
        from keepwell.deployment.scoring.heads.wide_text import wide_text
        from keepwell.deployment.scoring.steps.sparsity import refuse_skipped_zeros

        present = [step for _, step in fitted.steps if step is not None and step != "passthrough"]
        if fused := wide_text(present, files) or wide_columns(present, files):
            return [], fused
        refuse_skipped_zeros(present[:-1])
        before = [
            read_step(step, files, f"{where}{step_name}")
            for step_name, step in fitted.steps[:-1]
            if step is not None and step != "passthrough"
        ]
        last, estimator = fitted.steps[-1]
        steps, head = _unchain(estimator, files, f"{where}{last}.")
        return [*before, *steps], head
    if (
        name == "sklearn.TransformedTargetRegressor"
        and name_of(fitted.regressor_) == "sklearn.Pipeline"
    ):
        from keepwell.deployment.scoring.heads.transformed import inverse_of

        try:
            inverse = inverse_of(fitted)
        except NotCompilableError as reason:
            return [], _keep(fitted, files, where, reason)
        steps, head = _unchain(fitted.regressor_, files, where)
        return steps, {"op": name, "head": head, "inverse": inverse}
    written = dict(files)
    try:
        return [], read_head(fitted, files)
    except NotCompilableError as reason:
        for file in files.keys() - written.keys():  # of the half that was read
            del files[file]
        return [], _keep(fitted, files, where, reason)


def _keep(
    fitted: Any, files: MutableMapping[str, bytes], where: str, reason: NotCompilableError
) -> Data:
    from keepwell.deployment.scoring.original import keep

    return keep(fitted, files, where=where.rstrip("."), reason=str(reason))


def _inputs(pipeline: Any, signature: Signature) -> list[int]:
    """Return the signature's positions of the columns that the pipeline takes, in its order."""
    names = [field.name for field in signature.inputs]
    from keepwell.deployment.scoring.intake import fitted_names

    fitted_on = fitted_names(pipeline)
    if fitted_on is None:
        return list(range(len(names)))
    missing = [name for name in fitted_on if name not in names]
    if missing:
        raise NotCompilableError(f"the pipeline takes columns beyond its signature: {missing}")
    return [names.index(name) for name in fitted_on]


def _order(pipeline: Any, signature: Signature) -> list[int] | None:
    """Return where the signature's classes are among the pipeline's; None if in the same places."""
    if signature.task.numeric:
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
