"""What is to be predicted: usable rows, classes, and the task that follows from the values."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.errors import TrainingError
from keepwell.core.records import Column, ColumnType, Task
from keepwell.core.suggestions import did_you_mean
from keepwell.training.trained import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_ROWS = 10
MOST_CLASSES = 500
MOST_CODES = 20  # whole numbers that may stand for classes
_PAIR = 2
_SHOWN = 4
_FAR = 1_000.0  # times the spread of nine in ten values
_SKEWED = 1.0  # third moment; the exponential has 2, anything symmetrical 0

Label = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The target column, read.

    Attributes:
        name: The column.
        task: What kind of prediction it asks for.
        reason: Why, in words.
        rows: Positions of the rows that can be used.
        values: By usable row: the code of its class, or its number.
        classes: Labels in the order of their codes; empty for regression.
        findings: What was left out.
    """

    name: str
    task: Task
    reason: str
    rows: "NDArray[np.int64]"
    values: "NDArray[Any]"
    classes: tuple[Label, ...] = ()
    findings: tuple[Finding, ...] = ()


def read_target(
    table: pa.Table, columns: Sequence[Column], name: str, task: Task | None = None
) -> Target:
    """Read the target and decide on the task, unless `task` does.

    Raises:
        TrainingError: If there is no such column, or nothing can be learnt from it; says what to do.
    """
    kind = _kind(columns, name)
    labels = [_plain(value) for value in table.column(name).to_pylist()]
    present = [row for row, label in enumerate(labels) if label is not None]
    findings = _missing(name, len(labels), len(present))
    values = _whole([label for row in present if (label := labels[row]) is not None])
    if task is None:
        task, reason = _infer(name, kind, values)
    else:
        reason = f"`task: {task.value}` is set under `train:`"
    rows = np.array(present, dtype=np.int64)
    if task.numeric:
        numbers = _numbers(name, values, task)
        findings += _far_off(name, numbers)
        return Target(
            name=name,
            task=task,
            reason=reason,
            rows=rows,
            values=numbers,
            findings=tuple(findings),
        )
    return _classified(name, task, reason, rows, values, findings)


def _kind(columns: Sequence[Column], name: str) -> ColumnType:
    names = [column.name for column in columns]
    if not name or name not in names:
        raise TrainingError(
            f"the target column '{name}' is not in the data",
            why=f"its columns are {', '.join(names[:20])}{' …' if len(names) > 20 else ''}",  # noqa: PLR2004
            now=did_you_mean(name, names) or "set `target:` under `data:` to one of them",
        )
    kind = columns[names.index(name)].type
    if kind is ColumnType.DATETIME:
        raise TrainingError(
            f"the target '{name}' holds points in time",
            why="a model predicts a label or a number",
            now="derive the number that you mean, such as days until the event, and predict that",
        )
    return kind


def _plain(value: Any) -> Label | None:
    """Return a label of plain Python, None for what counts as missing."""
    if value is None or value == "" or (isinstance(value, float) and not np.isfinite(value)):
        return None
    if isinstance(value, str | bool | int | float):
        return value
    return float(value)


def _far_off(name: str, numbers: "NDArray[np.float64]") -> list[Finding]:
    """Return a warning where a few values are so large that a squared error sees nothing else."""
    low, middle, high = np.quantile(numbers, (0.05, 0.5, 0.95))
    far = np.abs(numbers - middle) > _FAR * (high - low)
    count = int(np.count_nonzero(far))
    if not count or high == low:
        return []
    worst = numbers[np.argmax(np.abs(numbers - middle))]
    message = (
        f"{count:,} of {len(numbers):,} rows have a '{name}' far off the rest, up to {worst:.3g} where nine "
        f"in ten lie from {low:.4g} to {high:.4g}: a squared error sees only those rows; if they are errors, "
        "remove them, else consider `metric: mae` under `train:`"
    )
    return [Finding(column=name, message=message, kind="target", columns=(name,))]


def _whole(values: list[Label]) -> list[Label]:
    """Return numbers as integers if every one is whole, so that a label 1.0 reads 1."""
    if values and all(isinstance(value, float) and value.is_integer() for value in values):
        return [int(value) for value in values]
    return values


def _missing(name: str, rows: int, present: int) -> list[Finding]:
    if rows and not present:
        raise TrainingError(
            f"the target '{name}' is missing in every one of the {rows:,} rows",
            why="a model learns from rows whose outcome is known",
            now=f"fill in '{name}', or set `target:` under `data:` to another column",
        )
    if present < FEWEST_ROWS:
        raise TrainingError(
            f"{present} rows with a value of '{name}' are too few to learn from",
            why=f"some must be set aside to test on; {FEWEST_ROWS} rows are the least",
            now="collect more rows and run again",
        )
    if present == rows:
        return []
    gone = rows - present
    message = f"{gone:,} of {rows:,} rows have no value of '{name}' and were left out"
    return [Finding(column=name, message=message, kind="target", columns=(name,))]


def _infer(name: str, kind: ColumnType, values: list[Label]) -> tuple[Task, str]:
    counts = Counter(values)
    distinct = len(counts)
    if distinct == 1:
        raise TrainingError(
            f"the target '{name}' is {values[0]!r} in all of the {len(values):,} rows",
            why="there is nothing to tell apart",
            now="load rows in which it varies, or set `target:` under `data:` to another column",
        )
    if distinct == _PAIR:
        return Task.BINARY, f"'{name}' holds two values, {_listed(counts)}"
    if not isinstance(values[0], str):
        return _infer_number(name, kind, counts)
    if distinct > max(MOST_CODES, len(values) // 2):
        raise TrainingError(
            f"the target '{name}' holds {distinct:,} different texts in {len(values):,} rows",
            why="a class must occur several times to be learnt",
            now="set `target:` under `data:` to a column of labels or numbers",
        )
    return Task.MULTICLASS, f"'{name}' holds {distinct} labels, {_listed(counts)}"


def _infer_number(name: str, kind: ColumnType, counts: Counter[Label]) -> tuple[Task, str]:
    numbers = sorted(float(label) for label in counts)
    low, high, distinct = numbers[0], numbers[-1], len(numbers)
    whole = all(number.is_integer() for number in numbers)
    closed = whole and high - low + 1 == distinct
    rows = counts.total()
    if kind is ColumnType.IDENTIFIER and closed and distinct == rows:
        raise TrainingError(
            f"the target '{name}' only counts the rows, from {low:.0f} to {high:.0f}",
            why="every row has a value of its own, so there is nothing to learn",
            now="set `target:` under `data:` to the column that you want predicted",
        )
    if closed and low in (0.0, 1.0) and distinct <= MOST_CODES:
        return Task.MULTICLASS, (
            f"the whole numbers of '{name}' run from {low:.0f} to {high:.0f} without a gap, as codes "
            "of classes do; `task: regression` under `train:` takes them as amounts"
        )
    if whole and distinct <= MOST_CODES:
        return Task.REGRESSION, (
            f"'{name}' holds {distinct} whole numbers from {low:g} to {high:g}: a scale, whose order a "
            "number keeps; `task: multiclass` under `train:` takes them as classes"
        )
    if whole and 0 <= low <= 1 and _skew(counts) > _SKEWED:
        return Task.COUNTS, (
            f"'{name}' holds whole numbers from {low:g} up, most of them small and a few large, as "
            "counts of events are; `task: regression` under `train:` takes them as plain numbers"
        )
    return Task.REGRESSION, f"'{name}' holds {distinct:,} different numbers"


def _skew(counts: Counter[Label]) -> float:
    values = np.array([float(value) for value in counts])
    weights = np.array(list(counts.values()), dtype=np.float64)
    off = values - np.average(values, weights=weights)
    spread = float(np.sqrt(np.average(off**2, weights=weights)))
    return float(np.average(off**3, weights=weights)) / spread**3 if spread else 0.0


def _listed(counts: Counter[Label]) -> str:
    shown = [str(label)[:30] for label, _ in counts.most_common(_SHOWN)]
    return ", ".join(shown) + (f" and {len(counts) - _SHOWN} more" if len(counts) > _SHOWN else "")


def _numbers(name: str, values: list[Label], task: Task) -> "NDArray[np.float64]":
    if any(isinstance(value, str) for value in values):
        raise TrainingError(
            f"the target '{name}' holds text, so it cannot be predicted as a number",
            why=f"`task: {task.value}` is set under `train:`",
            now="remove that line, or set `target:` under `data:` to a column of numbers",
        )
    numbers = np.array(values, dtype=np.float64)
    if task is Task.COUNTS and ((numbers < 0).any() or (numbers % 1 != 0).any()):
        odd = numbers[(numbers < 0) | (numbers % 1 != 0)]
        raise TrainingError(
            f"the target '{name}' holds {odd[0]:g}, which counts nothing",
            why="`task: counts` is set under `train:`, and counts are 0, 1, 2 and so on",
            now="correct these rows, or set `task: regression`",
        )
    if np.ptp(numbers) == 0:
        _infer(name, ColumnType.NUMBER, values)
    return numbers


def _classified(
    name: str,
    task: Task,
    reason: str,
    rows: "NDArray[np.int64]",
    values: list[Label],
    findings: list[Finding],
) -> Target:
    counts = Counter(values)
    lonely = {label for label, count in counts.items() if count == 1}
    if lonely:
        findings.append(_lonely(name, lonely))
        kept = np.array([label not in lonely for label in values])
        rows, values = rows[kept], [label for label in values if label not in lonely]
    classes = tuple(
        sorted(counts.keys() - lonely, key=lambda label: (isinstance(label, str), label))
    )
    _check_classes(name, task, classes, counts)
    if task is Task.MULTICLASS and len(classes) == _PAIR:
        task = Task.BINARY
    codes = {label: code for code, label in enumerate(classes)}
    return Target(
        name=name,
        task=task,
        reason=reason,
        rows=rows,
        values=np.array([codes[label] for label in values], dtype=np.int64),
        classes=classes,
        findings=tuple(findings),
    )


def _lonely(name: str, labels: set[Label]) -> Finding:
    shown = ", ".join(repr(label) for label in sorted(labels, key=str)[:_SHOWN])
    more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
    message = (
        f"{shown}{more} of '{name}' occur in one row each: left out, because a class needs one row "
        "to learn from and one to be tested on"
    )
    return Finding(column=name, message=message, kind="target", columns=(name,))


def _check_classes(
    name: str, task: Task, classes: tuple[Label, ...], counts: Counter[Label]
) -> None:
    found = f"'{name}' has {len(classes):,} classes of two rows or more"
    if len(classes) < _PAIR:
        raise TrainingError(
            f"the target {found}",
            why=f"there is nothing to tell apart; the values are {_listed(counts)}",
            now="load more rows, or set `target:` under `data:` to another column",
        )
    if task is Task.BINARY and len(classes) != _PAIR:
        raise TrainingError(
            f"the target {found}, which is not a pair",
            why="`task: binary` is set under `train:`",
            now="remove that line, or set `task: multiclass`",
        )
    if len(classes) > MOST_CLASSES:
        raise TrainingError(
            f"the target {found}",
            why=f"more than {MOST_CLASSES} classes need more than one table of rows to learn from",
            now="group rare labels into one, or predict something coarser",
        )
