"""How much two workers on one port answer, against one.

    python -m benchmarks.serving.two_workers [ROWS=1000]

Requests of many rows: with them the load generator, on the same cores, has next to nothing to do, and what
it took is printed. One worker on core 0, then two on cores 0 and 1, in turn; medians.
"""

import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.serving.load import ask_freely, check_tools
from benchmarks.serving.model import publish
from benchmarks.serving.servers import PATH, Server, listener, worker
from keepwell.deployment.server.heartbeat import heartbeat_path, read_heartbeats

CLIENTS, SECONDS, ROUNDS = 8, 5, 5


def main() -> None:
    """Measure in turn, and print the ratio."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    check_tools()
    with tempfile.TemporaryDirectory(prefix="keepwell-bench-") as folder:
        home = Path(folder)
        body = publish(home).body(rows)
        found: dict[int, list[float]] = {1: [], 2: []}
        taken: dict[int, list[float]] = {1: [], 2: []}
        for _ in range(ROUNDS):
            for count in (1, 2):
                with workers(home, count) as server:
                    result, client = ask_freely(server, PATH, body, CLIENTS, SECONDS)
                if result.errors:
                    raise SystemExit(f"{result.errors} requests failed")
                found[count].append(result.per_second)
                taken[count].append(client / SECONDS)
    for count, per_second in found.items():
        said = ", ".join(f"{one:.0f}" for one in per_second)
        print(
            f"{count} worker(s): {statistics.median(per_second):.1f} requests of {rows} rows a second"
            f" ({said}); the load generator took {statistics.median(taken[count]):.0%} of a core"
        )
    print(f"ratio {statistics.median(found[2]) / statistics.median(found[1]):.2f}")


@contextlib.contextmanager
def workers(home: Path, count: int) -> Iterator[Server]:
    """Run workers on one port, each on a core of its own."""
    with listener() as shared, contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(worker(home, shared, index, str(index))) for index in range(count)
        ]
        end = time.monotonic() + SECONDS
        while len(read_heartbeats(home)) < count:  # the port answers as soon as one of them does
            if time.monotonic() > end:
                raise SystemExit("a worker did not start")
            time.sleep(0.1)
        yield started[0]
        for state in read_heartbeats(home):
            heartbeat_path(home, state.index).unlink()


if __name__ == "__main__":
    main()
