"""What was unusual in the series of model and machine, and what will run out if it goes on like this."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from keepwell.core.ports import Point
from keepwell.operations.anomalies.watch import PREFIX, rarity
from keepwell.operations.forecasts.foresight import message
from keepwell.operations.forecasts.record import Forecast, TrackRecord, track_record

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

SHOWN = 12
"""Unusual values, and forecasts, that are listed; the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusual:
    """A value that the past of its series does not explain."""

    time: float
    subject: str
    series: str
    value: float | None
    rarity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is foretold, and how earlier forecasts fared."""

    forecasts: tuple[tuple[Forecast, str], ...]
    record: TrackRecord


def unusual(found: Mapping[str, Mapping[str, Sequence[Point]]]) -> list[Unusual]:
    """Return what `keepwell up` found unusual in the series of some subjects, newest first."""
    every = (one for subject, lines in found.items() for one in _of(subject, lines))
    return sorted(every, key=lambda one: -one.time)[:SHOWN]


def _of(subject: str, lines: Mapping[str, Sequence[Point]]) -> Iterator[Unusual]:
    for name, points in lines.items():
        if not name.startswith(PREFIX):
            continue
        series = name.removeprefix(PREFIX)
        values = {point.time: point.value for point in lines.get(series, ())}
        for point in points:
            yield Unusual(
                time=point.time,
                subject=subject.replace(":", " ", 1),
                series=series.removeprefix("metric:"),
                value=values.get(point.time),
                rarity=rarity(point.value),
            )


def outlook(workspace: "Workspace") -> Outlook:
    """Return the forecasts of the workspace, the newest first."""
    found = workspace.foresight.all()
    return Outlook(
        forecasts=tuple((one, message(one)) for one in found[:SHOWN]), record=track_record(found)
    )
