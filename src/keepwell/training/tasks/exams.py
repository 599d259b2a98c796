"""What a version is asked in a test, and what its answers are measured against.

Usually the rows and their outcomes. Where no column holds the outcome, the task says what stands in for it;
training and the gate put the same exam to a model, so their numbers can be compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from keepwell.core.records import Signature, Task
from keepwell.core.spec import DataSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """Rows to answer, and the truth about them: a value a row, or what the task is measured on."""

    table: pa.Table
    actual: Any


def exam_of(signature: Signature, table: pa.Table, data: DataSpec, catalogue: int = 0) -> Exam:
    """Return the exam that rows make for models with this signature.

    Args:
        signature: Of the models.
        table: Rows that were not learnt from.
        data: What its columns mean.
        catalogue: How many items may be recommended.
    """
    if signature.task is Task.CLUSTERING:
        from keepwell.training.tasks.clustering.exam import cluster_exam

        return cluster_exam(signature, table, data)
    if signature.task is Task.ANOMALY:
        from keepwell.training.tasks.anomaly.exam import oddity_exam

        return oddity_exam(signature, table, data)
    if signature.task is Task.RANKING:
        from keepwell.training.tasks.ranking.exam import ranking_exam

        return ranking_exam(signature, table, data, catalogue)
    if signature.task is Task.MULTILABEL:
        from keepwell.training.tasks.multilabel.columns import with_sets
        from keepwell.training.tasks.multilabel.reading import outcome_sets

        table = with_sets(table, data)
        return Exam(table=table, actual=outcome_sets(table[signature.target].to_pylist()))
    actual: Sequence[Any] = table[signature.target].to_pylist()
    return Exam(table=table, actual=actual)
