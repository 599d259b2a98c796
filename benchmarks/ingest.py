"""A CSV into a typed, checked, profiled, versioned dataset, against DuckDB turning it into Parquet.

    python -m benchmarks.ingest              # 5,000,000 rows, 12 columns, about 500 MB
    python -m benchmarks.ingest 30000000     # about 3 GB

Both read the same file with two threads, each in a process of its own, in turns; the best of each
counts. DuckDB does the part that any tool must do: read, infer types, write Parquet. What we do beside
it: infer with reasons, digest every value, profile every column, and on the second load hold every row
against the contract.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROWS = 5_000_000
ROUNDS = 2
LARGE = 10_000_000  # rows from which on one round is enough

DUCKDB = """
import duckdb, sys
duckdb.connect(config={"threads": "2"}).execute(
    f"COPY (SELECT * FROM read_csv('{sys.argv[1]}')) TO '{sys.argv[2]}/rows.parquet' (FORMAT parquet)")
"""

KEEPWELL = """
import sys
from pathlib import Path
from keepwell.core.clock import SystemClock
from keepwell.data.datasets import Datasets
from keepwell.infrastructure.blobs import open_blobs
from keepwell.infrastructure.metadata import open_metadata
from keepwell.infrastructure.tables import open_tables

home = Path(sys.argv[2])
datasets = Datasets(open_metadata(f"sqlite:///{home / 'record.db'}"), open_blobs(str(home / "blobs")),
                    open_tables(str(home / "tables")), SystemClock(), home / "staging")
datasets.ingest("bench", sys.argv[1], root=home, contract=home / "contract.yaml")
"""

MAKE = """
import duckdb, sys
duckdb.connect(config={"threads": "2"}).execute(f'''COPY (
  SELECT i AS id, CAST(hash(i) % 100 AS INTEGER) AS age, round((hash(i + 1) % 100000) / 100, 2) AS amount,
    (hash(i + 2) % 1000000007) / 1000000007.0 AS score, CAST(hash(i + 3) % 5000000 AS BIGINT) AS big,
    TIMESTAMP '2020-01-01' + INTERVAL (i) SECOND AS ts,
    ['red', 'green', 'blue', 'violet'][1 + CAST(hash(i + 4) % 4 AS INTEGER)] AS color,
    'user-' || CAST(hash(i + 5) % 200000 AS VARCHAR) AS usr, hash(i + 6) % 3 = 0 AS flag,
    CASE WHEN hash(i + 7) % 20 = 0 THEN NULL ELSE round((hash(i + 8) % 500) / 10, 1) END AS temp,
    CAST(hash(i + 9) % 12 AS INTEGER) AS month, 'C' || lpad(CAST(i AS VARCHAR), 9, '0') AS code
  FROM range({sys.argv[2]}) AS t(i)) TO '{sys.argv[1]}' (HEADER)''')
"""


def timed(code: str, *words: str) -> dict[str, float]:
    """Run Python code in a process of its own; return wall and CPU seconds and its peak memory (MB)."""
    report = (
        "\nimport json, resource\nu = resource.getrusage(resource.RUSAGE_SELF)\n"
        'print(json.dumps({"cpu": u.ru_utime + u.ru_stime, "peak": u.ru_maxrss / 1024}))'
    )
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code + report, *words], stdout=subprocess.PIPE, text=True, check=True
    )
    wall = time.perf_counter() - start
    return {"wall": wall, **json.loads(done.stdout.splitlines()[-1])}


def best(results: list[dict[str, float]]) -> dict[str, float]:
    return min(results, key=lambda result: result["wall"])


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory(prefix="keepwell-bench-") as folder:
        file = Path(folder) / "rows.csv"
        timed(MAKE, str(file), str(rows))
        size = file.stat().st_size / 1e6
        print(f"{rows:,} rows, 12 columns, {size:,.0f} MB of CSV\n")
        theirs, ours, again = [], [], []
        for number in range(1 if rows >= LARGE else ROUNDS):
            theirs.append(timed(DUCKDB, str(file), folder))
            home = Path(folder) / f"home-{number}"
            home.mkdir()
            ours.append(timed(KEEPWELL, str(file), str(home)))
            with file.open("a") as grown:
                grown.write(
                    f"{rows + number},7,1.5,0.5,3,2030-01-01 00:00:00,red,user-1,true,,3,C1\n"
                )
            again.append(timed(KEEPWELL, str(file), str(home)))
        lines = {
            "duckdb: CSV to Parquet": best(theirs),
            "keepwell: first load": best(ours),
            "keepwell: one row more, checked": best(again),
        }
        floor = lines["duckdb: CSV to Parquet"]["wall"]
        print(f"{'':34}{'seconds':>9}{'CPU s':>8}{'rows/s':>13}{'peak MB':>9}{'ratio':>7}")
        for name, result in lines.items():
            print(
                f"{name:34}{result['wall']:9.2f}{result['cpu']:8.1f}{rows / result['wall']:13,.0f}"
                f"{result['peak']:9,.0f}{floor / result['wall']:7.2f}"
            )
        print("\nratio: rows/s against duckdb's; 1 is as fast. Each includes starting Python.")


if __name__ == "__main__":
    main(int(sys.argv[1].replace(",", "").replace("_", "")) if len(sys.argv) > 1 else ROWS)
