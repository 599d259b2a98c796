"""What was unusual in any series is found, told and kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.ports import Point
from keepwell.operations.anomalies.watch import Watch, scan
from keepwell.workspace import Workspace

START = 1_700_000_000.0


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    (tmp_path / "keepwell.yaml").write_text("project: shop\ndata: {source: rows.csv}\n")
    with Workspace.open(tmp_path) as opened:
        yield opened


def calm(first: int, last: int) -> list[Point]:
    return [
        Point("latency_p95_ms", START + 5.0 * at, 10 + at % 3 * 0.1) for at in range(first, last)
    ]


def test_a_slow_answer_is_found_among_all_series(workspace: Workspace) -> None:
    clock, store = ManualClock(START), workspace.measurements
    watch = Watch(store, lambda: ["endpoint:shop", "host:a"], clock)
    store.append("endpoint:shop", calm(0, 300))
    clock.advance(1500.0)
    watch.look()
    store.append("endpoint:shop", calm(300, 302))
    store.append("endpoint:shop", [Point("latency_p95_ms", START + 5.0 * 302, 900.0)])
    store.append("host:a", [Point("cpu_percent", START, 50.0)])
    clock.advance(12.0)
    [found] = watch.look()
    assert (found.subject, found.series, found.value) == ("endpoint:shop", "latency_p95_ms", 900.0)
    assert "latency_p95_ms of endpoint shop" in found.message
    assert watch.look() == []
    assert watch.recent(START) == [found]
    kept = store.series("endpoint:shop", ["anomaly:latency_p95_ms"])["anomaly:latency_p95_ms"]
    assert [(point.time, point.value) for point in kept] == [(found.time, found.surprise)]
    whole = store.series("endpoint:shop", ["latency_p95_ms"])["latency_p95_ms"]
    assert scan(whole, "endpoint:shop")[-1] == found


def test_what_is_long_past_is_learned_from_and_not_told(workspace: Workspace) -> None:
    store = workspace.measurements
    store.append("endpoint:shop", calm(0, 300))
    store.append("endpoint:shop", [Point("latency_p95_ms", START + 1500.0, 900.0)])
    watch = Watch(store, lambda: ["endpoint:shop"], ManualClock(START + 86400.0))
    assert watch.look() == []
