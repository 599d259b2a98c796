"""Workers of an endpoint's own end while nobody asks, and are back when somebody does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.spec import IdleSpec
from keepwell.deployment.scaling import Scaling
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.store import SqlMetadataStore
from keepwell.operations.spending.parking import Parking, parked

START = 1_800_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlMetadataStore]:
    opened = open_metadata(f"sqlite:///{tmp_path}/record.db", clock=ManualClock(START))
    yield opened
    opened.close()


@pytest.fixture
def scaling(store: SqlMetadataStore) -> Scaling:
    made = Scaling(store)
    made.begin(1, {"churn": 2}, keep=False, why="keepwell.yaml", endpoints=["churn"])
    return made


def parking(store: SqlMetadataStore, scaling: Scaling, *, stop: bool = True) -> Parking:
    spec = IdleSpec(after=600.0, stop=stop)
    return Parking(scaling, store.measurements, ManualClock(START + 1000), spec)


def test_idle_workers_end_and_the_same_number_is_back_on_demand(
    store: SqlMetadataStore, scaling: Scaling
) -> None:
    parking(store, scaling).look({"churn": START + 900}, {})
    assert scaling.read().pools == {"churn": 2}  # asked a moment ago
    parking(store, scaling).look({"churn": START}, {})
    assert scaling.read().pools == {}
    assert parked(store.measurements) == {"churn": 2}
    assert scaling.read().workers == 1  # who answer meanwhile
    parking(store, scaling).look({"churn": START}, {})  # another control process knows it too
    assert parked(store.measurements) == {"churn": 2}
    parking(store, scaling).look({"churn": START + 1000}, {"churn": 1.0})
    assert scaling.read().pools == {"churn": 2}
    assert parked(store.measurements) == {}
    reasons = [event.why for event in store.events(kind="scale")]
    assert "nobody has asked for it in 16m 40s" in reasons[-2]
    assert "somebody asks for it again" in reasons[-1]


def test_who_scales_it_meanwhile_decides(store: SqlMetadataStore, scaling: Scaling) -> None:
    parking(store, scaling).look({"churn": START}, {})
    scaling.change(pools={"churn": 5}, endpoints=["churn"])
    parking(store, scaling).look({"churn": START + 1000}, {"churn": 3.0})
    assert scaling.read().pools == {"churn": 5}
    assert parked(store.measurements) == {}


def test_nothing_ends_unless_it_is_wanted(store: SqlMetadataStore, scaling: Scaling) -> None:
    parking(store, scaling, stop=False).look({"churn": START}, {})
    assert scaling.read().pools == {"churn": 2}
