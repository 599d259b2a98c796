"""One child process, seen from its parent."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection

import psutil

from keepwell.core.errors import TrainingError
from keepwell.training.search.jobs import Job, Outcome
from keepwell.training.workers.grant import LIBRARIES

_SLOWEST_START = 60.0  # seconds
_WEIGH_EVERY = 0.05


class Child:
    """A process that does one job at a time.

    Args:
        paths: Where it finds modules.
        memory: Bytes that it may take, libraries included.
    """

    def __init__(self, paths: Sequence[str], memory: int) -> None:
        self.connection: Connection
        self.connection, theirs = Pipe()
        program = [sys.executable, "-m", "keepwell.training.workers.child"]
        beyond = max(memory - LIBRARIES, 16 << 20)
        # A session of its own: a Ctrl-C in the terminal is the parent's to answer.
        self._process = subprocess.Popen(
            [*program, str(theirs.fileno()), str(beyond)],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )
        theirs.close()
        self._ready = False
        self._began = time.monotonic()
        self._end = float("inf")
        self._weighed = 0.0
        self._hung_up = False
        self._waiting: tuple[Job, float, float] | None = None
        self.logged: list[tuple[int, dict[str, float]]] = []
        self._paths = list(paths)

    def load(self, file: str) -> None:
        """Tell it where the problem lies; its libraries it loads from the start."""
        self._say((self._paths, file))

    @property
    def busy_for(self) -> float:
        """Seconds since it was given its job."""
        return time.monotonic() - self._began

    def begin(self, job: Job, seconds: float, grace: float) -> None:
        """Give it a job, the seconds after which it should stop, and those until it is killed.

        Both count from when it has loaded its libraries.
        """
        self._began = time.monotonic()
        self._end = self._began + _SLOWEST_START
        self._waiting = (job, seconds, grace)
        if self._ready:
            self._send_job()

    def news(self) -> Outcome | float | None:
        """Return the outcome, the share that is done, or None if it has not said anything."""
        heard: Outcome | float | None = None
        with contextlib.suppress(EOFError, OSError):
            while self.connection.poll():
                kind, body = self.connection.recv()
                if kind == "ready":
                    self._ready = True
                    self._send_job()
                elif kind == "done":
                    self._waiting = None
                    return body if isinstance(body, Outcome) else None
                elif kind == "log":
                    self.logged.append(body)
                else:
                    heard = float(body)
            return heard
        self._hung_up = True
        return heard

    def trouble(self, memory: int) -> str:
        """Return why it has to be replaced; empty if it may go on."""
        if self._hung_up or self._process.poll() is not None:
            return self._death()
        now = time.monotonic()
        if now > self._end:
            return f"stopped after {self.busy_for:.1f}s: it had no more time"
        if now - self._weighed > _WEIGH_EVERY:
            self._weighed = now
            with contextlib.suppress(psutil.Error):
                taken = psutil.Process(self._process.pid).memory_info().rss
                if taken > memory:
                    return (
                        f"stopped: it took {taken / 1e6:,.0f} MB of memory, "
                        f"and {memory / 1e6:,.0f} MB are granted"
                    )
        return ""

    def kill(self) -> None:
        """End it, with all that it started."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
        self._process.wait()
        self.connection.close()

    def _send_job(self) -> None:
        if self._waiting is not None:
            job, seconds, grace = self._waiting
            self._waiting = None
            self._began = time.monotonic()
            self._end = self._began + seconds + grace
            self._say((job, seconds))

    def _say(self, message: object) -> None:
        try:
            self.connection.send(message)
        except OSError:
            self._hung_up = True

    def _death(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1.0)
        code = self._process.returncode
        if not self._ready:
            raise TrainingError(
                "a process for trials could not be started",
                why=f"it ended with code {code} while it loaded the problem",
                now="grant more with `memory:` under `train:`, or see `keepwell doctor`",
            )
        if code is not None and code < 0:
            return f"its process died of {signal.Signals(-code).name}"
        return f"its process ended with code {code}"
