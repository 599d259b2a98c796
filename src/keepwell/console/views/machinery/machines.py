"""Model and machine above each other on one axis of time: did the world change, or was the host starved?"""

import platform
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from keepwell.console.charts import LineChart, line_chart
from keepwell.console.views.home import live_metric, promotions, recent_incidents
from keepwell.core.durations import format_duration
from keepwell.core.ports import Point
from keepwell.core.records import Endpoint
from keepwell.monitoring.machines.sampler import present_reading
from keepwell.monitoring.machines.starvation import SHORT_OF
from keepwell.operations import sizing
from keepwell.operations.anomalies.watch import PREFIX
from keepwell.operations.forecasts.foresight import message
from keepwell.operations.spending.machinery import Seen, processes_of, signals_now

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

SPANS = {"15m": 900.0, "1h": 3600.0, "6h": 21600.0, "24h": 86400.0, "7d": 604800.0}
DEFAULT_SPAN = "1h"
MOST_POINTS = 20_000
MOST_UNUSUAL = 10
_PERCENT = (0.0, 100.0)
_BREAK = 120.0  # seconds without a sample that end a stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One line over the common axis; `chart` is None where nothing was measured."""

    title: str
    unit: str
    chart: LineChart | None
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusual:
    """A value that its own past does not explain; a `surprise` of 3 is one value in a thousand."""

    time: float
    subject: str
    series: str
    surprise: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One of our processes with its memory over the span."""

    seen: Seen
    chart: LineChart | None


def machines(workspace: "Workspace", *, endpoint: str = "", span: str = "") -> dict[str, Any]:
    """Return the context of `machines.html`."""
    span = span if span in SPANS else DEFAULT_SPAN
    until = workspace.clock.now()
    window = (until - SPANS[span], until)
    found = workspace.endpoints.find()
    chosen = next((one for one in found if one.name == endpoint), found[0] if found else None)
    host = platform.node()
    lines = workspace.measurements.series(f"host:{host}", since=window[0], limit=MOST_POINTS)
    short = list(_stretches(lines))
    return {
        "host": host,
        "reading": present_reading(workspace.measurements, until),
        "signals": signals_now(workspace.measurements, until),
        "endpoints": [one.name for one in found],
        "chosen": chosen.name if chosen else "",
        "spans": list(SPANS),
        "span": span,
        "short": _in_all(lines),
        "models": [] if chosen is None else list(_of_model(workspace, chosen, window, short)),
        "lanes": list(_of_host(lines, window, short)),
        "unusual": _unusual(workspace, host, chosen, window[0]),
        "ahead": [(message(one), one.made) for one in workspace.foresight.open()],
        "advice": sizing.gather(workspace) if found else None,
        "processes": [
            Process(seen=one, chart=_memory(workspace, one.subject, window))
            for one in processes_of(workspace.measurements, until)
        ],
    }


def _unusual(
    workspace: "Workspace", host: str, endpoint: Endpoint | None, since: float
) -> list[Unusual]:
    """Return the newest anomalies of the machine and of an endpoint, as `keepwell up` found them."""
    subjects = {f"host:{host}": host}
    if endpoint is not None:
        subjects[f"endpoint:{endpoint.name}"] = endpoint.name
    found = [
        Unusual(
            time=point.time,
            subject=told,
            series=name.removeprefix(PREFIX),
            surprise=point.value,
        )
        for subject, told in subjects.items()
        for name, points in workspace.measurements.series(
            subject, since=since, limit=MOST_POINTS
        ).items()
        if name.startswith(PREFIX)
        for point in points
    ]
    return sorted(found, key=lambda one: -one.time)[:MOST_UNUSUAL]


def _of_model(
    workspace: "Workspace",
    endpoint: Endpoint,
    window: tuple[float, float],
    short: Sequence[tuple[float, float | None, str]],
) -> Iterator[Lane]:
    """Yield what the model did."""
    subject = f"endpoint:{endpoint.name}"
    lines = workspace.measurements.series(subject, since=window[0], limit=MOST_POINTS)
    version = (
        None
        if endpoint.champion is None
        else workspace.registry.get(endpoint.model, endpoint.champion)
    )
    metric = live_metric(workspace, endpoint, version)
    promised = version.metrics.get(metric) if version else None
    incidents = [(one.opened, one.closed, one.title) for one in recent_incidents(workspace)]
    moments = promotions(workspace, endpoint)
    rows: list[tuple[str, str, Sequence[Point], float | None, Sequence[float], str]] = [
        (
            metric.replace("_", " "),
            "",
            lines.get(f"metric:{metric}", []),
            promised.value if promised else None,
            (),
            "appears once outcomes arrive",
        ),
        ("strongest drift", "", _strongest(lines), None, (0.0,), "appears with enough rows"),
        ("latency p95", "ms", lines.get("latency_p95_ms", []), None, (0.0,), _NO_REQUESTS),
        ("requests", "a second", lines.get("requests", []), None, (0.0,), _NO_REQUESTS),
    ]
    for title, unit, points, expected, within, missing in rows:
        chart = line_chart(
            points,
            expected=expected,
            moments=moments,
            stretches=[*incidents, *short],
            window=window,
            within=within,
        )
        yield Lane(title=title, unit=unit, chart=chart, missing=missing)


_NO_REQUESTS = "appears with the first requests"
_UNWATCHED = "appears while keepwell up runs"


def _of_host(
    lines: dict[str, list[Point]],
    window: tuple[float, float],
    short: Sequence[tuple[float, float | None, str]],
) -> Iterator[Lane]:
    """Yield what the machine did; what it does not tell has no line."""
    always = {"cpu_percent", "memory_percent", "disk_percent"}
    gpus = [name for name in sorted(lines) if name.startswith("gpu") and name.endswith("_percent")]
    rows = [
        ("processors", "% busy", "cpu_percent", 1.0, _PERCENT),
        ("waiting for a processor", "% of the time", "cpu_pressure", 100.0, (0.0,)),
        ("memory", "% of what may be used", "memory_percent", 1.0, _PERCENT),
        ("disk", "% full", "disk_percent", 1.0, _PERCENT),
        ("disk traffic", "MB/s", "disk_written", 1e-6, (0.0,)),
        ("network in", "MB/s", "network_in", 1e-6, (0.0,)),
        *(
            (f"GPU {name.removesuffix('_percent')[3:]}", "% busy", name, 1.0, _PERCENT)
            for name in gpus
        ),
    ]
    for title, unit, name, factor, within in rows:
        points = [Point(name, one.time, one.value * factor) for one in lines.get(name, [])]
        chart = line_chart(points, stretches=short, window=window, within=within)
        if chart is not None or name in always:
            yield Lane(title=title, unit=unit, chart=chart, missing=_UNWATCHED)


def _strongest(lines: dict[str, list[Point]]) -> list[Point]:
    """Return the largest drift of all columns over time."""
    strongest: dict[float, float] = defaultdict(float)
    for name, points in lines.items():
        if name.startswith("drift:"):
            for point in points:
                strongest[point.time] = max(strongest[point.time], point.value)
    return [Point("drift", time, value) for time, value in sorted(strongest.items())]


def _stretches(
    lines: dict[str, list[Point]],
) -> Iterable[tuple[float, float | None, str]]:
    """Yield from when until when the host was short of something, with words."""
    for resource, name in SHORT_OF.items():
        begin = last = None
        for point in lines.get(f"short_of_{resource}", []):
            short = point.value > 0
            if begin is not None and last is not None and point.time - last > _BREAK:
                yield begin, last, _words(name, begin, last)
                begin = None
            if short and begin is None:
                begin = point.time
            elif not short and begin is not None:
                yield begin, point.time, _words(name, begin, point.time)
                begin = None
            last = point.time
        if begin is not None and last is not None and last > begin:
            yield begin, last, _words(name, begin, last)


def _in_all(lines: dict[str, list[Point]]) -> dict[str, float]:
    """Return by name how many seconds the host was short of something."""
    found = {}
    for resource, name in SHORT_OF.items():
        points = lines.get(f"short_of_{resource}", [])
        gaps = [
            min(after.time - before.time, _BREAK)
            for before, after in pairwise(points)
            if before.value > 0
        ]
        if gaps:
            found[name] = sum(gaps)
    return found


def _words(name: str, begin: float, end: float) -> str:
    return f"short of {name} for {format_duration(end - begin)}"


def _memory(workspace: "Workspace", subject: str, window: tuple[float, float]) -> LineChart | None:
    lines = workspace.measurements.series(subject, ["memory"], since=window[0], limit=MOST_POINTS)
    points = [Point("memory", one.time, one.value / 1e6) for one in lines.get("memory", [])]
    return line_chart(points, window=window, within=(0.0,))
