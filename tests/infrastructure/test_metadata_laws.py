import contextlib

import pytest

from keepwell.core.clock import Clock, ManualClock
from keepwell.core.ports import MeasurementStore
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.store import SqlMetadataStore
from keepwell.testing import Law, laws, measurement_suite, metadata_suite, named


@pytest.mark.parametrize("law", laws(metadata_suite), ids=named)
def test_metadata_store_keeps_the_law(law: Law, record_url: str) -> None:
    def make(clock: Clock) -> SqlMetadataStore:
        return open_metadata(record_url, clock=clock)

    law(make)


@pytest.mark.parametrize("law", laws(measurement_suite), ids=named)
def test_measurement_store_keeps_the_law(law: Law, record_url: str) -> None:
    with contextlib.ExitStack() as stack:

        def make() -> MeasurementStore:
            store = open_metadata(record_url, clock=ManualClock())
            stack.callback(store.close)
            return store.measurements

        law(make)
