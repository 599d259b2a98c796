"""From a table without a target to rows that can be compared: features, division, signature."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.errors import TrainingError
from keepwell.core.features import AS_USUAL, FeaturesSpec
from keepwell.core.records import Column, ColumnType, Signature, Task
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.core.suggestions import did_you_mean
from keepwell.features.decoding import Decoder
from keepwell.features.signature import infer_signature
from keepwell.training.engineering.declared import checked
from keepwell.training.engineering.fitted import fitted_steps
from keepwell.training.engineering.report import FeatureReport
from keepwell.training.guards.guarding import guard_unlabelled
from keepwell.training.splits.lots import row_lots
from keepwell.training.splits.planning import plan_split
from keepwell.training.splits.plans import test_rows as drawn
from keepwell.training.tasks import Given
from keepwell.training.trained import Finding

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

FEWEST_ROWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows without a target.

    Attributes:
        signature: Inputs; classes are found later.
        frame: All rows, canonical.
        used: Positions that may be learnt from.
        test: Positions that no choice sees.
        reason: Why that task, in words.
        split_reason: How the rows were divided.
        findings: What was decided.
        features: How columns are prepared, and what is derived from them.
    """

    signature: Signature
    frame: "pd.DataFrame"
    used: "NDArray[np.int64]"
    test: "NDArray[np.int64]"
    reason: str
    split_reason: str
    findings: tuple[Finding, ...]
    features: FeaturesSpec = AS_USUAL

    def report(self, pipeline: Any, metric: str) -> FeatureReport:
        """Return what the features are that rows are compared by."""
        fitted = fitted_steps(pipeline.named_steps["prepare"], self.features.derive)
        return FeatureReport(metric=metric, features=self.features, fitted=fitted)


def frame_rows(
    task: Task,
    table: pa.Table,
    columns: Sequence[Column],
    data: DataSpec,
    spec: TrainSpec,
    given: Given,
) -> Rows:
    """Decide on features and test rows.

    Raises:
        TrainingError: If there are too few rows or no columns, or a target is set; says what to do.
    """
    _check(task, table, columns, data)
    reason = f"`task: {task.value}` is set under `train:`, and no column holds the answer"
    texts = [c.name for c in columns if c.type is ColumnType.TEXT and c.name not in data.ignore]
    guarded = guard_unlabelled(table, columns, data, without=(*texts, data.labels))
    signature = infer_signature(table, columns, guarded.inputs, "", task)
    used, test, split_reason = _divided(task, table, columns, data, spec, given.test_rows)
    features, declared = checked(given.features, signature, [column.name for column in columns])
    findings = [
        Finding(column="", message=f"{reason}: the task is {task.value}", kind="task"),
        Finding(
            column="",
            message=f"{len(test):,} of {table.num_rows:,} rows are for the test: {split_reason}",
            kind="split",
        ),
        *guarded.findings,
        *declared,
    ]
    if texts:
        message = f"{', '.join(map(repr, texts))} hold text, by which rows are not compared"
        findings.append(
            Finding(column=", ".join(texts), message=message, dropped=True, kind="text",
                    columns=tuple(texts))
        )  # fmt: skip
    return Rows(
        signature=signature,
        frame=Decoder(signature).table(table),
        used=used,
        test=test,
        reason=reason,
        split_reason=split_reason,
        findings=tuple(findings),
        features=features,
    )


def _check(task: Task, table: pa.Table, columns: Sequence[Column], data: DataSpec) -> None:
    names = [column.name for column in columns]
    if data.target:
        raise TrainingError(
            f"{task.value} has no target, and `target: {data.target}` is set",
            why="nothing is predicted: rows are compared with each other",
            now=f"remove that line, or write `labels: {data.target}` to measure against that column",
        )
    if data.labels and data.labels not in names:
        raise TrainingError(
            f"the column of known labels '{data.labels}' is not in the data",
            why=f"its columns are {', '.join(names[:20])}",
            now=did_you_mean(data.labels, names) or "correct `labels:` under `data:`",
        )
    if table.num_rows < FEWEST_ROWS:
        raise TrainingError(
            f"{table.num_rows} rows are too few for {task.value}",
            why=f"some must be set aside to test on; {FEWEST_ROWS} rows are the least",
            now="collect more rows and run again",
        )


def _divided(
    task: Task,
    table: pa.Table,
    columns: Sequence[Column],
    data: DataSpec,
    spec: TrainSpec,
    test_rows: "ArrayLike | None",
) -> "tuple[NDArray[np.int64], NDArray[np.int64], str]":
    rows = table.num_rows
    if test_rows is not None:
        chosen = np.zeros(rows, dtype=bool)
        chosen[np.asarray(test_rows)] = True
        return np.flatnonzero(~chosen), np.flatnonzero(chosen), "the test rows were handed in"
    plan = plan_split(table, columns, data, spec.split, task, np.zeros(rows))
    if plan.by == "random":
        plan = replace(plan, lots=row_lots(table, data.key, spec.seed))
    test = drawn(plan, rows, spec.split.test, spec.seed)
    return np.setdiff1d(np.arange(rows), test), test, plan.reason
