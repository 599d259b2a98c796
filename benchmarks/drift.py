"""Drift of 50 columns, 100k rows now against 100k rows in training, five of them drifting.

The floor is one pass that reads the present rows from Parquet and counts them in given bins. Other tools'
figures were measured once on the same kind of machine with data of this shape; they are not run again.

    python -m benchmarks.drift
"""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from keepwell.core.clock import ManualClock
from keepwell.core.identifiers import new_id
from keepwell.core.records import (
    Bundle,
    Column,
    ColumnType,
    Field,
    ModelVersion,
    Prediction,
    Profile,
    Signature,
    Task,
)
from keepwell.core.spec import MonitorSpec
from keepwell.data.profiles import profile_table
from keepwell.infrastructure.tables import open_tables
from keepwell.monitoring.counting import count_column
from keepwell.monitoring.drift import compare_columns
from keepwell.monitoring.monitor import look
from keepwell.monitoring.prediction_log import PredictionLog
from keepwell.monitoring.prediction_log.schema import PREDICTIONS, prediction_table
from keepwell.monitoring.report import ColumnReport

ROWS, NUMBERS, LABELS = 100_000, 30, 20
DRIFTING = ("n0", "n1", "n2", "c0", "c1")
NAMES = [*(f"n{at}" for at in range(NUMBERS)), *(f"c{at}" for at in range(LABELS))]
COLUMNS = [
    Column(name=name, type=ColumnType.NUMBER if name[0] == "n" else ColumnType.CATEGORY)
    for name in NAMES
]
PEERS = (
    ("Evidently, default tests", 33.0, 5, 0),
    ("Evidently, KS and chi2", 18.0, 5, 12),
    ("Evidently, PSI", 19.0, 4, 0),
    ("NannyML, Jensen-Shannon (after a 3.3 s fit)", 1.1, 5, 2),
    ("alibi-detect, already encoded", 4.8, 5, 2),
)


def world(rows: int, seed: int, shift: float = 0.0) -> pa.Table:
    """Draw rows; `shift` moves the drifting columns by that many standard deviations."""
    random = np.random.default_rng(seed)
    columns: dict[str, object] = {}
    for at in range(NUMBERS):
        draw: Callable[..., object] = (random.normal, random.exponential, random.gumbel)[at % 3]
        values = np.asarray(draw(size=rows))
        moved = shift * values.std() if f"n{at}" in DRIFTING else 0.0
        columns[f"n{at}"] = values + moved
    for at in range(LABELS):
        shares = np.asarray([0.4, 0.3, 0.2, 0.1])
        if f"c{at}" in DRIFTING:
            shares = shares + np.asarray([-0.5, 0.0, 0.0, 0.5]) * 0.7 * shift
        columns[f"c{at}"] = np.asarray(["north", "south", "east", "west"])[
            random.choice(4, rows, p=shares)
        ]
    return pa.table(columns)


def compare(reference: Profile, present: pa.Table) -> list[ColumnReport]:
    """Return what drifted."""
    return compare_columns(
        [count_column(column, present[column.name]) for column in reference.columns]
    )


def best(work: Callable[[], object], times: int = 5) -> float:
    """Return the least seconds of a few runs: the machine is shared."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def floor(path: Path, reference: Profile) -> None:
    """Read the rows and count them, and nothing else."""
    table = pq.read_table(path)
    for column in reference.columns:
        if column.type is ColumnType.NUMBER:
            places = np.searchsorted(column.bins.edges, table[column.name].to_numpy())
            np.bincount(places, minlength=len(column.bins.edges))
        else:
            table[column.name].value_counts()


def speed(folder: Path) -> None:
    """Print seconds, found and false alarms."""
    reference = profile_table(world(ROWS, 0), COLUMNS)
    path = folder / "now.parquet"
    pq.write_table(world(ROWS, 1, shift=0.3), path)
    reports = compare(reference, pq.read_table(path))
    moved = {report.name for report in reports if report.drifted}
    seconds = best(lambda: compare(reference, pq.read_table(path)))
    least = best(lambda: floor(path, reference))
    fit = best(lambda: profile_table(world(ROWS, 0), COLUMNS)) - best(lambda: world(ROWS, 0))
    print(f"{'':46}{'seconds':>9}{'found':>7}{'false alarms':>14}{'times the floor':>17}")
    rows = [
        (f"keepwell (after a {fit:.2f} s profile)", seconds, len(moved & {*DRIFTING}),
         len(moved - {*DRIFTING})),
        *PEERS,
    ]  # fmt: skip
    for name, taken, found, false in rows:
        print(f"{name:46}{taken:9.2f}{found:7}{false:14}{taken / least:17.1f}")
    print(f"{'floor: one pass that reads and counts':46}{least:9.2f}\n")


def alarms(repeats: int = 50) -> None:
    """Print how often a column is reported, by the size of the window and of the shift."""
    reference = profile_table(world(20_000, 0), COLUMNS)
    print("columns reported, of 100, by rows in the window (50 windows each)\n")
    print(f"{'rows':>7}{'unmoved':>10}{'0.25 sd':>10}{'0.5 sd':>10}{'1 sd':>10}")
    for rows in (100, 300, 1_000, 5_000):
        cells = []
        for shift in (0.0, 0.25, 0.5, 1.0):
            hits = total = 0
            for seed in range(repeats):
                for report in compare(reference, world(rows, 1000 + seed, shift)):
                    counted = (report.name in ("n0", "n1", "n2")) if shift else True
                    hits += counted and report.drifted
                    total += counted
            cells.append(100 * hits / total)
        print(f"{rows:7,}" + "".join(f"{cell:10.2f}" for cell in cells))


def one_look(folder: Path, rows: int = 50_000) -> None:
    """Print the time of one look through the prediction log."""
    now = 1.8e9
    tables = open_tables(str(folder / "tables"))
    names = list(NAMES)
    values = world(rows, 1)
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
    fields = tuple(Field(name=column.name, type=column.type) for column in COLUMNS)
    version = ModelVersion(
        model="wide", version=1, run="", bundle=Bundle(files=()), metric="rmse",
        signature=Signature(task=Task.REGRESSION, target="y", inputs=fields),
    )  # fmt: skip
    reference = profile_table(world(20_000, 0), COLUMNS)
    log = PredictionLog(tables, ManualClock(now))
    seconds = best(
        lambda: look(
            log, endpoint="wide", version=version, profile=reference, spec=MonitorSpec(), now=now
        )
    )
    print(f"\none look, {rows:,} logged predictions of 50 columns: {seconds:.2f} s (goal: 0.3 s)")


def main() -> None:
    """Measure all three."""
    with tempfile.TemporaryDirectory() as folder:
        speed(Path(folder))
        alarms()
        one_look(Path(folder))


if __name__ == "__main__":
    main()
