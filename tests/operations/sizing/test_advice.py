"""How many workers are worth having, from sums of what was used."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepwell.core.clock import ManualClock
from keepwell.core.ports import Point
from keepwell.core.records import Endpoint, Scale
from keepwell.core.spec import CostsSpec, DataSpec, IdleSpec, PricesSpec, ProjectSpec
from keepwell.deployment.scaling import Scaling
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.store import SqlMetadataStore
from keepwell.monitoring.costs.prices import MONTH
from keepwell.operations.sizing.advice import GENERAL, ROOM, Advice, Watched, advise
from keepwell.operations.sizing.demand import DAY, HOUR, Demand, demand_of, together
from keepwell.operations.sizing.gathering import advice_on, apply
from keepwell.operations.sizing.outlook import outlook_of

HOUR_ZERO = 500_000
NOW = HOUR_ZERO * HOUR
COSTS = CostsSpec(prices=PricesSpec(memory_gb_hour=0.01), idle=IdleSpec(after=7200.0))
Load = Callable[[int], float]


def sums(load: Load, days: int, *, fine: bool = True) -> list[Point]:
    """Processor seconds since `days` days ago: hourly at first, once a minute in the last day."""
    total, found = 0.0, [Point("cpu_seconds", NOW - days * DAY, 0.0)]
    for hour in range(HOUR_ZERO - days * 24, HOUR_ZERO):
        steps = 60 if fine and hour >= HOUR_ZERO - 24 else 1
        for step in range(1, steps + 1):
            total += load(hour) * HOUR / steps
            found.append(Point("cpu_seconds", hour * HOUR + step * HOUR / steps, total))
    return found


def office(hour: int) -> float:
    """Two processors from 8 to 18 o'clock, next to nothing else."""
    return 2.0 if 8 <= hour % 24 < 18 else 0.05


def demand(load: Load, days: int = 5) -> Demand:
    points = sums(load, days)
    return demand_of(points, points, NOW)


def test_an_hour_counts_what_was_used_in_it() -> None:
    found = demand(office)
    assert len(found.hours) == 120
    assert found.hours[HOUR_ZERO - 24 + (10 - HOUR_ZERO % 24) % 24] == pytest.approx(2.0)
    assert found.peak == pytest.approx(2.0)
    assert found.mean == pytest.approx((10 * 2.0 + 14 * 0.05) / 24)
    assert found.watched == pytest.approx(5 * DAY)


def test_a_sum_that_begins_anew_and_a_gap_are_not_use() -> None:
    points = [
        Point("cpu_seconds", NOW - 5 * HOUR, 900.0),
        Point("cpu_seconds", NOW - 4 * HOUR, 0.0),
        Point("cpu_seconds", NOW - 1 * HOUR, 9000.0),  # three hours that nobody watched
        Point("cpu_seconds", NOW, 9360.0),
    ]
    found = demand_of(points, points, NOW)
    assert found.watched == 2 * HOUR
    assert list(found.hours.values()) == pytest.approx([0.0, 0.1])


@given(
    st.lists(st.floats(0.0, 4.0), min_size=1, max_size=30),
    st.lists(st.floats(0.0, 4.0), min_size=1, max_size=30),
)
@settings(max_examples=25, deadline=None)
def test_two_together_ask_for_what_both_ask_for(one: list[float], other: list[float]) -> None:
    def points(loads: list[float]) -> list[Point]:
        total, found = 0.0, [Point("cpu_seconds", NOW - len(loads) * HOUR, 0.0)]
        for at, load in enumerate(loads, 1):
            total += load * HOUR
            found.append(Point("cpu_seconds", NOW - (len(loads) - at) * HOUR, total))
        return found

    first, second = (demand_of(points(each), [], NOW) for each in (one, other))
    both = together([first, second])
    assert sum(both.hours.values()) == pytest.approx(
        sum(first.hours.values()) + sum(second.hours.values())
    )
    assert both.mean == pytest.approx(first.mean + second.mean)


def test_the_next_day_is_like_the_days_before() -> None:
    found = outlook_of(demand(office).hours, HOUR_ZERO)
    said = {(HOUR_ZERO + at) % 24: load for at, load in enumerate(found.hours)}
    assert said[10] == pytest.approx(2.0)
    assert said[3] == pytest.approx(0.05)
    assert found.error == pytest.approx(0.0, abs=1e-6)
    assert found.held == 1.0
    assert found.days == pytest.approx(5.0)


def test_growth_goes_on_and_is_bounded() -> None:
    def growing(hour: int) -> float:
        return office(hour) * (1.3 if hour >= HOUR_ZERO - 24 else 1.0)

    found = outlook_of(demand(growing).hours, HOUR_ZERO)
    assert found.growth == pytest.approx(1.3, rel=0.01)
    wild = outlook_of(
        demand(lambda hour: office(hour) * (9 if hour >= HOUR_ZERO - 24 else 1)).hours, HOUR_ZERO
    )
    assert wild.growth == 2.0


def test_two_weeks_know_the_day_of_the_week() -> None:
    def weekdays(hour: int) -> float:
        return 1.0 if (hour // 24) % 7 < 5 else 0.1

    hours = demand(weekdays, days=21).hours
    found = outlook_of(hours, HOUR_ZERO)
    assert found.hours == pytest.approx([weekdays(HOUR_ZERO + at) for at in range(24)])


def test_nothing_known_foretells_nothing() -> None:
    found = outlook_of({}, HOUR_ZERO)
    assert found.hours == (0.0,) * 24
    assert found.error is None


def advice(load: Load, *, workers: int = 1, cores: float = 16, days: int = 5) -> Advice:
    found = demand(load, days)
    watched = {GENERAL: Watched(demand=found, outlook=outlook_of(found.hours, HOUR_ZERO))}
    return advise(watched, Scale(workers=workers), cores=cores, memory=200_000_000, costs=COSTS)


@given(st.floats(0.0, 6.0), st.integers(1, 12), st.floats(1.0, 16.0))
@settings(max_examples=25, deadline=None)
def test_enough_and_no_more(load: float, workers: int, cores: float) -> None:
    part = advice(lambda hour: load, workers=workers, cores=cores, days=2).parts[0]
    assert 1 <= part.advised <= max(1, math.floor(cores))
    if part.advised < math.floor(cores):
        assert part.then <= ROOM + 1e-6
    if part.advised > 1:
        assert part.expected / (part.advised - 1) > ROOM - 1e-6  # one fewer would not do
    assert part.now == workers


def test_the_numbers_and_the_money_are_told() -> None:
    found = advice(office, workers=6)
    (part,) = found.parts
    assert part.advised == 4  # 2 processors at 60%
    assert found.workers == 4
    assert found.pools == {}
    assert part.busy == pytest.approx(2.0 / 6)
    assert "2.00 are the most to be expected" in part.reason
    price = 0.2 * MONTH / HOUR * 0.01
    assert found.before == pytest.approx(6 * price)
    assert found.after == pytest.approx(4 * price)
    assert sorted(set(part.by_hour)) == [1, 4]
    assert found.by_hour == pytest.approx(price * (10 * 4 + 14) / 24)


def test_a_machine_that_is_too_small_is_told() -> None:
    found = advice(office, cores=2)
    assert found.parts[0].advised == 2
    assert "a larger machine" in found.notes[0]


def test_an_hour_is_too_little_to_tell() -> None:
    points = [Point("cpu_seconds", NOW - 600, 0.0), Point("cpu_seconds", NOW, 60.0)]
    found = demand_of(points, points, NOW)
    watched = {GENERAL: Watched(demand=found, outlook=outlook_of(found.hours, HOUR_ZERO))}
    said = advise(watched, Scale(workers=3), cores=4, memory=0, costs=COSTS)
    assert not said.changes
    assert said.parts[0].reason == "watched for 10m so far: too little to tell"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlMetadataStore]:
    opened = open_metadata(f"sqlite:///{tmp_path}/record.db", clock=ManualClock(NOW))
    yield opened
    opened.close()


def write(store: SqlMetadataStore, name: str, load: Load, days: int = 3) -> None:
    used = sums(load, days)
    asked = [replace_name(point, "requests") for point in used]
    store.measurements.append(f"usage:endpoint:{name}", [*used, *asked])


def replace_name(point: Point, name: str) -> Point:
    return Point(name, point.time, point.value)


def test_pools_are_advised_parked_and_applied(store: SqlMetadataStore) -> None:
    write(store, "churn", office)
    write(store, "slow", lambda hour: 0.9)
    write(store, "gone", lambda hour: 0.4 if hour < HOUR_ZERO - 5 else 0.0)
    endpoints = [Endpoint(name=name, model=name) for name in ("churn", "slow", "gone")]
    names = [one.name for one in endpoints]
    scaling = Scaling(store)
    scaling.begin(1, {"slow": 1, "gone": 2}, keep=False, why="", endpoints=names)
    spec = ProjectSpec(name="churn", root=Path(), data=DataSpec(source="x.csv"), costs=COSTS)
    found = advice_on(
        spec, store.measurements, endpoints, scaling.read(), now=NOW, cores=16, memory=10**8
    )
    parts = {one.name: one for one in found.parts}
    assert (parts[""].now, parts[""].advised) == (1, 4)
    assert (parts["slow"].now, parts["slow"].advised) == (1, 2)
    assert (parts["gone"].now, parts["gone"].advised) == (2, 0)
    assert parts["gone"].reason.startswith("nobody has asked for it in 5h")
    after = apply(scaling, endpoints, found)
    assert after.workers == 4
    assert after.pools == {"slow": 2}
    event = store.events(kind="scale")[-1]
    assert "as advised: all endpoints: its busiest minutes took 2.00 processors" in event.why
    again = advice_on(
        spec, store.measurements, endpoints, scaling.read(), now=NOW, cores=16, memory=10**8
    )
    assert not replace(again, notes=()).changes
