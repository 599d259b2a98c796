"""The run that a script belongs to: given by `keepwell run --script`, or begun by the script itself."""

import atexit
import os
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from keepwell.core.errors import KeepwellError
from keepwell.core.ports import Point
from keepwell.operations.scripts.environment import PROJECT, RUN

if TYPE_CHECKING:
    from keepwell.workspace import Workspace

_FLUSH = 0.5  # seconds that a logged value may wait for others


class Session:
    """One script's run.

    Args:
        workspace: Where it is recorded; None outside of any project.
        run: The run's id, if it was begun by somebody else, who will end it too.
    """

    def __init__(self, workspace: "Workspace | None", run: str = "") -> None:
        self.workspace = workspace
        self.mine = not run
        self.listeners: list[Callable[[Mapping[str, float], int], None]] = []
        self._waiting: list[Point] = []
        self._flushed = time.monotonic()
        self._step = 0
        self.run = run
        if workspace is not None and not run:
            script = Path(sys.argv[0] or "script").name
            self.run = workspace.runs.start(
                workspace.spec.name, "script", params={"script": script}, root=workspace.root
            ).id

    @property
    def folder(self) -> Path | None:
        """Where the run's checkpoints are; None without a project."""
        return None if self.workspace is None else self.workspace.home / "checkpoints" / self.run

    def log(self, values: Mapping[str, float], step: int | None) -> None:
        """Add points to the run's curves; they reach the store within half a second, or with the next."""
        self._step = self._step if step is None else step
        numbers = {name: float(value) for name, value in values.items()}
        for listener in self.listeners:
            listener(numbers, self._step)
        if self.workspace is None:
            return
        now = time.time()
        self._waiting += [Point(name, now, value, self._step) for name, value in numbers.items()]
        if time.monotonic() - self._flushed >= _FLUSH:
            self.flush()

    @property
    def at(self) -> int:
        """The step that was logged last."""
        return self._step

    def flush(self) -> None:
        """Send what waits."""
        self._flushed = time.monotonic()
        if self.workspace is not None and self._waiting:
            waiting, self._waiting = self._waiting, []
            self.workspace.runs.log_points(self.run, waiting)

    def end(self, error: BaseException | None = None) -> None:
        """Send what waits, and end the run if the script began it."""
        self.flush()
        if self.workspace is None or not self.mine:
            return
        if error is None:
            self.workspace.runs.finish(self.run)
        else:
            killed = not isinstance(error, Exception)
            self.workspace.runs.fail(self.run, f"{type(error).__name__}: {error}", killed=killed)


@cache
def current() -> Session:
    """Return this process's session; begun at the first call."""
    from keepwell.workspace import Workspace

    run, project = os.environ.get(RUN, ""), os.environ.get(PROJECT)
    try:
        session = Session(Workspace.open(Path(project or ".")), run)
    except KeepwellError as error:
        if run:
            raise
        print(f"keepwell: not recorded: {error.what}", file=sys.stderr)  # noqa: T201 (a script's voice)
        session = Session(None)
    _end_with_process(session)
    return session


def _end_with_process(session: Session) -> None:
    failed: list[BaseException] = []
    before = sys.excepthook

    def remember(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        failed.append(error)
        before(kind, error, trace)

    sys.excepthook = remember
    atexit.register(lambda: session.end(failed[0] if failed else None))
