"""Which columns are distributed otherwise than in training.

A column has drifted if three things come together: there are enough rows; the effect is beyond a limit
that matters, raised by what chance does at that number of rows; and it is no false discovery among all
columns that were looked at. A hundred thousand rows do not make a trifle a drift, ten do not make a drift.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from keepwell.monitoring.detectors import Difference, detector
from keepwell.monitoring.detectors.discoveries import discoveries
from keepwell.monitoring.report import ColumnReport
from keepwell.monitoring.sketches.counted import Counted
from keepwell.monitoring.words import describe_change

AUTO = "auto"
OFF = "off"

_LOST = 0.01
"""Share of rows that a category had in training whose absence is told."""

_BY_CHANCE = 1e-6

_SEVERE = 4.0
"""Times its own limit at which an effect on the most important column has severity 1."""


def compare_columns(
    columns: Sequence[Counted],
    *,
    importance: Mapping[str, float] | None = None,
    detector_name: str = AUTO,
    min_rows: int = 100,
    floors: Mapping[str, float] | None = None,
    before: str = "training",
) -> list[ColumnReport]:
    """Return a report for each column.

    Args:
        columns: Counted columns.
        importance: By column; a column that is not in it counts as much as any.
        detector_name: `auto` (by type), `off`, or the name of an installed detector.
        min_rows: With fewer values than this a column is not compared.
        floors: By column, the effect that windows of training's own history have now and then.
        before: What the reference is, in words.
    """
    weights = importance or {}
    compared = [_compare(counted, detector_name, min_rows) for counted in columns]
    found = discoveries([difference.p_value for _, difference in compared if difference])
    verdicts = iter(found)
    return [
        _report(
            counted,
            name,
            replace(
                difference,
                limit=max(difference.limit, (floors or {}).get(counted.profile.name, 0.0)),
            ),
            next(verdicts),
            weights,
            before,
        )
        if difference
        else _silent(counted, name, weights)
        for counted, (name, difference) in zip(columns, compared, strict=True)
    ]


def choose_detector(counted: Counted, name: str = AUTO) -> str:
    """Return the name of the detector for a column; `auto` goes by its type."""
    if name != AUTO and (detector(name).ordered is False or not counted.labels):
        return name
    return "jensen-shannon" if counted.labels else "shift"


def measure(counted: Counted, detector_name: str = AUTO) -> Difference | None:
    """Return how far a column is from its reference, however few its rows; None if it is not compared."""
    return _compare(counted, detector_name, 1)[1]


def _compare(counted: Counted, name: str, min_rows: int) -> tuple[str, Difference | None]:
    if name == OFF or counted.reference is None or counted.current is None:
        return "", None
    if counted.rows - counted.missing < min_rows:
        return "", None
    chosen = choose_detector(counted, name)
    return chosen, detector(chosen).compare(counted.reference, counted.current)


def _report(
    counted: Counted,
    name: str,
    difference: Difference,
    discovered: bool,
    weights: Mapping[str, float],
    before: str,
) -> ColumnReport:
    drifted = (discovered and difference.exceeds) or _lost(counted)
    strength = min(1.0, difference.effect / (_SEVERE * detector(name).limit))
    return replace(
        _silent(counted, name, weights),
        effect=difference.effect,
        limit=difference.limit,
        p_value=difference.p_value,
        drifted=drifted,
        severity=strength * weight(counted.profile.name, weights) if drifted else 0.0,
        message=describe_change(counted, before) if drifted else "",
    )


def _lost(counted: Counted) -> bool:
    """Tell whether a category of training is gone, which may be too small a change for a distance."""
    if counted.reference is None or counted.current is None or not counted.labels:
        return False
    before, now = counted.reference.shares[:-1], counted.current.counts[:-1]
    chance = (1 - before) ** counted.worth
    return bool(np.any((now == 0) & (before > _LOST) & (chance < _BY_CHANCE)))


def _silent(counted: Counted, name: str, weights: Mapping[str, float]) -> ColumnReport:
    profile = counted.profile
    present = counted.rows - counted.missing
    return ColumnReport(
        name=profile.name,
        type=profile.type,
        rows=present,
        worth=counted.worth,
        detector=name,
        importance=weights.get(profile.name),
        missing=counted.missing / counted.rows if counted.rows else 0.0,
        missing_reference=profile.missing / profile.rows if profile.rows else 0.0,
        outside=counted.outside / present if present else 0.0,
        unseen=tuple((label, count / present) for label, count in counted.unseen),
        wrong=counted.wrong / counted.rows if counted.rows else 0.0,
        mean=counted.mean,
        mean_reference=profile.mean,
        bars=counted.bars,
    )


def weight(name: str, weights: Mapping[str, float]) -> float:
    """Return how much a column counts, 1 for the one that the model leans on most."""
    if not weights:
        return 1.0
    most = max(weights.values())
    return weights.get(name, most) / most if most > 0 else 1.0
