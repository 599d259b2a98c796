"""Several workers take connections off one listening socket, each its share.

All of them wake when a client comes. Left to chance, one worker may end up with most of the clients. So
each says how many it has in a file that all map into memory; one that has more than another waits a
moment before it takes the next, and takes it then if nobody else did. Workers come and go: who is not
there has said nothing.
"""

import asyncio
import contextlib
import mmap
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from keepwell.deployment.server.pools.files import COUNT_BYTES, MOST_INDEXES

_COUNTS = struct.Struct(
    f"<{MOST_INDEXES}i"
)  # one more than there are clients; 0: there is no such worker
_COUNT = struct.Struct("<i")
_MOMENT = 0.002  # seconds that a worker leaves to the others for each client that it has more
_LONGEST = 0.02
_STARVED = 0.1  # seconds until the next try where no more files may be open


class Shares:
    """How many clients each worker has.

    Args:
        path: The file that all workers of a server map.
        index: Which worker this is.
    """

    def __init__(self, path: Path, index: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        size = _COUNTS.size
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if os.fstat(descriptor).st_size < size:
                os.ftruncate(descriptor, size)
            self._memory = mmap.mmap(descriptor, size)
        finally:
            os.close(descriptor)
        self._index = index
        self.tell(0)

    def tell(self, clients: int) -> None:
        """Say how many clients this worker has."""
        _COUNT.pack_into(self._memory, self._index * COUNT_BYTES, clients + 1)

    def leave(self) -> None:
        """Say that this worker takes no more."""
        _COUNT.pack_into(self._memory, self._index * COUNT_BYTES, 0)

    def surplus(self) -> int:
        """Return how many clients more than another this worker has, at most."""
        counts = _COUNTS.unpack_from(self._memory)
        own: int = counts[self._index]
        return own - min(filter(None, counts), default=own)


class Acceptance:
    """Takes connections off a socket, one at a time, if others do not have fewer.

    Args:
        listener: The socket.
        shares: Who has how many.
        protocol: Makes the protocol of a connection.
    """

    def __init__(
        self, listener: socket.socket, shares: Shares, protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        self._listener, self._shares, self._protocol = listener, shares, protocol
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.TimerHandle | None = None
        self._opening: set[asyncio.Task[object]] = set()
        listener.setblocking(False)
        self._loop.add_reader(listener.fileno(), self._ready)

    def close(self) -> None:
        """Take no more; others that hold the socket still do."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._loop.remove_reader(self._listener.fileno())
        self._listener.close()

    def _ready(self) -> None:
        surplus = self._shares.surplus()
        if surplus:
            self._pause(min(surplus * _MOMENT, _LONGEST))
        elif not self._take():
            self._pause(_STARVED)

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener.fileno())
        self._waiting = self._loop.call_later(seconds, self._take_what_is_left)

    def _take_what_is_left(self) -> None:
        self._waiting = None
        if self._take():
            self._loop.add_reader(self._listener.fileno(), self._ready)
        else:
            self._waiting = self._loop.call_later(_STARVED, self._take_what_is_left)

    def _take(self) -> bool:
        """Take a connection, if there is one; tell whether more may be taken."""
        try:
            opened, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return True
        except OSError:  # no more files may be open: who waits goes on waiting, who is in is served
            return False
        with contextlib.suppress(OSError):  # it is gone again
            opened.setblocking(False)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, opened))
        self._opening.add(task)
        task.add_done_callback(self._opened)
        return True

    def _opened(self, task: "asyncio.Task[object]") -> None:
        self._opening.discard(task)
        if not task.cancelled():
            task.exception()  # the client was gone before it was there
