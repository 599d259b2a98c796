"""Drift that happens in some rows only: of one country, of one plan, too few to show in the whole.

A slice has no profile of its own in training. It is compared with itself in the days before the window, by
the accumulators of its label (`monitor.slices`).
"""

from collections.abc import Iterator
from dataclasses import replace

from keepwell.core.records import Signal
from keepwell.core.spec import MonitorSpec
from keepwell.monitoring.drift import compare_columns
from keepwell.monitoring.report import Scope
from keepwell.monitoring.sketches.counted import Counted
from keepwell.monitoring.sketches.store import SketchStore, Sum
from keepwell.monitoring.sketches.watched import Watched

HISTORY = 7 * 86400.0
"""Seconds before the window that a slice is compared with."""


def find_slices(
    sketches: SketchStore, watched: Watched, scope: Scope, spec: MonitorSpec
) -> list[Signal]:
    """Return a signal of the kind `slice_drift` for each column that drifted in a slice."""
    if not spec.slices or spec.window_seconds is None:
        return []
    sketches.window(scope.endpoint, scope.version, watched.layout, since=scope.since - HISTORY)
    names = [
        name
        for name in sketches.slices(scope.endpoint, scope.version)
        if name.partition(" = ")[0] in spec.slices
    ]
    columns: list[tuple[str, Counted]] = []
    for name in names:
        present, earlier = (
            sketches.window(
                scope.endpoint, scope.version, watched.layout, since=since, until=until, slice=name
            )
            for since, until in (
                (scope.since, scope.until),
                (scope.since - HISTORY, scope.since - scope.since % 60),
            )
        )
        if min(present.rows, earlier.rows) >= spec.min_rows:
            columns += [(name, one) for one in _against(present, earlier)]
    reports = compare_columns(
        [one for _, one in columns],
        importance=watched.version.importance,
        detector_name=spec.drift,
        min_rows=spec.min_rows,
        before="the days before",
    )
    return [
        scope.signal(
            "slice_drift",
            f"where {name}: {report.message}",
            value=report.effect,
            limit=report.limit,
            severity=report.severity,
            rows=report.rows,
            column=report.name,
        )
        for (name, _), report in zip(columns, reports, strict=True)
        if report.drifted
    ]


def _against(present: Sum, earlier: Sum) -> Iterator[Counted]:
    """Yield the columns of a slice with its own earlier rows as their reference."""
    before = earlier.block.counted()
    for name, counted in present.block.counted().items():
        past = before[name]
        if counted.current is None or past.current is None:
            continue
        profile = replace(
            counted.profile,
            mean=past.mean,
            std=past.std,
            rows=past.rows,
            missing=past.missing,
        )
        yield replace(
            counted,
            profile=profile,
            reference=past.current,
            outside=0,
            unseen=(news := _news(counted, past)),
            fresh=sum(count for _, count in news),
        )


def _news(counted: Counted, past: Counted) -> tuple[tuple[str, int], ...]:
    known = {label for label, _ in past.unseen}
    return tuple(one for one in counted.unseen if one[0] not in known)
