"""A file of rows scored out of core, against the booster alone on a ready array of floats.

Each size is scored by a process of its own, which tells its peak memory; the booster's own speed is
measured before and after each, on the features of the same rows, by LightGBM's Python package. `share` is
by the clock; `by cpu` compares processor time for a row, which others on the machine disturb less.

    python -m benchmarks.batch [MILLIONS ...]      # 1 5 by default
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.serving.model import TARGET, publish, table_of

BLOCK = 1_000_000
READY = 500_000
SCORE = """
import json, sys, time
from pathlib import Path
from keepwell.core.records import Signature
from keepwell.deployment.batch import predict_file
from keepwell.deployment.scoring import load_scorer
from keepwell.infrastructure.codec import from_json
home = Path(sys.argv[1])
read = lambda name: (home / "model" / name).read_bytes()
scorer = load_scorer(read, from_json(Signature, read("signature")))
start, cpu = time.perf_counter(), time.process_time()
scored = predict_file(scorer, home / sys.argv[2], sys.argv[3])
status = Path("/proc/self/status").read_text()  # ru_maxrss would count the parent's memory
print(json.dumps({"rows": scored.rows, "seconds": time.perf_counter() - start,
                  "cpu": time.process_time() - cpu,
                  "peak_mb": int(status.partition("VmHWM:")[2].split()[0]) / 1024}))
"""


def keep_model(home: Path) -> Any:
    """Train the model, keep its files, and return its scorer."""
    from keepwell.infrastructure.codec import to_json

    served = publish(home)
    scorer, folder = served.scorer, home / "model"
    folder.mkdir()
    for name, data in served.files.items():
        (folder / name).write_bytes(data)
    (folder / "signature").write_bytes(to_json(scorer.signature))
    return scorer


def rows_of(count: int) -> pa.Table:
    """Return so many rows, those of the data over and over."""
    rows = table_of()[0].drop_columns([TARGET])
    return pa.concat_tables([rows] * (count // rows.num_rows + 1)).slice(0, count).combine_chunks()


def write_rows(path: Path, millions: int) -> None:
    """Write a million rows as often as it takes."""
    block = rows_of(BLOCK)
    with pq.ParquetWriter(path, block.schema) as writer:
        for _ in range(millions):
            writer.write_table(block, row_group_size=250_000)


def booster_speed(home: Path, features: Any) -> tuple[float, float]:
    """Return seconds and processor seconds a row of `booster.predict` on a ready array."""
    import lightgbm

    booster = lightgbm.Booster(model_file=str(home / "model" / "booster.txt"))
    start, cpu = time.perf_counter(), time.process_time()
    booster.predict(features)
    rows = len(features)
    return (time.perf_counter() - start) / rows, (time.process_time() - cpu) / rows


def features_of(scorer: Any) -> Any:
    """Return what the booster sees of rows like those in the files."""
    columns = scorer._decoder.columns(rows_of(READY))
    return np.ascontiguousarray(scorer._model.features(columns))


def measure(home: Path, millions: int, target: str, features: Any) -> dict[str, Any]:
    """Score so many million rows; return rows a second, peak memory and the booster's own speed."""
    source = home / f"rows-{millions}.parquet"
    if not source.exists():
        write_rows(source, millions)
    before = booster_speed(home, features)
    command = [sys.executable, "-c", SCORE, str(home), source.name, f"{home}/{target}"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(answer.stdout)
    after = booster_speed(home, features)
    wall, cpu = ((one + other) / 2 for one, other in zip(before, after, strict=True))
    return {
        **found,
        "per_second": found["rows"] / found["seconds"],
        "booster": 1 / wall,
        "share": wall * found["rows"] / found["seconds"],
        "share_of_cpu": cpu * found["rows"] / found["cpu"],
    }


def main() -> None:
    """Print a row for each size and kind of output."""
    sizes = [int(word) for word in sys.argv[1:]] or [1, 5]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        features = features_of(keep_model(home))
        print("rows       output     rows/s    booster   share  by cpu   peak MB   seconds")
        for millions in sizes:
            for target in (f"out-{millions}.parquet", f"out-{millions}/"):
                one = measure(home, millions, target, features)
                print(
                    f"{one['rows']:<10,} {'file' if '.parquet' in target else 'folder':<7}"
                    f"{one['per_second']:>10,.0f} {one['booster']:>10,.0f} {one['share']:>7.0%}"
                    f"{one['share_of_cpu']:>8.0%}{one['peak_mb']:>10,.0f} {one['seconds']:>9.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
