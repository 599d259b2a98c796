"""An earlier challenger, held against the champion on rows that are new to both."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from build_world import live_rows

from keepwell.core.errors import TrainingError
from keepwell.core.progress import SilentProgress
from keepwell.operations.build.challenger import train_challenger
from keepwell.operations.loop.retrainings import Retraining, RetrainingResult, Window
from keepwell.workspace import Workspace

TRAIN = Retraining(
    id="I-1", endpoint="shop", baseline=1, decided=0.0, reason="it moved", budget=4.0
)


def train(workspace: Workspace, rows: pa.Table, request: Retraining) -> RetrainingResult:
    return train_challenger(workspace.bench, rows, request, progress=SilentProgress())


def with_column(rows: pa.Table, name: str, values: Any) -> pa.Table:
    return rows.set_column(rows.column_names.index(name), name, pa.array(values))


def test_it_is_compared_on_what_came_since_and_nothing_is_trained(workspace: Workspace) -> None:
    workspace.builder.run()
    rows = live_rows(500, seed=1, turned=True)
    now = workspace.bench.clock.now()
    times = now + np.concatenate([np.arange(-300.0, 0.0), 3600.0 + np.arange(200.0)])
    inputs = [
        one.replace("70.0", f"70.{at:03}") for at, one in enumerate(rows["inputs"].to_pylist())
    ]
    rows = with_column(with_column(rows, "time", times), "inputs", inputs)
    recent = Window(name="recent", since=float(times[0]), older=0.0)
    challenger = train(workspace, rows.slice(0, 300), replace(TRAIN, windows=(recent,)))
    runs = len(workspace.runs.find("shop"))
    asked = replace(
        TRAIN,
        id="proof-2-1",
        mode="prove",
        candidate=challenger.candidate,
        windows=(Window(name="proof", since=float(times[300]), older=0.0),),
    )
    proven = train(workspace, rows, asked)
    assert proven.candidate == challenger.candidate
    assert proven.verdict == challenger.verdict
    assert proven.comparison is not None
    assert proven.comparison.rows == 200
    assert proven.comparison.better, "the world turned, and only the challenger knows"
    assert len(workspace.registry.versions("shop")) == 2
    assert len(workspace.runs.find("shop")) == runs

    again = with_column(rows.slice(0, 100), "time", times[-1] + 1 + np.arange(100.0))
    known = train(workspace, pa.concat_tables([rows, again]), asked)
    assert known.comparison is not None
    assert known.comparison.rows == 200, "the challenger knows inputs that came before by heart"

    with pytest.raises(TrainingError, match="shop/2 cannot be compared with shop/1 again"):
        train(workspace, rows.slice(0, 300), asked)
