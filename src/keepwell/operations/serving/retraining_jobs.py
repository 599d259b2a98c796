"""Retrainings as child processes: the control process stays responsive, and a crash costs one job.

A job's result is a record. While it works it holds a lock of its own, so "is somebody working on it?"
has one answer whoever asks, and none if its process was killed. A job on another machine is known by its
lease.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from keepwell.core.ports import MetadataStore
from keepwell.infrastructure.endings import ending_of, kills_so_far
from keepwell.infrastructure.locks import holder
from keepwell.infrastructure.metadata import Collection
from keepwell.operations.build.retraining_record import (
    RetrainingRecord,
    lease_of,
    lock_of,
    results,
)
from keepwell.operations.loop.retrainings import LOST, Retraining, RetrainingResult

STOP_SECONDS = 10.0
"""Seconds that a job is given to end by itself; then it is killed."""


class Abroad(Protocol):
    """Knows what other machines work on."""

    def elsewhere(self, name: str) -> bool:
        """Tell whether another machine works on a job."""
        ...

    def recall(self, name: str) -> None:
        """Take a job away from another machine."""
        ...


class RetrainingJobs:
    """Starts, watches and stops retraining processes.

    Args:
        metadata: Where results are recorded.
        home: The workspace's folder.
        command: What starts a job; the retraining's key is added as last argument.
        abroad: Knows what other machines work on; None where there are none.
        bury: Told the id of a retraining whose process is dead: cleans up what that left half done.
        steady: A clock that cannot be set.
    """

    def __init__(
        self,
        metadata: MetadataStore,
        home: Path,
        command: Sequence[str],
        *,
        abroad: Abroad | None = None,
        bury: Callable[[str], object] = lambda identifier: None,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._results: Collection[RetrainingRecord] = results(metadata)
        self._home = home
        self._command = list(command)
        self._abroad = abroad
        self._bury = bury
        self._steady = steady
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._since: dict[str, float] = {}
        self._kills: dict[str, int] = {}

    def start(self, retraining: Retraining) -> None:
        """Start the job of a retraining, unless it runs or has ended."""
        known = self._results.get(retraining.key)
        if self._works(retraining.key) or (known is not None and known.result.status != "running"):
            return
        self._bury(retraining.id)
        record = RetrainingRecord(request=retraining, result=RetrainingResult(status="running"))
        self._results.write(record, "started", why=retraining.reason)
        log = self._log_of(retraining)
        log.parent.mkdir(parents=True, exist_ok=True)
        self._kills[retraining.key] = kills_so_far()
        self._since[retraining.key] = self._steady()
        with log.open("ab") as output:
            self._children[retraining.key] = subprocess.Popen(
                [*self._command, retraining.key],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def result(self, key: str) -> RetrainingResult | None:
        """Return how far a retraining is; None if it was never started.

        Of a dead process that said nothing it is `lost`, or `failed` where trying again would end the same.
        """
        working = self._works(key)  # asked first: a job writes its result before it lets go
        record = self._results.get(key)
        if record is None:
            return None
        if record.result.status != "running":
            return record.result
        if working:
            since = self._since.setdefault(key, self._steady())
            return replace(record.result, running_for=self._steady() - since)
        return self._silent(record)

    def stop(self, identifier: str, reason: str) -> None:
        """End the job of a retraining, whoever started it; of a dead one, what it left half done."""
        records = self._results.find()
        key = next((one.key for one in records if one.request.id == identifier), "")
        if not key or self._results.read(key).result.status != "running":
            return
        if not self._works(key):
            self._finish(key, reason)
            return
        child = self._children.get(key)
        worker = holder(lock_of(self._home, key))
        if child is not None and child.poll() is None:
            _end(child.pid, lambda: child.poll() is not None)
        elif worker is not None and worker.pid:  # started before this process was
            _end(worker.pid, lambda: holder(lock_of(self._home, key)) is None)
        elif self._abroad is not None:
            self._abroad.recall(lease_of(key))
        self._finish(key, f"stopped: {reason}")

    def close(self) -> None:
        """End all jobs that this process started; the loop starts them again when it is back."""
        running = [child for child in self._children.values() if child.poll() is None]
        for child in running:
            child.terminate()
        for child in running:
            _end(child.pid, lambda child=child: child.poll() is not None)  # type: ignore[misc]

    def _silent(self, record: RetrainingRecord) -> RetrainingResult | None:
        """Return what is known of a process that ended without a word."""
        key = record.key
        child = self._children.get(key)
        code = None if child is None else child.poll()
        self._since.pop(key, None)
        if code is None:  # it was another control process's: nothing is known of its end
            return RetrainingResult(status=LOST)
        kills = kills_so_far() - self._kills[key]
        ending = ending_of(code, self._log_of(record.request), kills)
        if ending.final:
            self._finish(key, ending.told)
            return self._results.read(key).result
        return RetrainingResult(status=LOST, error=ending.told)

    def _finish(self, key: str, error: str) -> None:
        record = self._results.read(key)
        failed = RetrainingResult(status="failed", error=error)
        self._results.write(
            RetrainingRecord(request=record.request, result=failed), "failed", why=error
        )
        self._bury(record.request.id)

    def _log_of(self, retraining: Retraining) -> Path:
        return self._home / "logs" / f"retraining-{retraining.id}.log"

    def _works(self, key: str) -> bool:
        child = self._children.get(key)
        if child is not None and child.poll() is None:
            return True
        if holder(lock_of(self._home, key)) is not None:
            return True
        return bool(key) and self._abroad is not None and self._abroad.elsewhere(lease_of(key))


def _end(leader: int, ended: Callable[[], bool]) -> None:
    """End a job with all that it started: asked first, killed if it does not listen."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, sign)
        until = time.monotonic() + STOP_SECONDS
        while not ended() and time.monotonic() < until:
            time.sleep(0.02)
        if ended():
            break
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)  # what it left behind
