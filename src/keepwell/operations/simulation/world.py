"""A workspace as it was, in a folder of its own, whose clock is moved by hand."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from keepwell.core.clock import ManualClock
from keepwell.core.ports import TableStore
from keepwell.core.records import Endpoint
from keepwell.core.spec import ProjectSpec
from keepwell.data.datasets import Datasets
from keepwell.deployment.endpoints import Endpoints
from keepwell.deployment.rollouts import Rollouts
from keepwell.infrastructure.blobs import open_blobs
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.metadata.store import SqlMetadataStore
from keepwell.infrastructure.tables import open_tables
from keepwell.monitoring.prediction_log import PredictionLog
from keepwell.operations.build.bench import Bench
from keepwell.operations.build.live_rows import live_dataset
from keepwell.operations.simulation.people import ByPeople, highest
from keepwell.operations.simulation.record import PastRecord
from keepwell.operations.simulation.rows import PastLog
from keepwell.operations.simulation.stores import PastBlobs, PastTables
from keepwell.tracking.registry import Registry
from keepwell.tracking.runs import Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class PastWorld:
    """The parts of a workspace at a time that `advance` moves on.

    Attributes:
        bench: What looks and trainings work with.
        clock: Tells the simulated time.
        store: The record apart.
        tables: The tables, the log's among them.
        rows: The log, as it is known.
        predictions: Reads it.
        record: Copies what happened.
        real: Versions up to this number are the workspace's own; those of the simulation are above it.
    """

    bench: Bench
    clock: ManualClock
    store: SqlMetadataStore
    tables: PastTables
    rows: PastLog
    predictions: PredictionLog
    record: PastRecord
    real: int


@contextlib.contextmanager
def past_world(
    base: Bench,
    base_tables: TableStore,
    spec: ProjectSpec,
    rows: PastLog,
    endpoint: Endpoint,
    *,
    since: float,
    takeover: bool,
) -> Iterator[PastWorld]:
    """Give a workspace as it was at a time; it is gone afterwards.

    Args:
        base: The workspace's parts; read, never written.
        base_tables: Its tables.
        spec: The project file that holds there.
        rows: Its prediction log.
        endpoint: Whose past.
        since: When it begins.
        takeover: Whether champions are the policy's from then on, rather than those that really served.
    """
    with (
        tempfile.TemporaryDirectory(prefix="keepwell-past-") as place,
        contextlib.ExitStack() as end,
    ):
        home = Path(place) / ".keepwell"
        home.mkdir()
        clock = ManualClock(0.0)
        store = open_metadata(f"sqlite:///{home / 'record.db'}", clock=clock)
        end.callback(store.close)
        blobs = PastBlobs(base.blobs, open_blobs(str(home / "blobs")))
        tables = PastTables(base_tables, open_tables(str(home / "tables")), rows)
        endpoints = Endpoints(store, clock)
        real = highest(base.metadata, endpoint.model)
        registry = Registry(store, blobs, clock, above=real)
        bench = Bench(
            spec=spec,
            home=home,
            clock=clock,
            metadata=store,
            blobs=blobs,
            datasets=Datasets(store, blobs, tables, clock, home / "staging"),
            runs=Runs(store, store.measurements, blobs, clock),
            registry=registry,
            endpoints=endpoints,
            rollouts=Rollouts(store, endpoints, clock),
        )
        record = PastRecord(
            base.metadata,
            store,
            clock,
            endpoint=endpoint.name,
            model=endpoint.model,
            live=live_dataset(bench),
            people=ByPeople(
                base.metadata,
                store,
                registry,
                endpoints,
                endpoint=endpoint.name,
                since=since,
            )
            if takeover
            else None,
        )
        record.begin(since)
        yield PastWorld(
            bench=bench,
            clock=clock,
            store=store,
            tables=tables,
            rows=rows,
            predictions=PredictionLog(tables, clock),
            record=record,
            real=real,
        )
