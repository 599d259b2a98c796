"""Work that is done again and again in the background, whatever happens to it."""

import logging
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Periodic:
    """Calls `work` every `seconds` in a thread until stopped.

    An error is logged once, until the work succeeds again: a full disk must not fill the log as well.
    """

    def __init__(self, name: str, seconds: float, work: Callable[[], object]) -> None:
        self._name = name
        self._seconds = seconds
        self._work = work
        self._failing = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Finish the call in progress and end."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            try:
                self._work()
            except Exception as error:  # noqa: BLE001 (whatever it was, the next call comes)
                if repr(error) != self._failing:
                    _log.exception("%s failed", self._name)
                    self._failing = repr(error)
            else:
                self._failing = ""
