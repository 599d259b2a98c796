"""`HashingVectorizer`: the terms of a text, counted in slots that a hash chooses."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.parts import Columns, Data, NotCompilableError, SparseOnlyError
from keepwell.deployment.scoring.steps.text.analysis import Analysis, analysis_of
from keepwell.deployment.scoring.steps.text.terms import MOST
from keepwell.deployment.scoring.steps.text.weights import scaled

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MASK = 0xFFFFFFFF
_SIGN = 0x80000000


class Hashing:
    """Counts terms by their hash.

    Args:
        width: Number of slots.
        analysis: Arguments of `Analysis`.
        binary: A slot is 1, however many terms fall into it.
        signed: Half of the terms count as -1, so that those that share a slot cancel out on average.
        norm: `l1`, `l2`, `max` or null: what the counts of a text are divided by.
    """

    def __init__(
        self, *, width: int, analysis: Data, binary: bool, signed: bool, norm: str | None
    ) -> None:
        self._width, self._analysis = width, Analysis(**analysis)
        self._binary, self._signed, self._norm = binary, signed, norm

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self._width

    @classmethod
    def read(cls, fitted: Any) -> Data:
        """Read the settings: a hash needs no fitting."""
        if fitted.n_features > MOST:
            raise SparseOnlyError(f"HashingVectorizer gives {fitted.n_features:,} columns")
        return cls.settings(fitted)

    @classmethod
    def settings(cls, fitted: Any) -> Data:
        """Read it, however many slots there are."""
        if np.dtype(fitted.dtype) != np.float64:
            raise NotCompilableError(f"HashingVectorizer counts in {np.dtype(fitted.dtype)}")
        return {
            "width": int(fitted.n_features),
            "analysis": analysis_of(fitted),
            "binary": bool(fitted.binary),
            "signed": bool(fitted.alternate_sign),
            "norm": fitted.norm,
        }

    def row(self, values: list[Any]) -> list[Any]:
        """Count the terms of one text."""
        result = [0.0] * self._width
        for slot, weight in zip(*self.counts(values[0]), strict=True):
            result[slot] = weight
        return result

    def counts(self, text: Any) -> tuple[list[int], list[float]]:
        """Return the slots that a text's terms fall into, ascending, and their weights."""
        counts: dict[int, float] = {}
        for term in self._analysis.terms(text):
            number = murmur(term)
            slot = abs(number) % self._width
            sign = -1.0 if self._signed and number < 0 else 1.0
            counts[slot] = 1.0 if self._binary else counts.get(slot, 0.0) + sign
        slots = sorted(counts)
        return slots, scaled([counts[slot] for slot in slots], self._norm)

    def batch(self, columns: Columns) -> "NDArray[Any]":
        """Count the terms of texts."""
        result = np.empty((len(columns[0]), self._width))
        for at, text in enumerate(columns[0].tolist()):
            result[at] = self.row([text])
        return result


@lru_cache(maxsize=65_536)
def murmur(term: str) -> int:
    """Return the signed 32-bit MurmurHash3 of a term's UTF-8, seed 0, which scikit-learn uses."""
    data = term.encode()
    value, whole = 0, len(data) & ~3
    for at in range(0, whole, 4):
        value ^= _mixed(int.from_bytes(data[at : at + 4], "little"))
        value = (_rotated(value, 13) * 5 + 0xE6546B64) & _MASK
    if whole < len(data):
        value ^= _mixed(int.from_bytes(data[whole:], "little"))
    value ^= len(data)
    value = ((value ^ (value >> 16)) * 0x85EBCA6B) & _MASK
    value = ((value ^ (value >> 13)) * 0xC2B2AE35) & _MASK
    value ^= value >> 16
    return value - 2 * _SIGN if value & _SIGN else value


def _mixed(block: int) -> int:
    return (_rotated((block * 0xCC9E2D51) & _MASK, 15) * 0x1B873593) & _MASK


def _rotated(value: int, by: int) -> int:
    return ((value << by) | (value >> (32 - by))) & _MASK
