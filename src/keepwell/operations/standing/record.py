"""What is known of how an endpoint stands, as it is kept and told."""

from dataclasses import dataclass, field

from keepwell.core.ports import MeasurementStore
from keepwell.core.records import Estimate, Signal, Slice
from keepwell.infrastructure.codec import from_plain
from keepwell.monitoring.groups import GroupPoint, Watched
from keepwell.monitoring.history import Delays, Point, Track
from keepwell.monitoring.kpis import Kpi
from keepwell.monitoring.objectives import Budget
from keepwell.operations.standing.advice import Advice


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an endpoint stands.

    Attributes:
        endpoint: Which.
        time: When somebody looked, Unix seconds.
        version: The champion then.
        metric: What it was chosen by, or what can be told in its place.
        promised: That metric on its test rows.
        points: Performance by period and version, the oldest first.
        method: How it is estimated: `confidence`, `loss`; empty if it cannot be.
        note: Why it cannot be, or what the reader should know of the estimates.
        tracks: By version, how good earlier estimates proved to be.
        delays: How long outcomes take.
        kpis: Numbers that the business goes by.
        watched: Columns whose groups are watched.
        groups: How the groups were treated, the oldest period first.
        slices: Where the champion is worse than elsewhere, on the newest outcomes.
        sliced: How many outcomes that rests on.
        budgets: The objectives; how much of each is left.
        uptime: Share of time that somebody answered, told like an objective.
        advice: Whether to retrain now.
        signals: What is outside its limits, the gravest first.
    """

    endpoint: str
    time: float
    version: int
    metric: str = ""
    promised: Estimate | None = None
    points: tuple[Point, ...] = ()
    method: str = ""
    note: str = ""
    tracks: dict[int, Track] = field(default_factory=dict)
    delays: Delays = field(default_factory=Delays)
    kpis: tuple[Kpi, ...] = ()
    watched: tuple[Watched, ...] = ()
    groups: tuple[GroupPoint, ...] = ()
    slices: tuple[Slice, ...] = ()
    sliced: int = 0
    budgets: tuple[Budget, ...] = ()
    uptime: Budget | None = None
    advice: Advice = field(default_factory=Advice)
    signals: tuple[Signal, ...] = ()

    def of(self, version: int) -> tuple[Point, ...]:
        """Return the points of one version."""
        return tuple(point for point in self.points if point.version == version)


def subject_of(endpoint: str) -> str:
    """Return under which subject measurements keep an endpoint's standing."""
    return f"endpoint:{endpoint}/standing"


def standing_of(measurements: MeasurementStore, endpoint: str) -> Standing | None:
    """Return how an endpoint stood when somebody looked last, None if nobody did."""
    kept = measurements.read_report(subject_of(endpoint))
    return None if kept is None else from_plain(Standing, kept)
