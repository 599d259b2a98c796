"""Tables, segments and predictions to fill them with."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keepwell.core.clock import ManualClock
from keepwell.core.identifiers import new_id
from keepwell.core.ports import TableStore
from keepwell.core.records import Prediction
from keepwell.infrastructure.segments import SegmentWriter, encode_prediction
from keepwell.infrastructure.tables import open_tables
from keepwell.monitoring.prediction_log import Collector, PredictionLog

NOW = 1_800_000_000.0

MakePrediction = Callable[..., Prediction]


@pytest.fixture
def clock() -> ManualClock:
    """Stand at a round time."""
    return ManualClock(NOW)


@pytest.fixture
def tables(tmp_path: Path) -> TableStore:
    """Open an empty folder of tables."""
    return open_tables(str(tmp_path / "tables"))


@pytest.fixture
def segments(tmp_path: Path) -> Path:
    """Return the folder that workers write to."""
    return tmp_path / "segments"


@pytest.fixture
def log(tables: TableStore, clock: ManualClock) -> PredictionLog:
    """Return the log over the tables."""
    return PredictionLog(tables, clock)


@pytest.fixture
def collector(tables: TableStore, segments: Path) -> Collector:
    """Return the collector between the segments and the tables."""
    return Collector(tables, segments)


@pytest.fixture
def make() -> MakePrediction:
    """Make one prediction; every field may be given."""

    def make(time: float = NOW, **fields: Any) -> Prediction:
        inputs = fields.pop("inputs", {"tenure": 12, "plan": "basic"})
        identifier = new_id(time)
        values: dict[str, Any] = {
            "id": identifier,
            "time": time,
            "endpoint": "churn",
            "model": "churn",
            "version": 1,
            "role": "champion",
            "request": identifier,
            "key": "",
            "inputs": json.dumps(inputs),
            "prediction": '"No"',
            "probabilities": (0.9, 0.1),
            "latency_ms": 2.0,
        }
        return Prediction(**{**values, **fields})

    return make


@pytest.fixture
def write(segments: Path) -> Callable[..., None]:
    """Write predictions as a worker does."""

    def write(*predictions: Prediction, slot: str = "worker-0") -> None:
        writer = SegmentWriter(segments, slot)
        writer.append_all([encode_prediction(one) for one in predictions])
        writer.close()

    return write
