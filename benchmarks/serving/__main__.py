"""Measure, and print ratios."""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.serving import floors, peers
from benchmarks.serving.load import Result, ask, check_tools
from benchmarks.serving.model import Served, publish
from benchmarks.serving.servers import PATH, Server, floor, ours

CLIENTS = (1, 16, 64)
ROWS = (1, 100)


def main() -> None:
    """Measure ours and the floors in turn, then the peers if asked to."""
    parser = argparse.ArgumentParser(
        description="Logged predictions over HTTP against floors and peers."
    )
    parser.add_argument("--seconds", type=int, default=3, help="of a run")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each server")
    parser.add_argument("--peers", action="store_true", help="measure the others too")
    given = parser.parse_args()
    check_tools()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="keepwell-bench-") as folder:
        home = Path(folder)
        served = publish(home)
        print(
            f"{served.source}, {len(served.rows[0])} columns, 200 trees, one worker on one core\n"
        )
        in_process(served)
        with floor(floors.ASGI) as asgi, floor(floors.BARE) as bare, ours(home) as worker:
            servers = {
                "uvicorn, a constant": asgi,
                "bare protocol, a constant": bare,
                "keepwell": worker,
            }
            best = compare(servers, served, given.seconds, given.rounds)
        if given.peers:
            compare_peers(served, home, best, given.seconds)


def in_process(served: Served) -> None:
    """Time the scorer without HTTP, in processor time."""
    scorer, row = served.scorer, served.rows[0]
    compiled = scorer._model
    values = [column[0] for column in scorer._decoder.rows([row]).columns]
    many = [list(one) for one in zip(*scorer._decoder.rows(served.rows).columns, strict=True)]
    matrix = np.array([compiled.encoded(one) for one in many], dtype=np.float64)
    booster = served.pipeline[-1].booster_
    ours_100 = _micros(lambda: scorer.answers(many), 50)
    booster_100 = _micros(lambda: booster.predict(matrix, num_threads=1), 50)
    print(
        f"in process, one row: fused steps {_micros(lambda: compiled.encoded(values), 5000):.2f} µs, "
        f"with the trees {_micros(lambda: scorer.row(values), 5000):.2f} µs, "
        f"from a decoded request {_micros(lambda: scorer.rows([row]), 2000):.2f} µs"
    )
    print(
        f"in process, 100 rows: {ours_100:.0f} µs; booster.predict on a ready array {booster_100:.0f} µs: "
        f"{booster_100 / ours_100:.2f} of its speed\n"
    )


def _micros(call: Any, times: int) -> float:
    """Return the processor time of a call; the quickest of five measurements."""
    found = []
    for _ in range(5):
        start = time.thread_time()
        for _ in range(times):
            call()
        found.append((time.thread_time() - start) / times)
    return min(found) * 1e6


def compare(servers: dict[str, Server], served: Served, seconds: int, rounds: int) -> Result:
    """Ask servers in turn, print what they did; return ours at one row and most clients."""
    best: Result | None = None
    print(
        f"{'':27} {'rows':>4} {'clients':>7} {'answers/s':>10} {'p50 ms':>8} {'p99 ms':>8} "
        f"{'per core second':>16} {'of uvicorn':>11} {'of bare':>8} {'errors':>6}"
    )
    for rows in ROWS:
        body = served.body(rows)
        for clients in CLIENTS:
            runs: dict[str, list[Result]] = {name: [] for name in servers}
            for _ in range(rounds):
                for name, server in servers.items():
                    runs[name].append(ask(server, PATH, body, clients, seconds))
            middles = {name: middle(results) for name, results in runs.items()}
            uvicorn, bare, _ = middles.values()
            for name, result in middles.items():
                cpu = result.per_cpu_second
                print(
                    f"{name:27} {rows:4} {clients:7} {result.per_second:10,.0f} {result.p50_ms:8.2f} "
                    f"{result.p99_ms:8.2f} {cpu:16,.0f} {cpu / uvicorn.per_cpu_second:11.2f} "
                    f"{cpu / bare.per_cpu_second:8.2f} {result.errors:6}",
                    flush=True,
                )
            if rows == 1:
                best = middles["keepwell"]
    if best is None:
        raise SystemExit("nothing was measured")
    return best


def middle(results: list[Result]) -> Result:
    """Return the medians of several runs."""
    return Result(
        per_second=statistics.median(one.per_second for one in results),
        p50_ms=statistics.median(one.p50_ms for one in results),
        p99_ms=statistics.median(one.p99_ms for one in results),
        errors=sum(one.errors for one in results),
        per_cpu_second=statistics.median(one.per_cpu_second for one in results),
    )


def compare_peers(served: Served, home: Path, ours_: Result, seconds: int) -> None:
    """Ask each peer with one row from most clients; print how many times as many we answered."""
    print(f"\n{'one row, 64 clients':27} {'answers/s':>10} {'p99 ms':>8} {'keepwell is':>12}")
    for peer in peers.PEERS:
        body = peer.body(served.rows[:1])
        with peers.running(peer, home, served.pipeline, body) as server:
            if isinstance(server, str):
                print(f"{peer.name:27} {server}")
                continue
            ask(server, peer.path, body, 1, 1)
            result = ask(server, peer.path, body, CLIENTS[-1], seconds)
        print(
            f"{peer.name:27} {result.per_second:10,.0f} {result.p99_ms:8.0f} "
            f"{ours_.per_second / result.per_second:11,.0f}x",
            flush=True,
        )


if __name__ == "__main__":
    main()
