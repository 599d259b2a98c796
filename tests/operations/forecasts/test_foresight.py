"""A forecast is made once, kept, and settled by what came."""

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.ports import Point
from keepwell.infrastructure.codec import to_plain
from keepwell.monitoring.machines.host import HostReading
from keepwell.operations.forecasts.foresight import Foresight, message
from keepwell.operations.forecasts.record import Forecast, settle, track_record
from keepwell.operations.serving.subjects import measured_workers
from keepwell.workspace import Workspace

START = 1_700_000_000.0
HOUR = 3600.0


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    (tmp_path / "keepwell.yaml").write_text("project: shop\ndata: {source: rows.csv}\n")
    with Workspace.open(tmp_path) as opened:
        yield opened


def filling(hours: float, since: float = 0.0) -> list[Point]:
    """Return a disk that fills by 2% an hour, from 50%."""
    steps = int(hours * 12)
    return [
        Point("disk_percent", START + at * 300.0, 50.0 + 2.0 * at / 12)
        for at in range(int(since * 12), steps)
    ]


def test_a_filling_disk_is_foretold_once_and_comes_true(workspace: Workspace) -> None:
    clock = ManualClock(START + 10 * HOUR)
    foresight = Foresight(
        workspace.metadata, workspace.measurements, lambda: ["host:a", "endpoint:b"], clock
    )
    workspace.measurements.append("host:a", filling(10))
    made = foresight.look()
    assert [one.subject for one in made] == ["host:a"]
    assert made[0].middle == pytest.approx(START + 25 * HOUR, abs=HOUR)
    assert "the disk will be full in" in message(made[0])
    assert foresight.look() == []
    [signal] = foresight.signals()
    assert (signal.kind, signal.column) == ("forecast", "disk_percent")

    workspace.measurements.append("host:a", filling(26, since=10))
    clock.advance(16 * HOUR)
    foresight.look()
    settled = [one for one in foresight.forecasts.find() if one.fate != "open"]
    assert [one.fate for one in settled] == ["true"]
    assert track_record(settled).hit_rate == 1.0


def test_a_worker_that_leaks_is_foretold_and_a_new_one_ends_the_worry(workspace: Workspace) -> None:
    clock = ManualClock(START + 10 * HOUR)
    foresight = Foresight(
        workspace.metadata, workspace.measurements, lambda: ["worker:1", "worker:2"], clock
    )
    for worker, slope in (("worker:1", 0.0), ("worker:2", 1e8)):
        points = [Point("memory", START + at * 300.0, 5e8 + slope * at / 12) for at in range(120)]
        workspace.measurements.append(worker, points)
    workspace.measurements.write_report(
        "machines", START, {"subjects": ["process:control", "worker:2"]}
    )
    assert measured_workers(workspace.measurements) == ["worker:2"]
    assert foresight.look() == []  # nobody knows what the machine has left
    reading = to_plain(HostReading(memory_total=8_000_000_000, memory_percent=73.0))
    workspace.measurements.write_report(
        f"host:{platform.node()}",
        clock.now(),
        {"time": clock.now(), "signals": [], "reading": reading},
    )
    [made] = foresight.look()
    assert (made.subject, made.series) == ("worker:2", "memory")
    assert made.middle - clock.now() == pytest.approx(20 * HOUR, rel=0.1)  # 2 GB at 0.1 GB an hour
    assert message(made).startswith("worker 2: it grows, and will have taken all memory")
    workspace.measurements.append("worker:2", [Point("memory", clock.now() + HOUR, 5e8)])
    clock.advance(HOUR)
    assert foresight.look() == []
    assert [one.fate for one in foresight.forecasts.find()] == ["averted"]


def forecast() -> Forecast:
    return Forecast(
        subject="host:a", series="disk_percent", what="the disk will be full", limit=100.0,
        made=0.0, level=60.0, low=80.0, middle=100.0, high=130.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("points", "fate"),
    [
        ([(50.0, 80.0)], "open"),
        ([(50.0, 80.0), (100.0, 100.0)], "true"),
        ([(30.0, 100.0)], "late"),
        ([(131.0, 90.0)], "averted"),
        ([(50.0, 20.0)], "averted"),
    ],
)
def test_what_became_of_it(points: list[tuple[float, float]], fate: str) -> None:
    found = settle(forecast(), [Point("disk_percent", time, value) for time, value in points])
    assert found.fate == fate
    assert (found.settled is None) == (fate == "open")


def test_a_record_counts_what_came() -> None:
    fates = ["true", "true", "late", "averted", "open"]
    record = track_record(
        [settle(forecast(), [Point("x", 100.0, 100.0)])] * 2
        + [settle(forecast(), [Point("x", 30.0, 100.0)])]
        + [settle(forecast(), [Point("x", 131.0, 90.0)])]
        + [forecast()]
    )
    assert (record.true, record.late, record.averted, record.open) == tuple(
        fates.count(one) for one in ("true", "late", "averted", "open")
    )
    assert record.hit_rate == pytest.approx(2 / 3)
    assert track_record([]).hit_rate is None
