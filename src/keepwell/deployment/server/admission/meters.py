"""How much a consumer has used, counted once for all workers: 32 bytes of shared memory a token.

A file a token, mapped by every worker and locked for the microsecond of a change. It outlives workers, so
a restart gives no quota back.
"""

import fcntl
import mmap
import os
import struct
from pathlib import Path

from keepwell.core.errors import KeepwellError
from keepwell.core.records import Token

_STATE = struct.Struct("<ddqq")  # requests left, when that was so, day, rows used on that day
_DAY = 86_400.0


class LimitError(KeepwellError):
    """A consumer has used what its token allows, for now."""

    headline = "Too much at once"
    http_status = 429


class Meters:
    """The meters of a worker, opened when they are first needed and kept for its life.

    Args:
        folder: Where they lie; made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, Meter] = {}

    def of(self, token: Token) -> "Meter":
        """Return the meter of a token."""
        found = self._open.get(token.id)
        if found is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            found = self._open[token.id] = Meter(self._folder / token.id, token)
        return found


class Meter:
    """What one token has used.

    Args:
        path: Its file.
        token: Whose.
    """

    def __init__(self, path: Path, token: Token) -> None:
        self._token = token
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(self._file, _STATE.size)
        self._memory = mmap.mmap(self._file, _STATE.size)

    def used(self, now: float) -> int:
        """Return the rows used on the day of `now`."""
        _, _, day, rows = _STATE.unpack(self._memory)
        return rows if day == int(now // _DAY) else 0

    def request(self, now: float) -> None:
        """Take one request off the rate: a bucket of `burst`, refilled by `rate` a second.

        Raises:
            LimitError: If the bucket is empty; says when the next request may come.
        """
        token = self._token
        if token.rate is None:
            return
        with _Locked(self._file):
            left, then, day, rows = _STATE.unpack(self._memory)
            if then == 0.0:
                left = float(token.burst)
            left = min(float(token.burst), left + max(0.0, now - then) * token.rate)
            allowed = left >= 1.0
            _STATE.pack_into(self._memory, 0, left - allowed, now, day, rows)
        if not allowed:
            wait = (1.0 - left) / token.rate
            raise LimitError(
                f"'{token.name}' sends more than {token.rate:g} requests a second",
                why="that is what its token allows, over all workers",
                now=f"try again in {wait:.2f} s, or send more rows in one request",
                details={"limit": token.rate, "retry_after": wait},
            )

    def rows(self, count: int, now: float) -> None:
        """Take rows off the day's quota, all or none.

        Raises:
            LimitError: If fewer are left; says when the next day begins.
        """
        token = self._token
        if token.quota is None:
            return
        today = int(now // _DAY)
        with _Locked(self._file):
            left, then, day, used = _STATE.unpack(self._memory)
            used = used if day == today else 0
            allowed = used + count <= token.quota
            if allowed:
                _STATE.pack_into(self._memory, 0, left, then, today, used + count)
        if not allowed:
            wait = (today + 1) * _DAY - now
            raise LimitError(
                f"'{token.name}' has {token.quota - used:,} rows left today, the request has {count:,}",
                why=f"its token allows {token.quota:,} rows a day (UTC)",
                now=f"try again in {wait / 3600:.1f} h, or have the quota raised",
                details={"limit": token.quota, "used": used, "retry_after": wait},
            )


class _Locked:
    """Holds a file's lock for the length of a block."""

    __slots__ = ("_file",)

    def __init__(self, file: int) -> None:
        self._file = file

    def __enter__(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
