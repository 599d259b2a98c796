"""Ctrl-C, also where a library swallows the exception that it raises."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Remembers that somebody pressed Ctrl-C."""

    def __init__(self) -> None:
        self.came = False

    def check(self) -> None:
        """Raise what Ctrl-C raises, if it was pressed and nobody heard of it.

        Raises:
            KeyboardInterrupt: Then.
        """
        if self.came:
            raise KeyboardInterrupt


@contextmanager
def heeding() -> Iterator[Interruption]:
    """Listen for Ctrl-C besides Python's own handling, where that is in place (the main thread's)."""
    heard = Interruption()

    def handler(number: int, frame: FrameType | None) -> None:
        heard.came = True
        signal.default_int_handler(number, frame)

    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield heard
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield heard
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
