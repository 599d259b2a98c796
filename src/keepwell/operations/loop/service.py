"""Looks at every endpoint again and again, decides, and acts."""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from keepwell.core.clock import Clock
from keepwell.core.events import acting_as
from keepwell.core.records import Decision
from keepwell.operations.loop.executor import Executor
from keepwell.operations.loop.interventions.status import LoopStatus, status_of
from keepwell.operations.loop.tick import tick
from keepwell.operations.loop.view import View

logger = logging.getLogger(__name__)


class Views(Protocol):
    """Shows endpoints as they are now.

    Law: a view is put together from the record and from what monitors measured, at one time; it shows
    every effect that has returned.
    """

    def endpoints(self) -> Sequence[str]:
        """Return the names of all endpoints."""
        ...

    def view(self, endpoint: str) -> View | None:
        """Return what is known of one; None if it has no champion yet."""
        ...


class LoopService:
    """The loop as a thread of the control process.

    An error in a look at one endpoint is logged and recorded; the next endpoint and the next look come
    as if nothing had happened.

    Attributes:
        tell: Is told how the loop stands at an endpoint after each look.
    """

    def __init__(self, views: Views, executor: Executor, clock: Clock, every: float) -> None:
        self.tell: Callable[[LoopStatus], object] = lambda status: None
        self._views = views
        self._executor = executor
        self._clock = clock
        self._every = every
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def look(self) -> list[Decision]:
        """Look at every endpoint once and return what was decided; never raises."""
        try:
            names = self._views.endpoints()
        except Exception:
            logger.exception("the loop could not list the endpoints")
            return []
        return [decision for name in names for decision in self._look_at(name)]

    def start(self) -> None:
        """Look every `every` seconds in a background thread, until stopped."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="loop", daemon=True)
            self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Finish the look in progress and end the thread."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout)
            self._thread = None

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.look()
            self._stopping.wait(self._every)

    def _look_at(self, name: str) -> list[Decision]:
        try:
            view = self._views.view(name)
            if view is None:
                return []
            now = self._clock.now()
            actions = tick(view, now)
            with acting_as("loop"):
                made = self._executor.carry_out(view, actions)
            self.tell(status_of(view, actions, now))
            return made
        except Exception as error:
            logger.exception("the loop's look at endpoint '%s' failed", name)
            return self._trouble(name, error)

    def _trouble(self, name: str, error: Exception) -> list[Decision]:
        try:
            decision = self._executor.record_trouble(name, error)
        except Exception:
            logger.exception("and that could not be recorded")
            return []
        return [decision] if decision else []
