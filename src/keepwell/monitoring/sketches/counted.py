"""A column of present rows, counted against its training profile: what comparisons and words are made of."""

from dataclasses import dataclass, field

from keepwell.core.records import ColumnProfile, ColumnType
from keepwell.monitoring.detectors import Sample
from keepwell.monitoring.report import Bars

NUMBERS = (ColumnType.NUMBER, ColumnType.INTEGER)
LABELS = (ColumnType.CATEGORY, ColumnType.BOOLEAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A column of present rows, counted.

    Attributes:
        profile: Its statistics in training.
        rows: Rows, with and without a value.
        missing: Rows without a value.
        wrong: Of the missing ones, those that hold a value of another type.
        worth: How many independent values the others are worth.
        reference: Training's values in the bins of the profile; None if they are not compared.
        current: Present values in the same bins.
        mean: Mean (numbers).
        std: Standard deviation (numbers).
        outside: Values beyond training's smallest and largest (numbers).
        runs: Values only rise, or only fall, from row to row, like a clock or a counter.
        labels: The bins' names (categories).
        unseen: Categories that training never saw, with their counts, most frequent first, at most five.
        fresh: Rows of all such categories.
        bars: Both distributions, to be drawn.
    """

    profile: ColumnProfile
    rows: int
    missing: int
    wrong: int = 0
    worth: float = 0.0
    reference: Sample | None = None
    current: Sample | None = None
    mean: float | None = None
    std: float | None = None
    outside: int = 0
    runs: bool = False
    labels: tuple[str, ...] = ()
    unseen: tuple[tuple[str, int], ...] = ()
    fresh: int = 0
    bars: Bars = field(default_factory=Bars)
