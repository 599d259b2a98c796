"""From a table to a problem: what is predicted, from which columns, learnt on which rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from keepwell.core.errors import TrainingError
from keepwell.core.features import AS_USUAL, FeaturesSpec
from keepwell.core.records import Column, ColumnType, Field, Task
from keepwell.core.spec import DataSpec, TrainSpec
from keepwell.features.columns import decode_column
from keepwell.features.decoding import Decoder
from keepwell.features.forecasting import find_grid
from keepwell.features.signature import infer_signature
from keepwell.tracking.metrics import default_metric
from keepwell.tracking.metrics.catalog import check_metric
from keepwell.training.engineering.declared import checked, without_leaks
from keepwell.training.guards import guard
from keepwell.training.problem import Problem
from keepwell.training.splits.copies import copies_across
from keepwell.training.splits.division import Division, divide, usable_folds
from keepwell.training.splits.lots import row_lots
from keepwell.training.splits.planning import plan_split
from keepwell.training.splits.plans import Fold
from keepwell.training.splits.stopping import stopping_lots
from keepwell.training.targets import Target, read_target
from keepwell.training.threads import threads_for
from keepwell.training.trained import Finding

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from keepwell.training.splits.plans import Rows


_FEW = 1_000  # rows to learn from, below which the cross-validation is repeated
_REPEATS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Framed:
    """A problem with where it came from.

    Attributes:
        problem: The rows that may be learnt from.
        folds: Of those rows; those beyond `primary` repeat the cross-validation.
        primary: How many folds make one cross-validation.
        budget: Seconds that may be spent.
        target: The target column.
        division: Which of the usable rows are for what.
        table: The usable rows.
        frame: The same rows, canonical.
        findings: What was seen in the data, and what was done about it.
    """

    problem: Problem
    folds: list[Fold]
    primary: int
    budget: float
    target: Target
    division: Division
    table: pa.Table
    frame: "pd.DataFrame"
    findings: tuple[Finding, ...]


def frame_problem(
    table: pa.Table,
    columns: Sequence[Column],
    data: DataSpec,
    spec: TrainSpec,
    weights: "ArrayLike | None" = None,
    test_rows: "ArrayLike | None" = None,
    features: FeaturesSpec = AS_USUAL,
) -> Framed:
    """Decide on everything that has to be known before anything is fitted.

    Raises:
        TrainingError: If the target, the rows or the columns cannot be learnt from; says what to do.
    """
    target = read_target(table, columns, data.target, spec.task)
    rows = table if len(target.rows) == table.num_rows else table.take(target.rows)
    plan = plan_split(rows, columns, data, spec.split, target.task, target.values)
    if plan.by in ("random", "stratified"):
        plan = replace(plan, lots=row_lots(rows, data.key, spec.seed))
    given = None if test_rows is None else _among_usable(target, test_rows, table.num_rows)
    division = divide(target, plan, spec.split.test, spec.seed, given)
    guarded = guard(rows, columns, data, target, spec.seed)
    signature = infer_signature(
        rows, columns, guarded.inputs, target.name, division.task, division.classes
    )
    features, declared = checked(features, signature, [column.name for column in columns])
    frame = Decoder(signature).table(rows)
    used = division.used
    problem = Problem(
        signature=signature,
        frame=frame.iloc[used],
        target=division.values[used],
        weights=None if weights is None else _checked(weights, table.num_rows)[target.rows][used],
        metric=check_metric(spec.metric or default_metric(division.task), division.task),
        seed=spec.seed,
        jobs=threads_for(len(used), len(guarded.inputs)),
        budget=spec.budget,
        features=features,
        lots=stopping_lots(plan, used, spec.seed),
        text_model=spec.text_model,
        text_labels=spec.text_labels,
        image_model=spec.image_model,
    )
    if features.derive:
        features, leaking = without_leaks(problem, data.keep)
        problem, declared = replace(problem, features=features), declared + leaking
    folds = usable_folds(plan, division, spec.folds, spec.seed)
    repeats = spec.repeats or (_REPEATS if len(used) < _FEW else 1)
    repeated = [
        fold
        for turn in range(1, repeats if plan.by != "time" else 1)
        for fold in usable_folds(plan, division, spec.folds, spec.seed + 1009 * turn)
    ]
    return Framed(
        problem=problem,
        folds=[*folds, *repeated],
        primary=len(folds),
        budget=spec.budget,
        target=target,
        division=division,
        table=rows,
        frame=frame,
        findings=(
            *_decisions(target, division),
            *_could_be_forecast(rows, columns, data, target),
            *target.findings,
            *guarded.findings,
            *declared,
            *_copies(rows, guarded.inputs, division),
        ),
    )


def _copies(rows: pa.Table, inputs: Sequence[str], division: Division) -> list[Finding]:
    told = copies_across(rows, inputs, division)
    return [Finding(column="", message=told, kind="split")] if told else []


def _decisions(target: Target, division: Division) -> tuple[Finding, ...]:
    """Return what was decided for the user, each with the reason."""
    task = f"{target.reason}: the task is {division.task.value}"
    split = (
        f"{len(division.test):,} of {len(target.rows):,} rows are for the test: {division.reason}"
    )
    return (
        Finding(column=target.name, message=task, kind="task", columns=(target.name,)),
        Finding(column="", message=split, kind="split"),
    )


def _could_be_forecast(
    rows: pa.Table, columns: Sequence[Column], data: DataSpec, target: Target
) -> list[Finding]:
    """Return a hint where a number follows a time that the project names, at equal steps."""
    kinds = {column.name: column.type for column in columns}
    if not (data.time and target.task is Task.REGRESSION):
        return []
    if kinds.get(data.time) is not ColumnType.DATETIME:
        return []
    field = Field(name=data.time, type=ColumnType.DATETIME)
    seconds = decode_column(rows.column(data.time), field, required=False)
    grid = None if seconds is None else find_grid(seconds)
    if grid is None:
        return []
    message = (
        f"'{data.time}' goes in steps of one {grid.name}: later values of '{target.name}' can be learnt from "
        "earlier ones, by `task: forecast` under `train:`; here each row is predicted from its own columns"
    )
    return [Finding(column=data.time, message=message, kind="task", columns=(data.time,))]


def _among_usable(target: Target, test_rows: "ArrayLike", rows: int) -> "Rows":
    """Return positions among the usable rows; test rows without a known outcome are left out."""
    given = np.asarray(test_rows)
    chosen = np.zeros(rows, dtype=bool)
    chosen[given] = True
    return np.flatnonzero(chosen[target.rows])


def _checked(weights: "ArrayLike", rows: int) -> "np.typing.NDArray[np.float64]":
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (rows,) or not np.isfinite(given).all() or (given < 0).any():
        raise TrainingError(
            f"the weights do not fit the {rows:,} rows",
            why=f"there are {given.size:,}; each row needs one that is finite and not negative",
            now="hand in one weight per row",
        )
    return given
