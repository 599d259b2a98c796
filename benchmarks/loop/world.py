"""A workspace with a past: trained on the first tenth of a stream, asked the rest, outcomes hours later."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd  # noqa: TID253 - a benchmark is a program of its own
import pyarrow as pa

from benchmarks.loop.streams import Stream
from keepwell.core.clock import ManualClock
from keepwell.core.identifiers import new_id
from keepwell.core.records import Outcome, Prediction
from keepwell.infrastructure.project_file import load_project
from keepwell.monitoring.prediction_log.schema import (
    OUTCOMES,
    PREDICTIONS,
    outcome_table,
    prediction_table,
)
from keepwell.operations.build.judge import open_scorer
from keepwell.workspace import Workspace

DAY = 86_400.0
DAYS = 40.0
"""Days that every stream is laid over: so a window, a cooldown and a day mean the same everywhere."""

START = 1_750_000_000.0 // DAY * DAY
FIRST = 0.1
LATE = 6 * 3600.0
"""Seconds after which an outcome is known."""

SETTINGS = """project: {name}
data: {{source: history.csv, target: {target}, time: at, ignore: [at]}}
train: {{budget: {first:g}s}}
serve: {{rollout: {{strategy: {strategy}, steps: [20, 100], hold: 1h, watch: 7d}}}}
monitor: {{window: 500, every: 10s}}
loop: {{retrain: {{cooldown: 6h, min_labels: 200}}}}
"""


@contextmanager
def past_of(stream: Stream, *, limit: int | None, budget: float) -> Iterator[Workspace]:
    """Give a workspace that served the first version to the end of the stream."""
    rows = stream.rows if limit is None else stream.rows.iloc[:limit]
    cut = int(len(rows) * FIRST)
    asked = np.linspace(0, DAYS * DAY, len(rows) - cut) + START
    pace = (asked[-1] - asked[0]) / max(1, len(asked) - 1)
    before = START - pace * np.arange(cut, 0, -1)
    with TemporaryDirectory(prefix="loop-") as place:
        root = Path(place)
        history = rows.iloc[:cut].assign(at=_moments(before))
        history.to_csv(root / "history.csv", index=False)
        file = root / "keepwell.yaml"
        file.write_text(settings(stream, budget))
        clock = ManualClock(START - 60.0)
        with Workspace(load_project(file), clock=clock) as workspace:
            workspace.builder.run()
            clock.advance(60.0)
            _serve(workspace, rows.iloc[cut:].assign(at=_moments(asked)), stream.target, asked)
            clock.advance((DAYS + 1) * DAY)
            yield workspace


def settings(stream: Stream, budget: float, strategy: str = "canary") -> str:
    """Return the project file."""
    return SETTINGS.format(
        name=stream.name, target=stream.target, first=3 * budget, strategy=strategy
    )


def _moments(seconds: "np.ndarray[Any, Any]") -> "pd.Series[Any]":
    times = pd.to_datetime(seconds, unit="s").round("s")
    return times.strftime("%Y-%m-%d %H:%M:%S")


def _serve(
    workspace: Workspace, rows: pd.DataFrame, target: str, asked: "np.ndarray[Any, Any]"
) -> None:
    """Write the log: the first version's answers, and what turned out to be true."""
    name = workspace.spec.endpoint
    version = workspace.registry.get(name, 1)
    inputs = [field.name for field in version.signature.inputs]
    table = pa.Table.from_pandas(rows[inputs], preserve_index=False)
    documents = [json.dumps(row) for row in table.to_pylist()]
    scores = open_scorer(workspace.bench, version).batch(table, lenient=True)
    chances = scores.probabilities
    truths = rows[target].tolist()
    made, known = [], []
    for at, (time, document) in enumerate(zip(asked.tolist(), documents, strict=True)):
        said = scores.predictions[at]
        one = Prediction(
            id=new_id(time),
            time=time,
            endpoint=name,
            model=name,
            version=1,
            role="champion",
            request=new_id(time),
            key="",
            inputs=document,
            prediction=json.dumps(said.item() if hasattr(said, "item") else said),
            probabilities=() if chances is None else tuple(chances[at].tolist()),
            latency_ms=1.0,
        )
        made.append(one)
        known.append(
            Outcome(
                prediction_id=one.id,
                endpoint=name,
                outcome=json.dumps(truths[at]),
                time=time + LATE,
            )
        )
    answers = prediction_table(made)
    workspace.tables.write(PREDICTIONS, answers)
    workspace.tables.write(OUTCOMES, outcome_table(known, answers))
