"""Leases in both databases: one holder, and no write of who lost it."""

import pytest

from keepwell.core.clock import Clock, ManualClock
from keepwell.core.errors import LostLeaseError
from keepwell.core.events import Fence, fenced_by
from keepwell.core.ports import Point
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.store import SqlMetadataStore
from keepwell.testing import Law, laws, lease_suite, named


@pytest.mark.parametrize("law", laws(lease_suite), ids=named)
def test_lease_store_keeps_the_law(law: Law, record_url: str) -> None:
    def make(clock: Clock) -> SqlMetadataStore:
        return open_metadata(record_url, clock=clock)

    law(make)


def test_measurements_are_fenced_too(record_url: str) -> None:
    store = open_metadata(record_url, clock=ManualClock())
    lease = store.leases.take("control", "a", seen=None)
    assert lease is not None
    store.leases.take("control", "b", seen=lease, told="web-2")
    with (
        fenced_by(Fence("control", lease.token)),
        pytest.raises(LostLeaseError, match="in other hands") as refusal,
    ):
        store.measurements.append("endpoint:churn", [Point("requests", 1.0, 2.0)])
    assert refusal.value.why == "web-2 has taken it"
    assert store.measurements.series("endpoint:churn") == {}
    store.close()


def test_a_record_of_the_first_format_gets_leases(record_url: str) -> None:
    import sqlalchemy as sa

    open_metadata(record_url).close()
    engine = sa.create_engine(record_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE leases")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    engine.dispose()
    store = open_metadata(record_url)
    assert store.leases.take("control", "a", seen=None) is not None
    store.close()
