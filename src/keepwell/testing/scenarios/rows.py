"""Rows to ask an endpoint about, with what turns out to be true: those that its champion has learnt from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from keepwell.core.records import ColumnType, ModelVersion

if TYPE_CHECKING:
    import numpy as np

    from keepwell.workspace import Workspace

Row = dict[str, Any]
_MOST = 20_000
_NUMBERS = (ColumnType.NUMBER, ColumnType.INTEGER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns faults are about; empty where a project has none of that kind.

    Attributes:
        number: The numeric input that the model leans on most, of those that are always there.
        second: The one that it leans on most of all others.
        optional: The same of those that may be missing.
        category: The category that it leans on most.
    """

    number: str = ""
    second: str = ""
    optional: str = ""
    category: str = ""


class Rows:
    """Draws rows at random from the dataset of a version, by a seed.

    Attributes:
        columns: Which columns faults are about.
        classes: The labels; empty for numbers.
        spread: Standard deviation by numeric input, and of a numeric target.
    """

    def __init__(self, workspace: Workspace, champion: ModelVersion) -> None:
        import numpy as np

        self.signature = champion.signature
        self.classes = list(champion.signature.classes)
        self._target = champion.signature.target
        self._time = workspace.spec.data.time
        self._rows = _read(workspace, champion)
        self.columns = _columns(champion)
        numeric = [one.name for one in champion.signature.inputs if one.type in _NUMBERS]
        if champion.signature.task.numeric:
            numeric.append(self._target)
        self.spread = {
            name: float(np.std([row[name] for row in self._rows if row[name] is not None]) or 1.0)
            for name in numeric
        }

    def draw(self, random: np.random.Generator, count: int) -> list[tuple[Row, Any]]:
        """Return rows with their outcomes, each drawn on its own."""
        return [self._split(self._rows[at]) for at in random.integers(0, len(self._rows), count)]

    def season(self) -> tuple[str, list[Row]]:
        """Return the numeric column that moved most between stretches of the history, and that stretch.

        Empty where rows have no time.
        """
        import numpy as np

        if not self._time:
            return "", []
        ordered = sorted(self._rows, key=lambda row: row[self._time])
        stretches = [
            ordered[len(ordered) * at // 8 : len(ordered) * (at + 1) // 8] for at in range(8)
        ]
        best: tuple[float, str, list[Row]] = (0.0, "", [])
        for name, spread in self.spread.items():
            if name == self._target:
                continue
            everywhere = np.mean([row[name] for row in ordered if row[name] is not None])
            for stretch in stretches:
                here = np.mean([row[name] for row in stretch if row[name] is not None])
                best = max(
                    best, (abs(here - everywhere) / spread, name, stretch), key=lambda x: x[0]
                )
        return best[1], best[2]

    def all(self) -> list[Row]:
        """Return the rows, target included."""
        return self._rows

    def frequent(self, column: str) -> list[Any]:
        """Return the labels of a column, most frequent first."""
        counts = Counter(row[column] for row in self._rows if row[column] is not None)
        return [label for label, _ in counts.most_common()]

    def of(self, kept: list[Row]) -> list[tuple[Row, Any]]:
        """Return rows of a season as `draw` does."""
        return [self._split(row) for row in kept]

    def _split(self, row: Row) -> tuple[Row, Any]:
        inputs = {one.name: row[one.name] for one in self.signature.inputs}
        return inputs, row[self._target]


def _read(workspace: Workspace, champion: ModelVersion) -> list[Row]:
    name, _, number = champion.dataset.partition("/")
    dataset = workspace.datasets.get(name, int(number))
    names = [one.name for one in champion.signature.inputs]
    time = workspace.spec.data.time
    known = {column.name for column in dataset.columns}
    wanted = [*names, champion.signature.target, *([time] if time and time not in names else [])]
    table = workspace.datasets.read(dataset, [one for one in wanted if one in known])
    table = table.slice(max(0, table.num_rows - _MOST))
    return [{name: _plain(value) for name, value in row.items()} for row in table.to_pylist()]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _columns(champion: ModelVersion) -> Columns:
    weight = champion.importance
    ranked = sorted(champion.signature.inputs, key=lambda one: -weight.get(one.name, 0.0))
    numbers = [one for one in ranked if one.type in _NUMBERS]
    number = _first(one.name for one in numbers if one.required) or _first(
        one.name for one in numbers
    )
    return Columns(
        number=number,
        second=_first(one.name for one in numbers if one.name != number),
        optional=_first(one.name for one in numbers if not one.required),
        category=_first(one.name for one in ranked if one.type is ColumnType.CATEGORY),
    )


def _first(names: Iterator[str]) -> str:
    return next(names, "")
