"""How much windows of training's own history differ from all of it: what a monitor must not cry about.

Seasons, weekdays and slow walks make any stretch of time unlike the whole, and no count of rows says so.
Where the rows of training have a time, the floor is learnt from them: windows as long as the live one, cut
from the history as it was, or put together from long blocks of it where the history is short (block
bootstrap).
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keepwell.core.records import Profile
from keepwell.monitoring.drift import AUTO, measure
from keepwell.monitoring.sketches import Block, Layout

PIECES = 64
"""Pieces that the history is cut into; accumulators are added, so any run of them is a window for free."""

_WINDOWS = 60
_SHORT = 3  # windows that a history must hold for windows to be cut from it as they are
_RUN = 4  # pieces of a block, where windows are put together
_SURE = 1.1  # beyond the largest of sixty


def learn_floors(
    history: Mapping[str, Any], profile: Profile, rows: int, *, detector_name: str = AUTO
) -> dict[str, float]:
    """Return, by column, the largest effect that chance and seasons had in windows of so many rows.

    Args:
        history: Columns (Arrow) of training's rows in the order of time.
        profile: What windows are compared with.
        rows: Of a live window.
        detector_name: Measures the effect.
    """
    past = cut(history, profile)
    return floors_of(past, rows, detector_name=detector_name) if past is not None else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A history in pieces: all that floors are learnt from, for windows of any size.

    Attributes:
        rows: Of all pieces together.
        layout: Of the columns.
        pieces: The accumulators of equal stretches, the oldest first.
    """

    rows: int
    layout: Layout
    pieces: list[Block]


def cut(history: Mapping[str, Any], profile: Profile) -> Past | None:
    """Return a history in pieces; None if it is too short for that."""
    known = [one for one in profile.columns if one.name in history]
    total = len(history[known[0].name]) if known else 0
    if total < 2 * PIECES:
        return None
    layout = Layout(known)
    ends = np.linspace(0, total, PIECES + 1).astype(int)
    pieces = []
    for start, end in itertools.pairwise(ends.tolist()):
        block = layout.block()
        block.add({one.name: history[one.name].slice(start, end - start) for one in known})
        pieces.append(block)
    return Past(rows=total, layout=layout, pieces=pieces)


def floors_of(past: Past, rows: int, *, detector_name: str = AUTO) -> dict[str, float]:
    """Return the floors of windows of so many rows, by column."""
    if rows < 1:
        return {}
    floors: dict[str, float] = {}
    length = max(1, round(rows * PIECES / past.rows))
    for window in _windows(past.pieces, past.layout, length):
        for name, counted in window.counted().items():
            difference = measure(counted, detector_name)
            if difference is not None:
                floors[name] = max(floors.get(name, 0.0), _SURE * difference.effect)
    return floors


def _windows(pieces: list[Block], layout: Layout, length: int) -> list[Block]:
    random = np.random.default_rng(0)
    made: list[Block] = []
    runs: list[Sequence[int]] = []
    if length * _SHORT <= PIECES:
        places = np.unique(np.linspace(0, PIECES - length, _WINDOWS).astype(int))
        runs += [range(place, place + length) for place in places]
    else:
        for _ in range(_WINDOWS):
            starts = random.integers(
                0, PIECES - _RUN + 1, max(1, round(min(length, PIECES) / _RUN))
            )
            runs.append([start + step for start in starts for step in range(_RUN)])
    for run in runs:
        block = layout.block()
        for at in run:
            block.merge(pieces[at])
        made.append(block)
    return made
