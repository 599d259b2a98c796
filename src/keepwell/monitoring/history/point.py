"""What is known of one period and one version."""

from dataclasses import dataclass, field

from keepwell.core.records import Estimate
from keepwell.monitoring.history.maturity import MATURE


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One period of one version.

    Attributes:
        since: Start of the period, Unix seconds: predictions belong to it by their own time.
        until: Its end.
        version: Who predicted.
        predictions: How many.
        outcomes: How many of them have an outcome.
        coverage: Their share.
        maturity: Of the outcomes that will come, the share that is expected to have; None: not known.
        realised: What the outcomes say, with intervals.
        estimated: What was to be expected without them, with intervals.
        confusion: Expected counts, a row for each true class, a column for each answer.
        amended: When it was measured last, Unix seconds.
    """

    since: float
    until: float
    version: int
    predictions: int
    outcomes: int = 0
    coverage: float = 0.0
    maturity: float | None = None
    realised: dict[str, Estimate] = field(default_factory=dict)
    estimated: dict[str, Estimate] = field(default_factory=dict)
    confusion: tuple[tuple[float, ...], ...] = ()
    amended: float = 0.0

    @property
    def mature(self) -> bool:
        """Nearly all outcomes that will come have come."""
        return bool(self.realised) and (self.maturity is None or self.maturity >= MATURE)

    def counted(self) -> tuple[float, float, int, int, int]:
        """Return what it was measured from: the same, and nothing needs to be measured again."""
        return self.since, self.until, self.version, self.predictions, self.outcomes
