"""Workers follow the hours: a day is played through with a clock that is moved by hand."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.ports import Point
from keepwell.core.records import Endpoint
from keepwell.core.spec import DataSpec, ProjectSpec
from keepwell.deployment.scaling import Scaling
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.store import SqlMetadataStore
from keepwell.operations.sizing import Hours
from keepwell.operations.sizing.demand import DAY, HOUR

MIDNIGHT = 20_000 * DAY
SHOP = [Endpoint(name="shop", model="shop")]


def office(hour: int) -> float:
    """Two processors from 8 to 18 o'clock, next to nothing else."""
    return 2.0 if 8 <= hour % 24 < 18 else 0.05


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(MIDNIGHT)


@pytest.fixture
def store(tmp_path: Path, clock: ManualClock) -> Iterator[SqlMetadataStore]:
    opened = open_metadata(f"sqlite:///{tmp_path}/record.db", clock=clock)
    yield opened
    opened.close()


class Use:
    """Adds up processor seconds as `load` says, once a minute."""

    def __init__(self, store: SqlMetadataStore, load: Callable[[int], float], since: float) -> None:
        self._store, self._load, self._time, self._sum = store, load, since, 0.0
        self._store.measurements.append("usage:endpoint:shop", [Point("cpu_seconds", since, 0.0)])

    def until(self, time: float) -> None:
        points = []
        while self._time < time:
            self._sum += self._load(int(self._time // HOUR)) * 60
            self._time += 60
            points.append(Point("cpu_seconds", self._time, self._sum))
        self._store.measurements.append("usage:endpoint:shop", points)


def hours_of(store: SqlMetadataStore, clock: ManualClock) -> tuple[Hours, Scaling]:
    scaling = Scaling(store)
    scaling.begin(4, {}, keep=False, why="", endpoints=["shop"])
    spec = ProjectSpec(name="shop", root=Path(), data=DataSpec(source="x.csv"))
    found = Hours(spec, scaling, store.measurements, lambda: SHOP, clock, lambda: 8.0)
    return found, scaling


def test_fewer_at_night_and_more_before_the_day_begins(
    store: SqlMetadataStore, clock: ManualClock
) -> None:
    use = Use(store, office, MIDNIGHT - 3 * DAY)
    use.until(MIDNIGHT)
    hours, scaling = hours_of(store, clock)
    seen = {}
    for minute in (0, 240, 470, 475, 500, 720, 1050, 1075, 1080, 1090, 1380):
        clock.advance(MIDNIGHT + minute * 60 - clock.now())
        use.until(clock.now())
        hours.look()
        seen[minute] = scaling.read().workers
    assert seen[0] == seen[240] == seen[470] == 1
    assert seen[475] == 4  # five minutes before it is needed
    assert seen[720] == seen[1050] == seen[1075] == seen[1080] == 4
    assert seen[1090] == seen[1380] == 1  # once the load has fallen
    reasons = [event.why for event in store.events(kind="scale")]
    assert any("workers 1 → 4; as the hours need it: 08:00 UTC" in why for why in reasons)
    assert len(reasons) < 6  # it does not waver


def test_a_person_decides_until_the_hour_is_over(
    store: SqlMetadataStore, clock: ManualClock
) -> None:
    use = Use(store, office, MIDNIGHT - 3 * DAY)
    use.until(MIDNIGHT)
    hours, scaling = hours_of(store, clock)
    hours.look()
    assert scaling.read().workers == 1
    scaling.change(workers=3, why="a sale")
    clock.advance(1200)
    use.until(clock.now())
    assert hours.look() is None
    assert scaling.read().workers == 3
    clock.advance(HOUR - 1200)
    use.until(clock.now())
    hours.look()
    assert scaling.read().workers == 1


def test_more_is_asked_for_at_once_where_more_is_used(
    store: SqlMetadataStore, clock: ManualClock
) -> None:
    burst = MIDNIGHT + 600

    def load(hour: int) -> float:
        return 3.0 if hour >= burst // HOUR else office(hour)

    use = Use(store, load, MIDNIGHT - 3 * DAY)
    use.until(MIDNIGHT)
    hours, scaling = hours_of(store, clock)
    hours.look()
    assert scaling.read().workers == 1
    clock.advance(900)
    use.until(clock.now())
    hours.look()
    assert scaling.read().workers == 5  # three processors at 60%
    assert "more is asked than usual" in store.events(kind="scale")[-1].why


def test_nothing_is_done_before_two_days_are_known(
    store: SqlMetadataStore, clock: ManualClock
) -> None:
    Use(store, office, MIDNIGHT - 1.5 * DAY).until(MIDNIGHT)
    hours, scaling = hours_of(store, clock)
    assert hours.look() is None
    assert scaling.read().workers == 4
