"""What rules may look at, as one frozen value: signals, series and incidents at one time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from keepwell.core.alerting import RuleSpec
from keepwell.core.ports import MeasurementStore, Point
from keepwell.core.records import Incident, Signal
from keepwell.infrastructure.codec import from_plain

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

Line = tuple[Point, ...]
SignalSource = Callable[[], Iterable[Signal]]
STALE_SECONDS = 600.0
"""A report that is older says nothing about now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The machine that serves: what is free of its disk, and how many workers answer."""

    disk_free: float  # share of the file system that holds the workspace
    disk_bytes: float
    wanted: int = 0
    answering: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The world as rules see it.

    Attributes:
        now: Unix seconds.
        endpoints: Names of all endpoints.
        signals: What monitors find outside its limits at present.
        series: By subject, by name, oldest first.
        incidents: Those that are open.
        machine: None where nobody serves.
    """

    now: float
    endpoints: tuple[str, ...] = ()
    signals: tuple[Signal, ...] = ()
    series: Mapping[str, Mapping[str, Line]] = field(default_factory=dict)
    incidents: tuple[Incident, ...] = ()
    machine: Machine | None = None

    def line(self, subject: str, name: str, since: float = 0.0) -> Line:
        """Return the points of a series from a time on; empty if there are none."""
        points = self.series.get(subject, {}).get(name, ())
        return tuple(point for point in points if point.time >= since)


def subjects_of(rule: RuleSpec, endpoints: Sequence[str]) -> list[str]:
    """Return whose series a rule is about."""
    if rule.subject:
        return [rule.subject]
    return [f"endpoint:{rule.endpoint}"] if rule.endpoint else [f"endpoint:{n}" for n in endpoints]


def reach(rule: RuleSpec) -> float:
    """Return how many seconds back a rule looks."""
    if rule.absent is not None:
        return max(7 * 86400.0, 4 * rule.absent)
    if rule.rises is not None or rule.falls is not None:
        return rule.against + (rule.lasting or 600.0)
    return max(2 * rule.lasting, STALE_SECONDS)


class Reader:
    """Reads what the rules of a project ask for.

    Args:
        workspace: Whose record and measurements.
        sources: More places that signals come from, besides the reports of endpoints.
        serving: Whether workers are expected to answer.
        disk: Gives what is free of the workspace's disk, the share and bytes; asks the system unless said.
    """

    def __init__(
        self,
        workspace: "Workspace",
        sources: Sequence[SignalSource] = (),
        *,
        serving: Callable[[], bool] = lambda: False,
        disk: Callable[[], tuple[float, float]] | None = None,
    ) -> None:
        self._workspace = workspace
        self._sources = tuple(sources)
        self._serving = serving
        self._disk = disk or (lambda: free_of(workspace.home))

    def read(self, rules: Sequence[RuleSpec]) -> Reading:
        """Return the world as it is."""
        workspace = self._workspace
        now = workspace.clock.now()
        endpoints = tuple(one.name for one in workspace.endpoints.find())
        reported = [s for name in endpoints for s in _reported(workspace.measurements, name, now)]
        return Reading(
            now=now,
            endpoints=endpoints,
            signals=(*reported, *(s for source in self._sources for s in source())),
            series=self._series(rules, endpoints, now),
            incidents=tuple(workspace.incidents.find(status="open")),
            machine=self._machine(),
        )

    def _series(
        self, rules: Sequence[RuleSpec], endpoints: Sequence[str], now: float
    ) -> dict[str, dict[str, Line]]:
        asked: dict[str, dict[str, float]] = {}
        for rule in rules:
            for subject in subjects_of(rule, endpoints) if rule.metric else ():
                names = asked.setdefault(subject, {})
                names[rule.metric] = max(names.get(rule.metric, 0.0), reach(rule))
        return {
            subject: {
                name: tuple(points)
                for name, points in self._workspace.measurements.series(
                    subject, list(names), since=now - max(names.values())
                ).items()
            }
            for subject, names in asked.items()
        }

    def _machine(self) -> Machine:
        from keepwell.operations.serving.capacity import present

        share, free = self._disk()
        workers = None
        if self._serving():
            workers = present(self._workspace.scaling.read(), self._workspace.home).workers
        return Machine(
            disk_free=share,
            disk_bytes=free,
            wanted=workers.wanted if workers else 0,
            answering=workers.answering if workers else 0,
        )


def free_of(folder: Path) -> tuple[float, float]:
    """Return what is free of the file system that holds a folder: the share, and bytes."""
    import shutil

    disk = shutil.disk_usage(folder)
    return disk.free / max(disk.total, 1), float(disk.free)


def _reported(measurements: MeasurementStore, endpoint: str, now: float) -> list[Signal]:
    report = measurements.read_report(f"endpoint:{endpoint}")
    if report is None or now - float(report.get("time", 0.0)) > STALE_SECONDS:
        return []
    return [from_plain(Signal, one) for one in report.get("signals", ())]
