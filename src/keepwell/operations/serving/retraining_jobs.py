"""Retrainings as child processes: the control process stays responsive, and a crash costs one job.

A job's result is a record. While it works it holds a lock of its own, so "is somebody working on it?"
has one answer whoever asks, and none if its process was killed.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from keepwell.core.ports import MetadataStore
from keepwell.infrastructure.locks import holder
from keepwell.infrastructure.metadata import Collection
from keepwell.operations.build.retraining_record import RetrainingRecord, lock_of, results
from keepwell.operations.loop.retrainings import Retraining, RetrainingResult

STOP_SECONDS = 30.0


class RetrainingJobs:
    """Starts, watches and stops retraining processes.

    Args:
        metadata: Where results are recorded.
        home: The workspace's folder.
        command: What starts a job; the retraining's key is added as last argument.
    """

    def __init__(self, metadata: MetadataStore, home: Path, command: Sequence[str]) -> None:
        self._results: Collection[RetrainingRecord] = results(metadata)
        self._home = home
        self._command = list(command)
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, retraining: Retraining) -> None:
        """Start the job of a retraining, unless it runs or has ended."""
        known = self._results.get(retraining.key)
        if self._works(retraining.key) or (known is not None and known.result.status != "running"):
            return
        record = RetrainingRecord(request=retraining, result=RetrainingResult(status="running"))
        self._results.write(record, "started", why=retraining.reason)
        log = self._home / "logs" / f"retraining-{retraining.id}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._children[retraining.key] = subprocess.Popen(
                [*self._command, retraining.key],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def result(self, key: str) -> RetrainingResult | None:
        """Return how far a retraining is; None if nobody works on it."""
        working = self._works(key)  # asked first: a job writes its result before it lets go
        record = self._results.get(key)
        if record is None:
            return None
        return record.result if working or record.result.status != "running" else None

    def stop(self, identifier: str, reason: str) -> None:
        """End the job of a retraining, whoever started it; nothing happens if it does not run."""
        records = self._results.find()
        key = next((one.key for one in records if one.request.id == identifier), "")
        if not self._works(key):
            return
        child = self._children.get(key)
        if child is not None and child.poll() is None:
            child.terminate()
            child.wait(STOP_SECONDS)
        else:  # started before this process was
            worker = holder(lock_of(self._home, key))
            if worker is None:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGTERM)
        self._finish(key, f"stopped: {reason}")

    def close(self) -> None:
        """End all jobs that this process started; the loop starts them again when it is back."""
        for child in self._children.values():
            if child.poll() is None:
                child.terminate()
        for child in self._children.values():
            child.wait(STOP_SECONDS)

    def _finish(self, key: str, error: str) -> None:
        record = self._results.read(key)
        failed = RetrainingResult(status="failed", error=error)
        self._results.write(
            RetrainingRecord(request=record.request, result=failed), "failed", why=error
        )

    def _works(self, key: str) -> bool:
        child = self._children.get(key)
        if child is not None and child.poll() is None:
            return True
        return holder(lock_of(self._home, key)) is not None
