"""One look of a monitor through the prediction log."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.monitoring.world import columns, piece
from keepwell.core.clock import ManualClock
from keepwell.core.identifiers import new_id
from keepwell.core.records import Bundle, Field, ModelVersion, Prediction, Signature, Task
from keepwell.core.spec import MonitorSpec
from keepwell.data.profiles import profile_table
from keepwell.infrastructure.tables import open_tables
from keepwell.monitoring.monitor import look
from keepwell.monitoring.prediction_log import PredictionLog
from keepwell.monitoring.prediction_log.schema import PREDICTIONS, prediction_table
from keepwell.monitoring.sketches.feeder import Feeder
from keepwell.monitoring.sketches.store import SketchStore

COLUMNS = 50


def measure(folder: Path, rows: int = 50_000) -> None:
    """Print the seconds of one look, by rows and by accumulators."""
    now = 1.8e9
    tables = open_tables(str(folder / "tables"))
    listed = columns(COLUMNS)
    names = [column.name for column in listed]
    values = piece(COLUMNS, rows, 1)
    present = zip(*(values[name].to_pylist() for name in names), strict=True)
    made = []
    for at, row in enumerate(present):
        stamp = now - 3000 + at * 3000 / rows
        inputs = {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in zip(names, row, strict=True)
        }
        made.append(
            Prediction(
                id=new_id(stamp), time=stamp, endpoint="wide", model="wide", version=1,
                role="champion", request=new_id(stamp), key="", inputs=json.dumps(inputs),
                prediction="1.5",
            )
        )  # fmt: skip
    for start in range(0, rows, 5_000):
        tables.write(PREDICTIONS, prediction_table(made[start : start + 5_000]))
    fields = tuple(Field(name=column.name, type=column.type) for column in listed)
    made_by = ModelVersion(
        model="wide", version=1, run="", bundle=Bundle(files=()), metric="rmse",
        signature=Signature(task=Task.REGRESSION, target="y", inputs=fields),
    )  # fmt: skip
    reference = profile_table(piece(COLUMNS, 20_000, 0), listed)
    clock = ManualClock(now)
    log, sketches = PredictionLog(tables, clock), SketchStore(tables, clock)
    feeder = Feeder(sketches, lambda model, version: (made_by, reference))
    for place, start in enumerate(range(0, rows, 10_000)):
        feeder.feed("benchmark", place, prediction_table(made[start : start + 10_000]))
    for name, store in (("rows", None), ("accumulators", sketches)):
        seconds = _best(
            lambda store=store: look(  # type: ignore[misc]
                log,
                endpoint="wide",
                version=made_by,
                profile=reference,
                spec=MonitorSpec(),
                now=now,
                sketches=store,
            )
        )
        print(f"one look at {rows:,} predictions of {COLUMNS} columns, by {name}: {seconds:.2f} s")


def _best(work: Callable[[], object], times: int = 5) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)
