"""From segments to accumulators: each row once, on whatever way it came."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.ports import TableStore
from keepwell.core.records import (
    Bundle,
    Column,
    ColumnType,
    Field,
    ModelVersion,
    Prediction,
    Profile,
    Signature,
    Task,
)
from keepwell.core.spec import MonitorSpec
from keepwell.data.profiles import profile_table
from keepwell.monitoring.monitor import look
from keepwell.monitoring.prediction_log import Collector, PredictionLog
from keepwell.monitoring.prediction_log.log import PROBE
from keepwell.monitoring.prediction_log.schema import PREDICTIONS, prediction_table
from keepwell.monitoring.sketches.feeder import Feeder
from keepwell.monitoring.sketches.store import SKETCHES, SketchStore, Sum
from keepwell.monitoring.sketches.watched import Watched

NOW = 1_800_000_000.0
Make = Callable[..., Prediction]
Write = Callable[..., None]

COLUMNS = [
    Column(name="tenure", type=ColumnType.NUMBER),
    Column(name="plan", type=ColumnType.CATEGORY),
    Column(name="prediction", type=ColumnType.CATEGORY),
]
VERSION = ModelVersion(
    model="churn",
    version=1,
    run="r",
    bundle=Bundle(files=()),
    signature=Signature(
        task=Task.BINARY,
        target="Churn",
        inputs=tuple(Field(name=one.name, type=one.type) for one in COLUMNS[:2]),
        classes=("No", "Yes"),
    ),
    metric="accuracy",
)


@pytest.fixture(scope="module")
def profile() -> Profile:
    """Profile a world of two plans."""
    random = np.random.default_rng(0)
    table = pa.table(
        {
            "tenure": random.normal(30, 8, 5000),
            "plan": random.choice(["basic", "fiber"], 5000),
            "prediction": random.choice(["No", "Yes"], 5000),
        }
    )
    return profile_table(table, COLUMNS)


class Ticks:
    """Seconds that pass when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def store(tables: TableStore, clock: ManualClock) -> SketchStore:
    return SketchStore(tables, clock)


MakeCollector = Callable[[], Collector]


@pytest.fixture
def start(
    tables: TableStore, segments: Path, clock: ManualClock, profile: Profile, ticks: Ticks
) -> MakeCollector:
    """Start a process that collects: nothing but the tables is shared."""

    def start() -> Collector:
        feeder = Feeder(
            SketchStore(tables, clock),
            lambda model, version: (VERSION, profile),
            slices=["plan"],
            clock=ticks,
        )
        return Collector(tables, segments, feeder)

    return start


def summed(store: SketchStore, profile: Profile, part: str = "", **window: float) -> Sum:
    return store.window("churn", 1, Watched(VERSION, profile).layout, slice=part, **window)  # type: ignore[arg-type]


def test_what_is_collected_is_counted_once_it_is_time(
    start: MakeCollector,
    store: SketchStore,
    profile: Profile,
    ticks: Ticks,
    make: Make,
    write: Write,
) -> None:
    write(*(make(NOW - 30 + at) for at in range(20)))
    collector = start()
    assert collector.collect() == 20
    assert summed(store, profile).rows == 0, "accumulators are written every ten seconds"
    ticks.now += 11
    assert collector.collect() == 0
    found = summed(store, profile)
    assert found.rows == 20
    counted = found.block.counted()
    assert counted["tenure"].rows == 20
    assert counted["tenure"].mean == pytest.approx(12)
    assert counted["plan"].current is not None
    assert summed(store, profile, "plan = basic").rows == 20
    assert summed(store, profile, "plan = fiber").rows == 0


def test_of_more_rows_than_are_parsed_the_number_is_kept(
    start: MakeCollector,
    store: SketchStore,
    profile: Profile,
    make: Make,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("keepwell.monitoring.sketches.feeder.PARSED_ROWS", 20)
    write(*(make(NOW - 100 + at) for at in range(100)))
    collector = start()
    collector.collect()
    collector.close()
    found = summed(store, profile)
    assert found.rows == 100
    assert found.block.rows() == 20


def test_a_process_that_dies_before_it_wrote_costs_no_row(
    start: MakeCollector,
    store: SketchStore,
    profile: Profile,
    ticks: Ticks,
    make: Make,
    write: Write,
) -> None:
    write(*(make(NOW - 5) for _ in range(7)))
    start().collect()  # and it is gone
    write(*(make(NOW - 4) for _ in range(3)))
    second = start()
    second.collect()
    second.close()
    assert summed(store, profile).rows == 10


def test_two_processes_in_turn_count_each_row_once(
    start: MakeCollector,
    store: SketchStore,
    profile: Profile,
    ticks: Ticks,
    make: Make,
    write: Write,
) -> None:
    first, second = start(), start()
    for turn in range(6):
        write(*(make(NOW - 5) for _ in range(turn + 1)))
        (first, second)[turn % 2].collect()
        ticks.now += 4
    first.collect()
    second.collect()
    first.close()
    second.close()
    assert summed(store, profile).rows == 21
    assert summed(store, profile).block.rows() == 21


def test_who_was_overtaken_does_not_count_again_when_it_ends(
    start: MakeCollector, store: SketchStore, profile: Profile, make: Make, write: Write
) -> None:
    first, second = start(), start()
    write(*(make(NOW - 5) for _ in range(4)))
    first.collect()
    second.collect()
    second.close()
    write(make(NOW - 5))
    first.close()
    assert summed(store, profile).rows == 4
    third = start()
    third.collect()
    third.close()
    assert summed(store, profile).rows == 5


def test_finished_segments_go_only_after_their_rows_are_written(
    start: MakeCollector, store: SketchStore, segments: Path, profile: Profile, make: Make
) -> None:
    from keepwell.infrastructure.segments import SegmentWriter, encode_prediction, list_segments

    for _ in range(2):  # the second makes the first a finished one
        writer = SegmentWriter(segments, "worker-0")
        writer.append_all([encode_prediction(make(NOW - 5)) for _ in range(4)])
        writer.close()
    start().collect()
    gone = 2 - len(list_segments(segments))
    assert gone >= 1
    assert summed(store, profile).rows >= 4 * gone


def test_probes_and_versions_that_cannot_be_read_are_left_out(
    tables: TableStore,
    segments: Path,
    clock: ManualClock,
    store: SketchStore,
    profile: Profile,
    make: Make,
    write: Write,
) -> None:
    def lookup(model: str, version: int) -> tuple[ModelVersion, Profile]:
        if version == 2:
            raise KeyError(version)
        return VERSION, profile

    collector = Collector(tables, segments, Feeder(SketchStore(tables, clock), lookup))
    write(make(NOW - 5, caller=PROBE), make(NOW - 5, version=2), make(NOW - 5))
    assert collector.collect() == 3
    collector.close()
    assert summed(store, profile).rows == 1


def test_a_window_is_made_of_whole_minutes_and_of_the_newest(
    tables: TableStore, clock: ManualClock, store: SketchStore, profile: Profile, make: Make
) -> None:
    feeder = Feeder(store, lambda model, version: (VERSION, profile))
    rows = prediction_table([make(NOW - 3600 + 10 * at) for at in range(360)])
    feeder.feed("import", 1, rows)
    feeder.feed("import", 1, rows)  # again: it was in already
    assert summed(store, profile).rows == 360
    assert 60 <= summed(store, profile, since=NOW - 600).rows <= 66
    newest = store.window("churn", 1, Watched(VERSION, profile).layout, rows=50)
    assert 50 <= newest.rows <= 56
    assert newest.since >= NOW - 600


def test_minutes_become_hours_and_say_the_same(
    tables: TableStore, clock: ManualClock, store: SketchStore, profile: Profile, make: Make
) -> None:
    feeder = Feeder(store, lambda model, version: (VERSION, profile), slices=["plan"])
    for hour in range(3):
        made = [
            make(NOW + 3600 * hour + 20 * at, inputs={"tenure": at, "plan": "5G"})
            for at in range(150)
        ]
        feeder.feed("import", hour, prediction_table(made))
    before = summed(store, profile)
    clock.advance(10 * 3600)
    reader = SketchStore(tables, clock)
    assert summed(reader, profile).rows == 450
    assert store.compact() > 100
    assert store.compact() == 0
    for one in (store, reader, SketchStore(tables, clock)):
        after = summed(one, profile)
        assert after.rows == 450
        assert np.allclose(after.block.sums, before.block.sums)
        assert after.block.fresh == before.block.fresh
    assert tables.read(SKETCHES).num_rows <= 8


def test_a_look_reads_accumulators_where_a_window_holds_many_rows(
    tables: TableStore,
    log: PredictionLog,
    store: SketchStore,
    profile: Profile,
    make: Make,
) -> None:
    random = np.random.default_rng(1)
    feeder = Feeder(store, lambda model, version: (VERSION, profile))
    template = prediction_table([make(NOW - 1)])
    count = 12_000
    times = pa.array(((NOW - 1800 + np.arange(count) * 0.1) * 1e6).astype(np.int64))
    documents = [
        f'{{"tenure": {value:.2f}, "plan": "{plan}"}}'
        for value, plan in zip(
            random.normal(38, 8, count), random.choice(["basic", "fiber"], count), strict=True
        )
    ]
    rows = template.take(pa.array(np.zeros(count, np.int64)))
    for name, column in (
        ("time", times.cast(rows.schema.field("time").type)),
        ("id", pa.array([f"{at:026d}" for at in range(count)])),
        ("inputs", pa.array(documents)),
    ):
        rows = rows.set_column(rows.schema.get_field_index(name), name, column)
    tables.write(PREDICTIONS, rows)
    for at in range(3):
        feeder.feed("import", at, rows.slice(at * 4000, 4000))
    spec = MonitorSpec(window_seconds=3600.0)
    seen = [
        look(
            log,
            endpoint="churn",
            version=VERSION,
            profile=profile,
            spec=spec,
            now=NOW,
            sketches=one,
        )
        for one in (None, store)
    ]
    by_rows, by_sums = (report.columns[0] for report in seen)
    assert [report.rows for report in seen] == [count, count]
    assert by_rows.rows == 10_000
    assert by_sums.rows == 12_000
    assert by_sums.drifted
    assert by_sums.mean == pytest.approx(by_rows.mean, abs=0.2)
    assert by_sums.effect == pytest.approx(by_rows.effect, abs=0.03)


def test_drift_in_one_slice_is_told_where_the_whole_is_quiet(
    tables: TableStore, log: PredictionLog, store: SketchStore, profile: Profile, make: Make
) -> None:
    random = np.random.default_rng(2)
    feeder = Feeder(store, lambda model, version: (VERSION, profile), slices=["plan"])
    made = []
    for at in range(3000):
        plan = "fiber" if at % 10 == 0 else "basic"
        late = at >= 2000
        tenure = random.normal(30, 8) + (14 if late and plan == "fiber" else 0)
        moment = NOW - 3000 + at if late else NOW - 20_000 + at
        made.append(make(moment, inputs={"tenure": round(tenure, 2), "plan": plan}))
    rows = prediction_table(made)
    tables.write(PREDICTIONS, rows)
    feeder.feed("import", 0, rows)
    spec = MonitorSpec(window_seconds=3600.0, slices=("plan",), min_rows=80)
    report = look(
        log, endpoint="churn", version=VERSION, profile=profile, spec=spec, now=NOW, sketches=store
    )
    found = [one for one in report.signals if one.column == "tenure"]
    assert [one.kind for one in found] == ["slice_drift"]
    assert found[0].message.startswith("where plan = fiber: `tenure` is 1")
    assert found[0].rows == 100
