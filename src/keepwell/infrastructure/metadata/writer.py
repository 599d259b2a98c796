"""One thread writes for the whole process: what waits together is written together."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from keepwell.core.errors import UnavailableError
from keepwell.core.events import Event, Fence, current_fence
from keepwell.infrastructure.metadata.chaining import Wish

MOST_JOBS = 256  # in one transaction


@dataclass(slots=True)
class CommitJob:
    """Changes that one caller wants to see written, all or none."""

    wishes: Sequence[Wish]
    actor: str
    fence: Fence | None = field(default_factory=current_fence)
    done: "Future[list[Event]]" = field(default_factory=Future)


@dataclass(slots=True)
class StatementJob:
    """Statements outside the chain: measurements."""

    run: Callable[[Any], Any]
    fence: Fence | None = field(default_factory=current_fence)
    done: "Future[Any]" = field(default_factory=Future)


Job = CommitJob | StatementJob


class Writer:
    """Collects jobs while a batch is being written, then writes them as the next batch.

    Args:
        write: Writes a batch and settles the future of each of its jobs; must not raise.
    """

    _wanted: threading.Condition
    _jobs: list[Job]
    _thread: threading.Thread | None

    def __init__(self, write: Callable[[Sequence[Job]], None]) -> None:
        self._write = write
        self._closed = False
        self.renew()

    def submit(self, job: Job) -> None:
        """Queue a job; its future is settled when it was written or refused."""
        with self._wanted:
            if self._closed:
                raise UnavailableError("the record is closed", why="its store was closed before")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="record", daemon=True)
                self._thread.start()
            self._jobs.append(job)
            self._wanted.notify()

    def close(self) -> None:
        """Write what was accepted, then stop."""
        with self._wanted:
            self._closed = True
            self._wanted.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def renew(self) -> None:
        """Start without jobs and without a thread: at first, and in the child of a fork."""
        self._wanted = threading.Condition()
        self._jobs = []
        self._thread = None

    def _run(self) -> None:
        while True:
            with self._wanted:
                while not self._jobs and not self._closed:
                    self._wanted.wait()
                batch, self._jobs = self._jobs[:MOST_JOBS], self._jobs[MOST_JOBS:]
            if not batch:
                return
            self._write(batch)
