"""What watching takes: `python -m benchmarks.machines.watching`.

A host and four workers, looked at as `keepwell up` does at five seconds, with a real store. The clock is
moved by hand, the work is real; processor time counts the threads that write.
"""

import os
import tempfile
import time
from pathlib import Path
from unittest import mock

import psutil

from keepwell.core.clock import ManualClock
from keepwell.monitoring.machines.processes import taken
from keepwell.monitoring.machines.sampler import Ours
from keepwell.operations.spending import attendance
from keepwell.workspace import Workspace

LOOKS, EVERY, WORKERS = 360, 5.0, 4


def main() -> None:
    """Print the processor time of a look, and its share of one processor."""
    workers = [Ours(subject=f"worker:{at}", pid=os.getppid()) for at in range(WORKERS)]
    control = Ours(subject="process:control", pid=os.getpid())
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "keepwell.yaml").write_text("data: {source: none.csv}\n")
        clock = ManualClock(time.time())
        with (
            Workspace.open(Path(folder), clock=clock) as workspace,
            mock.patch.object(attendance, "ours", return_value=[control, *workers]),
        ):
            watching = attendance.Attendance(
                workspace.home,
                workspace.spec,
                workspace.metadata.measurements,
                clock,
                workspace.endpoints,
                workspace.scaling,
            )
            watching.look()
            began = time.process_time()
            for _ in range(LOOKS):
                clock.advance(EVERY)
                watching.look()
            each = (time.process_time() - began) / LOOKS
    print(f"a look: {each * 1000:.2f} ms; at {EVERY:g} s {each / EVERY:.2%} of one processor")
    me, began = psutil.Process(), time.process_time()
    for _ in range(100):
        taken(me)
    print(f"a look at a run's processes: {(time.process_time() - began) * 10:.2f} ms")


if __name__ == "__main__":
    main()
