"""Digests of files of any size, and who hears how far they are."""

import hashlib
from collections.abc import Callable
from typing import Any, BinaryIO, cast

Told = Callable[[int], None]
"""Hears how many bytes more are done."""

_PIECE = 1 << 20


def unheard(_bytes: int) -> None:
    """Hear nothing."""


def digest_of(file: BinaryIO, told: Told = unheard) -> str:
    """Return the SHA-256 of what is left to read in a file, as 64 hex digits."""
    digest = hashlib.sha256()
    piece = memoryview(bytearray(_PIECE))
    fill = cast("Any", file).readinto  # which every binary file has
    while size := fill(piece):
        digest.update(piece[:size])
        told(size)
    return digest.hexdigest()
