"""A store in a forked process: nobody is in the middle of anything when the copy is made.

SQLite and database sockets must not be used on both sides of a fork. So a fork waits until no thread
is inside a store; the child then drops what it inherited and opens its own when it first needs it.
"""

import os
import threading
import weakref
from collections.abc import Callable
from typing import Self


class Gate:
    """Many threads may be inside at once; a fork waits until none is, and holds the others off.

    Args:
        renew: Called in the child of a fork, before anything can enter.
    """

    def __init__(self, renew: Callable[[], None]) -> None:
        self._renew = weakref.WeakMethod(renew)
        self._reset()
        _gates.add(self)

    def __enter__(self) -> Self:
        with self._free:
            while self._shut:
                self._free.wait()
            self._inside += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._free:
            self._inside -= 1
            self._free.notify_all()

    def shut(self) -> None:
        """Wait until nobody is inside, and let nobody in."""
        with self._free:
            self._shut = True
            while self._inside:
                self._free.wait()

    def reopen(self) -> None:
        """Let the others in again."""
        with self._free:
            self._shut = False
            self._free.notify_all()

    def renew(self) -> None:
        """Start afresh in a child process."""
        self._reset()
        if (renew := self._renew()) is not None:
            renew()

    def _reset(self) -> None:
        self._free = threading.Condition()
        self._inside = 0
        self._shut = False


_gates: "weakref.WeakSet[Gate]" = weakref.WeakSet()
_one_fork = threading.Lock()


def _before() -> None:
    _one_fork.acquire()
    for gate in list(_gates):
        gate.shut()


def _in_parent() -> None:
    for gate in list(_gates):
        gate.reopen()
    _one_fork.release()


def _in_child() -> None:
    for gate in list(_gates):
        gate.renew()
    _one_fork.release()


os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
