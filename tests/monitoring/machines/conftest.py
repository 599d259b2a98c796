"""A store for series, and machines as folders."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.measurements import SqlMeasurementStore

Machine = Callable[[Mapping[str, object]], Path]


@pytest.fixture
def measurements(tmp_path: Path, clock: ManualClock) -> Iterator[SqlMeasurementStore]:
    """Return an empty store."""
    store = open_metadata(f"sqlite:///{tmp_path}/record.db", clock=clock)
    yield store.measurements
    store.close()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Write files as a kernel shows them, and return their folder."""

    def write(files: Mapping[str, object]) -> Path:
        for name, content in files.items():
            path = tmp_path / "machine" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(content))
        return tmp_path / "machine"

    return write
