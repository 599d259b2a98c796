"""What live data will be compared with: the inputs learnt from, and what the model says."""

from typing import TYPE_CHECKING

import pyarrow as pa

from keepwell.core.records import Column, ColumnType, Profile, Signature
from keepwell.data.profiles import profile_table
from keepwell.tracking.metrics import Scores
from keepwell.training.evaluation import shown_predictions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PREDICTION = "prediction"


def training_profile(
    table: pa.Table, used: "NDArray[np.int64]", signature: Signature, scores: Scores
) -> Profile:
    """Return statistics of the inputs in the used rows, and of a column `prediction`.

    Predictions are those of the test rows: of its own rows a model is surer than it will be live. An
    input of the name `prediction` keeps the name; the model's answers then have no column.
    """
    columns = [
        Column(name=field.name, type=field.type, nullable=not field.required)
        for field in signature.inputs
    ]
    names = [column.name for column in columns]
    inputs = profile_table(table.select(names).take(pa.array(used)), columns)
    if PREDICTION in names:
        return inputs
    kind = ColumnType.NUMBER if signature.task.numeric else ColumnType.CATEGORY
    said = pa.table({PREDICTION: pa.array(shown_predictions(scores, signature.task))})
    answers = profile_table(said, [Column(name=PREDICTION, type=kind, nullable=False)])
    return Profile(rows=inputs.rows, columns=inputs.columns + answers.columns)
