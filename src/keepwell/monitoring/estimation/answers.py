"""What a model said about some rows, read once from the log for whoever measures it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.records import Field, Signature
from keepwell.monitoring.inputs import as_scored, parse_inputs
from keepwell.monitoring.labels import Labels, read_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Answers to rows, in their order.

    Attributes:
        predictions: Labels of the model, or numbers.
        probabilities: Rows by classes; None where there are none.
        columns: What was asked, by input: floats, or texts.
    """

    predictions: "Sequence[Any] | NDArray[Any]"
    probabilities: "NDArray[np.float64] | None" = None
    columns: "Mapping[str, pa.Array]" = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.predictions)


def answers_of(logged: pa.Table, signature: Signature, fields: "Sequence[Field]" = ()) -> Answers:
    """Return the answers of logged rows; those that cannot be read are left out.

    Args:
        logged: With `prediction`, and `probabilities` of classes, and `inputs` where `fields` are wanted.
        signature: Of the version that answered.
        fields: Inputs to read.
    """
    classes = signature.classes
    if signature.task.numeric:
        numbers = read_numbers(logged["prediction"])
        readable = np.isfinite(numbers)
        if not readable.all():
            logged, numbers = logged.filter(pa.array(readable)), numbers[readable]
        return Answers(predictions=numbers, columns=_columns(logged, fields))
    labels = Labels(classes).read(logged["prediction"])
    readable = np.array([label is not None for label in labels], dtype=bool)
    lengths = logged["probabilities"].combine_chunks().value_lengths()
    given = lengths.fill_null(0).to_numpy(zero_copy_only=False) == len(classes)
    if given.any():
        readable &= given
    if not readable.all():
        logged = logged.filter(pa.array(readable))
        labels = [label for label, kept in zip(labels, readable, strict=True) if kept]
    chances = None
    if given.any() and logged.num_rows:
        flat = logged["probabilities"].combine_chunks().flatten()
        chances = flat.to_numpy(zero_copy_only=False).astype(np.float64)
        chances = chances.reshape(logged.num_rows, len(classes))
    return Answers(predictions=labels, probabilities=chances, columns=_columns(logged, fields))


def _columns(logged: pa.Table, fields: "Sequence[Field]") -> "Mapping[str, pa.Array]":
    return parse_inputs(as_scored(logged["inputs"]), list(fields)).columns if fields else {}
