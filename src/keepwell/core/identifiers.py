"""Identifiers that sort by time.

A ULID (https://github.com/ulid/spec): 48 bits of milliseconds, 80 random bits, 26 characters of
Crockford's base 32. Its time can be read back, which lets a lookup by id skip every file that was
written at another time.
"""

import os
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {char: value for value, char in enumerate(_ALPHABET)}
_LENGTH = 26
_TIME_LENGTH = 10
_TAIL_LENGTH = _LENGTH - _TIME_LENGTH
_AT_ONCE = 256  # random tails that one system call draws
_FIVE_BITS = bytes(ord(_ALPHABET[byte % 32]) for byte in range(256))

_tails: list[str] = []
_stamp = (-1, "")  # the last millisecond, and how it is written


def new_id(now: float | None = None) -> str:
    """Return a fresh ULID, stamped with `now` (Unix seconds) or the present."""
    global _stamp  # noqa: PLW0603 (read and replaced as one value, so threads need no lock)
    millis = int((time.time() if now is None else now) * 1000)
    known, written = _stamp
    if known != millis:
        written = "".join([_ALPHABET[(millis >> shift) & 31] for shift in range(45, -1, -5)])
        _stamp = (millis, written)
    try:
        return written + _tails.pop()  # one step for all threads: nobody else gets this tail
    except IndexError:
        fresh = _draw()
        _tails.extend(fresh[1:])
        return written + fresh[0]


def _draw() -> list[str]:
    drawn = os.urandom(_AT_ONCE * _TAIL_LENGTH).translate(_FIVE_BITS).decode()
    return [drawn[at : at + _TAIL_LENGTH] for at in range(0, len(drawn), _TAIL_LENGTH)]


# A child must not draw what its parent will.
os.register_at_fork(after_in_child=_tails.clear)


def is_id(text: str) -> bool:
    """Tell whether `text` has the form of a ULID."""
    return len(text) == _LENGTH and text[0] in "01234567" and all(char in _VALUES for char in text)


def time_of(identifier: str) -> float:
    """Return the Unix time in seconds that a ULID was stamped with.

    Raises:
        ValueError: If `identifier` is not a ULID.
    """
    if not is_id(identifier):
        raise ValueError(f"{identifier!r} is not a ULID")
    millis = 0
    for char in identifier[:_TIME_LENGTH]:
        millis = millis * 32 + _VALUES[char]
    return millis / 1000
