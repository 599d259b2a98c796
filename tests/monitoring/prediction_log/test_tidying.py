from collections.abc import Callable
from pathlib import Path

import pytest

from keepwell.core.ports import TableStore
from keepwell.core.records import Prediction
from keepwell.infrastructure.segments import SegmentWriter, encode_prediction
from keepwell.monitoring.prediction_log import Collector, PredictionLog, tidying

Make = Callable[..., Prediction]


def test_many_small_files_become_few_and_no_row_goes(
    collector: Collector,
    log: PredictionLog,
    tables: TableStore,
    segments: Path,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tidying, "EVERY", 10)
    writer = SegmentWriter(segments, "worker-0")
    sent = []
    for _ in range(25):
        one = make()
        sent.append(one.id)
        writer.append(encode_prediction(one))
        collector.collect()
    assert len(list(tables.dataset("predictions").get_fragments())) <= 10
    assert sorted(log.window("churn")["id"].to_pylist()) == sorted(sent)
    assert Collector(tables, segments).collect() == 0, "what was applied is remembered"
