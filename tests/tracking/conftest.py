"""A record, blobs and a hand-moved clock for tracking."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.ports import BlobStore
from keepwell.infrastructure.blobs import open_blobs
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.store import SqlMetadataStore
from keepwell.tracking.registry import Registry
from keepwell.tracking.runs import Runs


@pytest.fixture
def clock() -> ManualClock:
    """Stand at a round time."""
    return ManualClock(1_800_000_000.0)


@pytest.fixture
def metadata(tmp_path: Path, clock: ManualClock) -> Iterator[SqlMetadataStore]:
    """Open a fresh record in SQLite."""
    store = open_metadata(f"sqlite:///{tmp_path}/record.db", clock=clock)
    yield store
    store.close()


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    """Open a fresh blob store."""
    return open_blobs(str(tmp_path / "blobs"))


@pytest.fixture
def runs(metadata: SqlMetadataStore, blobs: BlobStore, clock: ManualClock, tmp_path: Path) -> Runs:
    """Return runs that spool next to their record."""
    return Runs(metadata, metadata.measurements, blobs, clock, tmp_path / "spool")


@pytest.fixture
def registry(metadata: SqlMetadataStore, blobs: BlobStore, clock: ManualClock) -> Registry:
    """Return an empty registry."""
    return Registry(metadata, blobs, clock)
