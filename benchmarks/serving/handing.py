"""What it costs to hand a request to a worker of its endpoint alone.

python -m benchmarks.serving.handing      # the general worker answers by itself, then hands on, in turn
"""

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.serving.load import Result, ask, check_tools, pinned
from benchmarks.serving.model import Served, publish
from benchmarks.serving.servers import PATH, Server, ours
from keepwell.deployment.server.pools.files import socket_path, write_roster

CLIENTS = (1, 64)
OWN = 1  # index of the endpoint's own worker
FOLLOWED = 0.5  # seconds in which a change of the pools is seen


def main() -> None:
    """Measure one row and a hundred, from one client and from many."""
    parser = argparse.ArgumentParser(description="The cost of workers of an endpoint's own.")
    parser.add_argument("--seconds", type=int, default=3, help="of a run")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each")
    given = parser.parse_args()
    check_tools()
    with tempfile.TemporaryDirectory(prefix="keepwell-bench-") as folder:
        home = Path(folder)
        served = publish(home)
        with ours(home) as general, own_worker(home) as pid:
            compare(home, served, general, pid, given.seconds, given.rounds)


def compare(
    home: Path, served: Served, general: Server, own: int, seconds: int, rounds: int
) -> None:
    """Print answers a second, latencies, and processor time by worker."""
    print(
        f"{'who answers':28} {'rows':>4} {'clients':>7} {'answers/s':>10} {'p50 ms':>8} {'p99 ms':>8} "
        f"{'µs general':>10} {'µs own':>8} {'errors':>6}"
    )
    rosters: dict[str, dict[str, list[int]]] = {
        "the general worker": {},
        "handed to one of its own": {"bench": [OWN]},
    }
    for rows in (1, 100):
        body = served.body(rows)
        for clients in CLIENTS:
            runs: dict[str, list[tuple[Result, float]]] = {name: [] for name in rosters}
            for _ in range(rounds):
                for name, roster in rosters.items():
                    write_roster(home, roster)
                    time.sleep(FOLLOWED)
                    before = _cpu_seconds(own)
                    result = ask(general, PATH, body, clients, seconds)
                    answered = result.per_second * seconds
                    runs[name].append((result, (_cpu_seconds(own) - before) / answered * 1e6))
            for name, results in runs.items():
                told = [one for one, _ in results]
                print(
                    f"{name:28} {rows:4} {clients:7} {_middle([o.per_second for o in told]):10,.0f} "
                    f"{_middle([o.p50_ms for o in told]):8.2f} {_middle([o.p99_ms for o in told]):8.2f} "
                    f"{_middle([1e6 / o.per_cpu_second for o in told]):10.0f} "
                    f"{_middle([micros for _, micros in results]):8.0f} "
                    f"{sum(o.errors for o in told):6}",
                    flush=True,
                )


@contextlib.contextmanager
def own_worker(home: Path) -> Iterator[int]:
    """Run a worker of the endpoint alone; give its process."""
    lifeline, held = os.pipe()
    control = home / "control.sock"
    command = [sys.executable, "-m", "keepwell.deployment.server.worker", "--home", str(home)]
    command += ["--index", str(OWN), "--pool", "bench", "--lifeline", str(lifeline)]
    command += ["--control", str(control)]
    process = subprocess.Popen(
        pinned(command), pass_fds=(lifeline,), env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    try:
        while not socket_path(control, OWN).exists():
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait()
        os.close(held)
        os.close(lifeline)


def _cpu_seconds(pid: int) -> float:
    import psutil

    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _middle(values: list[float]) -> float:
    return statistics.median(values)


if __name__ == "__main__":
    main()
