"""How rows, outcomes and samples are bent: what several faults have in common."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from keepwell.testing.scenarios.rows import Row
    from keepwell.testing.scenarios.stage import Stage
    from keepwell.testing.scenarios.traffic import Change, Truth

_STEEP, _MIDDLE, _USUAL = 4.0, 0.6, 0.25


def tilted(stage: Stage, share: float = 1.0, *, where: tuple[str, Any] | None = None) -> list[Row]:
    """Return rows to draw from, a share of which has large values of the first column more often.

    The mean of such a column moves by about a standard deviation. Rows keep their true outcomes: inputs move,
    their relation to the outcome stays.

    Args:
        stage: Whose rows.
        share: Of the rows that are drawn so.
        where: A column and its label: only those rows move.
    """
    import numpy as np

    name, rows = stage.columns.number, stage.rows.all()
    values = np.array([np.nan if row[name] is None else float(row[name]) for row in rows])
    values = np.nan_to_num((values - np.nanmean(values)) / stage.rows.spread[name])
    weights = share / (1 + np.exp(-_STEEP * (values - _MIDDLE))) + (1 - share) * _USUAL
    if where is not None:
        moved = np.array([row[where[0]] == where[1] for row in rows])
        weights = np.where(moved, weights * moved.sum() / weights[moved].sum(), 1.0)
    places = np.random.default_rng(1).choice(len(rows), 4 * len(rows), p=weights / weights.sum())
    return [rows[at] for at in places]


def turned_above_the_middle(stage: Stage) -> Truth:
    """Return a truth that is another one where the first column is above its median."""
    import numpy as np

    name = stage.columns.number
    middle = float(np.median([row[name] for row in stage.rows.all() if row[name] is not None]))
    other = turned(stage)

    def truth(row: Row, outcome: Any, random: np.random.Generator) -> Any:
        above = row.get(name) is not None and float(row[name]) > middle
        return other(row, outcome, random) if above else outcome

    return truth


def turned(stage: Stage) -> Truth:
    """Return a truth that is another class, or a number far away."""
    classes, spread = stage.rows.classes, stage.rows.spread.get(stage.rows.signature.target, 1.0)

    def truth(row: Row, outcome: Any, random: np.random.Generator) -> Any:
        if not classes:
            return float(outcome) + 3 * spread
        others = [one for one in classes if str(one) != str(outcome)]
        return others[int(random.integers(len(others)))]

    return truth


def times(column: str, factor: float) -> Change:
    """Return what multiplies a column."""

    def change(row: Row, random: np.random.Generator) -> Row:
        return {**row, column: None if row[column] is None else row[column] * factor}

    return change


def gone(column: str, share: float) -> Change:
    """Return what loses a column's value in a share of rows."""

    def change(row: Row, random: np.random.Generator) -> Row:
        return {**row, column: None} if random.random() < share else row

    return change


def renamed(column: str) -> Change:
    """Return what calls a column by another name."""

    def change(row: Row, random: np.random.Generator) -> Row:
        return {(f"{name}_v2" if name == column else name): value for name, value in row.items()}

    return change


def as_text(column: str) -> Change:
    """Return what sends a number as text with a unit."""

    def change(row: Row, random: np.random.Generator) -> Row:
        return {**row, column: f"{row[column]} u"}

    return change


def stuck(column: str, value: Any) -> Change:
    """Return what sends one and the same value."""
    return lambda row, random: {**row, column: value}


def absurd(column: str, share: float, factor: float) -> Change:
    """Return what makes a share of rows absurd."""

    def change(row: Row, random: np.random.Generator) -> Row:
        if random.random() >= share or row[column] is None:
            return row
        return {**row, column: math.copysign(abs(row[column]) + 1, row[column]) * factor}

    return change


def labelled(column: str, label: str, share: float) -> Change:
    """Return what brings a label in a share of rows."""

    def change(row: Row, random: np.random.Generator) -> Row:
        return {**row, column: label} if random.random() < share else row

    return change
