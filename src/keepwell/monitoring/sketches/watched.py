"""What is watched of a version: its inputs and its answers, in the accumulators that its profile asks for."""

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.records import ColumnProfile, ColumnType, Field, ModelVersion, Profile
from keepwell.monitoring.inputs import parse_inputs
from keepwell.monitoring.labels import label_texts, read_numbers
from keepwell.monitoring.sketches import Block, Layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

PARSED_ROWS = 10_000
"""Inputs are read from at most so many rows at once, spread evenly: more would tell no more."""

PREDICTION = "prediction"


class Watched:
    """Turns logged predictions of one version into columns and counts them.

    Args:
        version: Who predicted.
        profile: Statistics of its training; columns that are not in it are not watched.

    Attributes:
        version: Who predicted.
        fields: The inputs that are watched.
        said: The profile of its answers; None if there is none, or an input took the name.
        layout: The accumulators.
    """

    def __init__(self, version: ModelVersion, profile: Profile) -> None:
        known = {column.name: column for column in profile.columns}
        self.version = version
        self.fields: list[Field] = [item for item in version.signature.inputs if item.name in known]
        named = version.signature.input(PREDICTION) is None
        self.said: ColumnProfile | None = known.get(PREDICTION) if named else None
        answers = [self.said] if self.said is not None else []
        self.layout = Layout([*(known[item.name] for item in self.fields), *answers])

    def count(self, rows: pa.Table, block: Block) -> None:
        """Add logged predictions (`inputs` and `prediction`, in the order of time) to a block."""
        documents = thinned(rows, PARSED_ROWS)["inputs"]
        inputs = parse_inputs(documents, self.fields)
        block.add({**inputs.columns, **self._answers(rows)}, inputs.wrong)

    def columns(self, rows: pa.Table) -> tuple[dict[str, Any], dict[str, int]]:
        """Return the columns of logged predictions, and how many values of each are of another type."""
        inputs = parse_inputs(rows["inputs"], self.fields)
        return {**inputs.columns, **self._answers(rows)}, inputs.wrong

    def _answers(self, rows: pa.Table) -> dict[str, Any]:
        if self.said is None:
            return {}
        if self.said.type is ColumnType.CATEGORY:
            return {PREDICTION: label_texts(rows["prediction"])}
        return {PREDICTION: pa.array(read_numbers(rows["prediction"]), from_pandas=True)}


def thinned(rows: pa.Table, most: int) -> pa.Table:
    """Return at most so many rows, spread evenly."""
    if rows.num_rows <= most:
        return rows
    spread: NDArray[np.int64] = np.linspace(0, rows.num_rows - 1, most).astype(np.int64)
    return rows.take(pa.array(spread))
