"""A child: gets the problem once, then does one job at a time, and says how far it is.

It ends when its parent does. It never sees a Ctrl-C: that is the parent's to answer.
"""

import os
import pickle
import sys
import threading
import time
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

REPORT_EVERY = 0.2
_LOOK_EVERY = 1.0
_RESERVED = 768 << 20


def main(descriptor: int, memory: int) -> None:
    """Serve a parent until it hangs up.

    Args:
        descriptor: Of the connection to the parent.
        memory: Bytes that may be allocated beyond what the libraries take.
    """
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    connection = Connection(descriptor)
    try:
        _load_libraries()
        paths, file = connection.recv()
        sys.path[:] = paths
        bench = _bench(file)
        _limit(memory)
        connection.send(("ready", _resident()))
        while True:
            job, seconds = connection.recv()
            connection.send(("done", _performed(bench, connection, job, seconds)))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent has hung up


def _load_libraries() -> None:
    """Load what most fits need, while the parent still looks at the rows."""
    for name in ("keepwell.training.search.jobs", "lightgbm", "sklearn.compose"):
        import_module(name)


def _bench(file: str) -> Any:
    with open(file, "rb") as written:
        return pickle.load(written)  # noqa: S301 - our parent wrote it, for us alone


def _performed(bench: Any, connection: Connection, job: Any, seconds: float) -> Any:
    end = time.monotonic() + seconds
    spoke = time.monotonic()

    def report(share: float) -> None:
        nonlocal spoke
        if time.monotonic() - spoke > REPORT_EVERY:
            spoke = time.monotonic()
            connection.send(("share", share))

    def log(step: int, values: Any) -> None:
        connection.send(("log", (step, dict(values))))

    outcome = bench.perform(job, lambda: time.monotonic() >= end, report, log)
    try:
        pickle.dumps(outcome.pipeline)
    except Exception as error:  # noqa: BLE001 - a stranger's model may not travel
        from keepwell.training.search.jobs import Outcome

        note = f"failed: its model cannot leave its process: {error}"[:300]
        return Outcome(failed=True, note=note, seconds=outcome.seconds)
    return outcome


def _limit(memory: int) -> None:
    """Make what allocates far beyond `memory` fail at once, before the parent has seen it grow."""
    import resource

    try:
        with open("/proc/self/status") as status:
            data = next(int(line.split()[1]) for line in status if line.startswith("VmData"))
    except (OSError, StopIteration):
        return  # not Linux: the parent watches alone
    # What is reserved counts here, not what is used: stacks of threads, libraries still to come.
    limit = data * 1024 + 2 * memory + _RESERVED
    resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.RLIM_INFINITY))


def _resident() -> int:
    import psutil

    resident: int = psutil.Process().memory_info().rss
    return resident


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
