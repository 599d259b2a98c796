"""Ctrl-C, also where a library swallows the exception that it raises."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Remembers that somebody asked the process to stop."""

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
def heeding(*others: signal.Signals) -> Iterator[Interruption]:
    """Listen for Ctrl-C, in the main thread and unless somebody else does or it is ignored.

    Args:
        others: Signals that are to do the same in any case, such as SIGTERM.
    """
    heard = Interruption()

    def handler(number: int, frame: FrameType | None) -> None:
        heard.came = True
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield heard
        return
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    numbers = (signal.SIGINT, *others) if usual else others
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield heard
    finally:
        for number, handling in before.items():
            signal.signal(number, handling)
