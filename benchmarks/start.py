"""How long it takes to begin: an import, a help page, and a run in which nothing changed.

The floor of a no-op run is what any program must do to know that nothing changed: start Python, stat
the file, and read one row of a SQLite database.

    python -m benchmarks.start [ROWS]
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb

ROWS = 5_000_000
TIMES = 7
FLOOR = """
import os, sqlite3
os.stat({data!r})
sqlite3.connect({database!r}).execute("SELECT count(*) FROM sqlite_master").fetchone()
"""


def seconds(command: Sequence[str], cwd: Path | None = None) -> float:
    """Return the median time of a command."""
    taken = []
    for _ in range(TIMES):
        start = time.perf_counter()
        subprocess.run(command, cwd=cwd, capture_output=True, check=True)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def make_project(folder: Path, rows: int) -> Path:
    """Make a project over a CSV file of so many rows, and run it once."""
    data = folder / "orders.csv"
    with duckdb.connect() as connection:
        connection.execute("SELECT setseed(0.5)")
        connection.execute(
            f"""COPY (
                SELECT i AS order_id, round(random() * 200, 2) AS amount, (random() * 40)::INT AS items,
                       ['north', 'south', 'east', 'west'][1 + (random() * 3)::INT] AS region,
                       round(random() * 30, 1) AS distance, (random() < 0.3) AS returned
                FROM range({rows}) AS t(i)
            ) TO '{data}' (HEADER)"""
        )
    keepwell = [sys.executable, "-m", "keepwell"]
    project = folder / "orders"
    subprocess.run(
        [*keepwell, "init", str(project), "--data", str(data), "--key", "order_id"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    start = time.perf_counter()
    subprocess.run(
        [*keepwell, "run", "-C", str(project)],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    print(f"first run, {rows:,} rows ({data.stat().st_size / 1e6:,.0f} MB): ", end="")
    print(f"{time.perf_counter() - start:.1f} s\n")
    return project


def main(rows: int) -> None:
    """Print each time with its floor and their ratio."""
    python = [sys.executable, "-c"]
    bare = seconds([*python, "pass"])
    lines = [
        ("import keepwell", seconds([*python, "import keepwell"]), bare, "python", 0.3),
        (
            "keepwell --help",
            seconds([sys.executable, "-m", "keepwell", "--help"]),
            bare,
            "python",
            0.3,
        ),
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = make_project(folder, rows)
        floor = FLOOR.format(
            data=str(folder / "orders.csv"), database=str(project / ".keepwell" / "record.db")
        )
        no_op = seconds([sys.executable, "-m", "keepwell", "run", "--json"], cwd=project)
        lines.append(
            (
                "keepwell run, nothing changed",
                no_op,
                seconds([*python, floor]),
                "python + stat + SQLite",
                0.25,
            )
        )
    print(f"{'median of ' + str(TIMES):<32}{'seconds':>9}{'floor':>9}{'ratio':>8}{'budget':>9}")
    for what, taken, base, against, budget in lines:
        print(
            f"{what:<32}{taken:>9.3f}{base:>9.3f}{taken / base:>7.1f}x{budget:>9.2f}  ({against})"
        )
    over = [what for what, taken, _, _, budget in lines if taken > budget]
    if over:
        print(f"over budget on this machine, at this moment: {', '.join(over)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
