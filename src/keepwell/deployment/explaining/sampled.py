"""Contributions of any model, sampled: Shapley values by walks from typical rows to the row.

A walk starts at a typical row and takes over the columns of the row one by one, in a random order; what
the output does at each step is that column's share in this walk. Each order is walked back too, which
halves most of the noise. The shares of a walk add up to the difference of its ends, so their means and
the mean of the starts add up to the output exactly, whatever the noise.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Answer = Callable[[Sequence["NDArray[Any]"]], "NDArray[np.float64]"]

MOST_PAIRS = 200
FEWEST_PAIRS = 2
_AT_ONCE = 4096  # rows that are scored in one call


@dataclass(frozen=True, slots=True, kw_only=True)
class Walks:
    """Of one row: by output the mean share of each column, its standard error, and the mean start."""

    values: "NDArray[np.float64]"
    errors: "NDArray[np.float64]"
    base: "NDArray[np.float64]"
    samples: int


def walk(
    answer: Answer,
    row: "Sequence[NDArray[Any]]",
    typical: "Sequence[NDArray[Any]]",
    *,
    until: float,
    seed: int = 0,
) -> Walks:
    """Sample the contributions to a row's output.

    Args:
        answer: The model: one row of outputs per row.
        row: The row, one array of length 1 a column.
        typical: Rows that stand for all rows.
        until: When to stop, on the clock of `time.monotonic`; a few walks are always made.
        seed: Equal seeds, equal walks; how many there is time for may differ.
    """
    random = np.random.default_rng(seed)
    width, starts = len(row), len(typical[0])
    at_once = max(1, _AT_ONCE // (2 * (width + 1)))
    shares: list[NDArray[np.float64]] = []
    begun: list[NDArray[np.float64]] = []
    pairs = 0
    while pairs < MOST_PAIRS and (pairs < FEWEST_PAIRS or time.monotonic() < until):
        count = min(at_once, MOST_PAIRS - pairs, FEWEST_PAIRS if not pairs else at_once)
        picked = [(pairs + number) % starts for number in range(count)]
        orders = [random.permutation(width) for _ in range(count)]
        share, start = _pairs(answer, row, typical, picked, orders)
        shares.append(share)
        begun.append(start)
        pairs += count
    stacked = np.concatenate(shares)
    spread = stacked.std(axis=0, ddof=1) / np.sqrt(len(stacked))
    return Walks(
        values=stacked.mean(axis=0),
        errors=spread,
        base=np.concatenate(begun).mean(axis=0),
        samples=2 * pairs,
    )


def _pairs(
    answer: Answer,
    row: "Sequence[NDArray[Any]]",
    typical: "Sequence[NDArray[Any]]",
    picked: Sequence[int],
    orders: "Sequence[NDArray[np.int64]]",
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Return by pair of walks (there and back), output and column the share; and the starts."""
    width = len(row)
    steps = width + 1
    taken = np.zeros((len(orders), 2, steps, width), dtype=bool)
    for number, order in enumerate(orders):
        for way, walked in enumerate((order, order[::-1])):
            for step, column in enumerate(walked):
                taken[number, way, step + 1 :, column] = True
    flat = taken.reshape(-1, width)
    origin = np.repeat(np.asarray(picked), 2 * steps)
    columns = [
        np.where(flat[:, at], row[at][0], typical[at][origin]).astype(typical[at].dtype)
        for at in range(width)
    ]
    outputs = answer(columns).reshape(len(orders), 2, steps, -1)
    gained = np.diff(outputs, axis=2)
    shares = np.empty((len(orders), outputs.shape[-1], width))
    for number, order in enumerate(orders):
        there = np.empty((width, outputs.shape[-1]))
        back = np.empty_like(there)
        there[order] = gained[number, 0]
        back[order[::-1]] = gained[number, 1]
        shares[number] = ((there + back) / 2).T
    return shares, outputs[:, 0, 0, :]
