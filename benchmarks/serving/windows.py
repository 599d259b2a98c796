"""What windows over earlier rows cost a request: looking them up, and keeping the row.

    python -m benchmarks.serving.windows

Processor time of the asking thread, medians. The last lines say what a window costs a table.
"""

import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa

from keepwell.core.features import AGGREGATES, Window
from keepwell.core.records import ColumnType, Field, History, Signature, Task
from keepwell.features.windows import Completer, WindowStore, windowed

NOW = 1_760_000_000.0
WEEK = 7 * 86_400.0
ROUNDS = 1500
ROWS = 1_000_000
COLUMNS = (
    Field(name="at", type=ColumnType.DATETIME),
    Field(name="who", type=ColumnType.CATEGORY),
    Field(name="amount", type=ColumnType.NUMBER),
)


def window(kind: str) -> Window:
    """Return a window of a week."""
    return Window(name=kind, aggregate=kind, of="amount", by="who", over=WEEK)


def request(each: int, kind: str) -> None:
    """Print what a request costs where each key has so many earlier rows."""
    windows = (window(kind),)
    inputs = tuple(Field(name=one.name, type=ColumnType.NUMBER) for one in windows)
    history = History(windows=windows, time="at", columns=COLUMNS)
    signature = Signature(task=Task.REGRESSION, target="y", inputs=inputs, history=history)
    keys = 1000 if each < 1000 else 200
    draw, count = np.random.default_rng(0), keys * each
    with TemporaryDirectory() as folder:
        path = Path(folder) / "windows.db"
        store = WindowStore(path)
        store.declare(windows)
        times = ((NOW - draw.random(count) * 6 * 86_400) * 1e6).astype(np.int64)
        names = [f"k{at % keys}" for at in range(count)]
        amounts = draw.gamma(2, 20, count).round(2).tolist()
        store.fill(windows[0].series, names, times, amounts, now=NOW, whole=True)
        completer = Completer([signature], store)
        looking, keeping = [], []
        for turn in range(ROUNDS):
            row = {"who": f"k{turn * 7 % keys}", "amount": 3.5}
            start = time.thread_time_ns()
            events = completer.complete([row], NOW)
            looked = time.thread_time_ns()
            completer.keep(events, NOW)
            keeping.append(time.thread_time_ns() - looked)
            looking.append(looked - start)
        size = path.stat().st_size / count
        store.close()
    found, kept = (statistics.median(spans) / 1000 for spans in (looking, keeping))
    print(
        f"{each:5} rows a key, {kind:4}: look up {found:7.1f} µs, keep {kept:6.1f} µs, {size:.0f} bytes a row"
    )


def table() -> None:
    """Print what a window costs a table."""
    draw = np.random.default_rng(1)
    rows = pa.table(
        {
            "who": draw.integers(0, 50_000, ROWS),
            "at": pa.array(
                draw.integers(0, 90 * 86_400, ROWS) * 1_000_000 + 1_700_000_000_000_000,
                pa.timestamp("us"),
            ),
            "amount": draw.gamma(2, 20, ROWS).round(2),
        }
    )
    for kind in AGGREGATES:
        start = time.process_time()
        windowed(rows, [window(kind)], "at")
        print(f"{ROWS:,} rows, {kind:5}: {time.process_time() - start:.1f} s")


if __name__ == "__main__":
    for each in (10, 100, 1000):
        for kind in ("sum", "std"):
            request(each, kind)
    table()
