"""Starts the project's batch jobs when they are due, each as a process of its own.

Times that passed while nothing ran count once: when the control process is back, a job that was due
meanwhile is started once, for the last of those times. A job that never ran waits for its first time. One
whose process was killed is started again for the same time and goes on where it was, three times at most;
one that failed is not tried again before its next time.
"""

import logging
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from keepwell.core.spec import BatchSpec
from keepwell.operations.batch.jobs import bury, executions, lease_of, works
from keepwell.operations.build.bench import Bench
from keepwell.operations.loop.conditions.schedule import Schedule

MOST_STARTS = 3
"""Times that a job is started for one time of its schedule."""
STOP_SECONDS = 10.0

_log = logging.getLogger(__name__)


class BatchScheduler:
    """Looks which jobs are due, and starts them.

    Args:
        bench: The workspace's parts.
        command: What starts a job; its name and the time that it stands for are added.
        start: Starts a process; for tests.
        elsewhere: Tells whether another machine holds a job's lease.
    """

    def __init__(
        self,
        bench: Bench,
        command: Sequence[str],
        start: "Callable[[list[str], Path], subprocess.Popen[bytes]] | None" = None,
        elsewhere: Callable[[str], bool] = lambda lease: False,
    ) -> None:
        self._bench = bench
        self._command = list(command)
        self._start = start or _start
        self._elsewhere = elsewhere
        self._since = bench.clock.now()
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._starts: Counter[tuple[str, float]] = Counter()

    def look(self) -> list[str]:
        """Start what is due, and return the names of those jobs; a job's trouble is not the others'."""
        started = []
        for job in self._bench.spec.batch:
            try:
                if job.schedule and self._look_at(job):
                    started.append(job.name)
            except Exception:  # noqa: BLE001 (whatever it was, the next job comes)
                _log.exception("the batch job '%s' could not be looked at", job.name)
        return started

    def close(self) -> None:
        """End what this process started; it is gone on with when the control process is back."""
        running = [child for child in self._children.values() if child.poll() is None]
        for child in running:
            child.terminate()
        for child in running:
            child.wait(STOP_SECONDS)

    def _look_at(self, job: BatchSpec) -> bool:
        child = self._children.get(job.name)
        if (child is not None and child.poll() is None) or works(self._bench.home, job.name):
            return False
        if self._elsewhere(lease_of(job.name)):
            return False
        bury(self._bench, job.name)
        due = self._due(job)
        if due is None or self._starts[job.name, due] >= MOST_STARTS:
            return False  # the latter: it ends before it can record anything
        self._starts[job.name, due] += 1
        log = self._bench.home / "logs" / f"batch-{job.name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        self._children[job.name] = self._start([*self._command, job.name, repr(due)], log)
        return True

    def _due(self, job: BatchSpec) -> float | None:
        """Return the time that a job has to be started for, None if there is none."""
        runs = [run for run in executions(self._bench, job.name) if "due" in run.tags]
        fired = Schedule.parse(job.schedule).before(self._bench.clock.now())
        last = max((float(run.tags["due"]) for run in runs), default=self._since)
        if fired > last:
            return fired
        newest = [run for run in runs if float(run.tags["due"]) == last]
        killed = bool(newest) and newest[0].status == "killed"
        return last if killed and len(newest) < MOST_STARTS else None


def _start(command: list[str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
