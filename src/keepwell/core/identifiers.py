"""Identifiers that sort by time.

A ULID (https://github.com/ulid/spec): 48 bits of milliseconds, 80 random bits, 26 characters of
Crockford's base 32. Its time can be read back, which lets a lookup by id skip every file that was
written at another time.
"""

import os
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {char: value for value, char in enumerate(_ALPHABET)}
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]  # ten bits a step: twice as fast
_LENGTH = 26
_RANDOM_BITS = 80


def new_id(now: float | None = None) -> str:
    """Return a fresh ULID, stamped with `now` (Unix seconds) or the present."""
    millis = int((time.time() if now is None else now) * 1000)
    value = (millis << _RANDOM_BITS) | int.from_bytes(os.urandom(10), "big")
    pairs = _PAIRS
    return "".join([pairs[(value >> shift) & 1023] for shift in range(120, -1, -10)])


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
    for char in identifier[:10]:
        millis = millis * 32 + _VALUES[char]
    return millis / 1000
