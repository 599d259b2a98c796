"""The target column as sets of labels."""

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.errors import TrainingError
from keepwell.core.records import Column
from keepwell.core.spec import DataSpec
from keepwell.core.suggestions import did_you_mean
from keepwell.features.label_sets import delimiter_of, labels_of
from keepwell.training.tasks.multilabel.columns import with_sets
from keepwell.training.trained import Finding

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_ROWS = 20
MOST_LABELS = 500
_RARE = 5  # rows that a label needs, and that must be without it
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sets:
    """Sets of labels.

    Attributes:
        rows: Positions of the rows whose labels are known.
        sets: By such row.
        classes: The labels that are learnt, most frequent first.
        reason: How the column was read, in words.
        findings: What was left out.
    """

    rows: "NDArray[np.int64]"
    sets: list[list[str]]
    classes: tuple[str, ...]
    reason: str
    findings: tuple[Finding, ...]


def read_sets(table: pa.Table, columns: Sequence[Column], data: DataSpec) -> Sets:
    """Return the sets that the target holds.

    Raises:
        TrainingError: If there is no such column, or no two labels can be learnt; says what to do.
    """
    name, names = data.target, [*data.targets] or [column.name for column in columns]
    table, names = with_sets(table, data), [*names, *([name] if data.targets else [])]
    if name not in names:
        raise TrainingError(
            f"the target column '{name}' is not in the data",
            why=f"its columns are {', '.join(names[:20])}",
            now=did_you_mean(name, names) or "set `target:` under `data:` to one of them",
        )
    cells = table[name].to_pylist()
    delimiter = delimiter_of(cells)
    read = [labels_of(cell, delimiter) for cell in cells]
    rows = [at for at, labels in enumerate(read) if labels is not None]
    sets = [labels for labels in read if labels is not None]
    counts = Counter(label for labels in sets for label in labels)
    frequent = [one for one, n in counts.most_common() if min(n, len(sets) - n) >= _RARE]
    _must_tell(name, sets, frequent)
    known = frequent[:MOST_LABELS]
    gone = counts.keys() - frequent
    how = (
        f"`target:` lists {len(data.targets)} columns of yes and no"
        if data.targets
        else f"'{name}' holds lists"
        if not delimiter
        else f"'{name}' holds labels divided by '{delimiter}'"
    )
    findings = []
    if len(frequent) > len(known):
        message = (
            f"the {len(known):,} labels of '{name}' that apply most often are learnt, of "
            f"{len(frequent):,}: each has a model of its own"
        )
        findings.append(Finding(column=name, message=message, kind="target", columns=(name,)))
    if gone:
        more = f" and {len(gone) - _SHOWN:,} more" if len(gone) > _SHOWN else ""
        shown = heapq.nsmallest(_SHOWN, gone)
        message = (
            f"{', '.join(map(repr, shown))}{more} of '{name}' are not learnt: a label must apply to "
            f"{_RARE} rows, and not to {_RARE} others"
        )
        findings.append(Finding(column=name, message=message, kind="target", columns=(name,)))
    if len(rows) < len(cells):
        message = (
            f"{len(cells) - len(rows):,} of {len(cells):,} rows have no value of '{name}': left out"
        )
        findings.append(Finding(column=name, message=message, kind="target", columns=(name,)))
    return Sets(
        rows=np.array(rows, dtype=np.int64), sets=sets, classes=tuple(known), reason=how,
        findings=tuple(findings),
    )  # fmt: skip


def _must_tell(name: str, sets: list[list[str]], known: list[str]) -> None:
    if len(sets) < FEWEST_ROWS:
        raise TrainingError(
            f"{len(sets)} rows with labels in '{name}' are too few to learn from",
            why=f"some must be set aside to test on; {FEWEST_ROWS} are the least",
            now="collect more rows and run again",
        )
    if len(known) < 2:  # noqa: PLR2004
        raise TrainingError(
            f"'{name}' holds {len(known)} label{'s' if len(known) != 1 else ''} that can be learnt",
            why=f"a label must apply to {_RARE} rows, and not to {_RARE} others",
            now="load more rows, or leave `task:` out if each row has just one label",
        )


def outcome_sets(cells: Sequence[Any]) -> list[list[str]]:
    """Return sets as outcomes tell them."""
    delimiter = delimiter_of(cells)
    return [labels_of(cell, delimiter) or [] for cell in cells]
