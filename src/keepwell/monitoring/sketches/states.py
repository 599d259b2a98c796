"""Accumulators as they are stored: merged without knowing what their sums mean."""

import zlib
from collections.abc import Iterable

import msgspec
import numpy as np

from keepwell.monitoring.sketches.frequent import count_labels

State = tuple[str, bytes, dict[str, dict[str, int]]]
"""Digest of the layout, the sums, and by column the labels that training never saw."""

_read = msgspec.msgpack.Decoder(State).decode
_write = msgspec.msgpack.Encoder().encode


def merge_states(states: Iterable[bytes]) -> list[bytes]:
    """Return one state for each layout among these."""
    merged: dict[
        str, tuple[np.ndarray[tuple[int], np.dtype[np.float64]], dict[str, dict[str, int]]]
    ]
    merged = {}
    for state in states:
        digest, packed, fresh = _read(state)
        sums = np.frombuffer(zlib.decompress(packed))
        if digest not in merged:
            merged[digest] = sums.copy(), fresh
            continue
        total, labels = merged[digest]
        total += sums
        for name, counts in fresh.items():
            count_labels(labels.setdefault(name, {}), counts.items())
    return [pack(digest, sums, fresh) for digest, (sums, fresh) in merged.items()]


def pack(
    digest: str,
    sums: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    fresh: dict[str, dict[str, int]],
) -> bytes:
    """Return a state in a compact form: sums are mostly small whole numbers."""
    return _write((digest, zlib.compress(sums.tobytes(), 1), fresh))


def unpack(
    state: bytes,
) -> tuple[str, "np.ndarray[tuple[int], np.dtype[np.float64]]", dict[str, dict[str, int]]]:
    """Return what was packed."""
    digest, packed, fresh = _read(state)
    return digest, np.frombuffer(zlib.decompress(packed)).copy(), fresh
