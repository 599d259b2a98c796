"""What is still to be done once a model is fitted, and how long that is likely to take.

Rows have to be prepared again to be tested on, and pictures take milliseconds each: a part that would take
too long is done on fewer rows.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keepwell.training.problem import Problem
from keepwell.training.search.matrices import prepare

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEW, _MORE, _MANY = 16, 64, 512  # rows that are timed; many only if few were quick
_QUICK = 0.05  # seconds
_SLOWEST = 4.0  # times that a busy machine may take for the same work
_FIXED = 0.15  # seconds of what depends on no row
_LOOKS = 0.5  # of the look at the rows: profile and figures
_FEWEST = 200  # rows that are tested on, whatever they take
_TESTED, _COMPARED, _MOVED = 0.1, 0.03, 0.03  # of the budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """What the caller does with a model before the time is up.

    Attributes:
        rows: That it has answered.
        share: Of the budget, which it holds that down to.
        seconds: For the rest.
    """

    rows: int = 0
    share: float = 0.05
    seconds: float = 0.0


class Afterwards:
    """Expects what measuring takes.

    Args:
        problem: What is to be learnt.
        budget: Seconds in all.
        look: Seconds that the first look at the rows took.
        following: What comes after the measuring.
        now: A clock of the time that this process works: what others do to the machine passes.

    Attributes:
        per_row: Seconds in which one row is prepared.
    """

    def __init__(
        self,
        problem: Problem,
        budget: float,
        look: float,
        following: Following,
        now: Callable[[], float] = time.process_time,
    ) -> None:
        start, worked = time.perf_counter(), now()
        self.per_row = _row_seconds(problem, now)
        waited = (time.perf_counter() - start) / max(now() - worked, 1e-9)
        self._slowness = min(max(waited, 1.0), _SLOWEST)
        self._budget = budget
        self._look = look
        self._following = following
        self._tested = 0

    def tested(self, rows: "NDArray[np.int64]", seed: int) -> "NDArray[np.int64]":
        """Return the rows to test on: all, or those that there is time for, drawn at random."""
        most = affordable(len(rows), _TESTED * self._budget, self.per_row, _FEWEST)
        self._tested = most
        if most >= len(rows):
            return rows
        return np.sort(np.random.default_rng(seed + 8).permutation(rows)[:most])

    def compared(self, wanted: int, answering: float = 0.0) -> int:
        """Return how many rows the model may be compared with itself on."""
        return affordable(wanted, _COMPARED * self._budget, self.per_row + answering, _FEWEST // 4)

    def moved(self, wanted: int, columns: int, answering: float = 0.0) -> int:
        """Return how many rows may be answered with each column shuffled."""
        each = (self.per_row + answering) * (columns + 1)
        return affordable(wanted, _MOVED * self._budget, each, _FEWEST // 4)

    def seconds(self, answering: float = 0.0) -> float:
        """Return the seconds to keep for what comes after the last fit.

        Args:
            answering: Seconds in which a prepared row is answered.
        """
        each = self.per_row + answering
        following = min(self._following.rows * each, self._following.share * self._budget)
        rows = each * self._tested + min(each * 6_000, (_COMPARED + _MOVED) * self._budget)
        wanted = _FIXED + _LOOKS * self._look + rows + following + self._following.seconds
        return min(wanted * self._slowness, 0.5 * self._budget)


def affordable(wanted: int, seconds: float, each: float, least: int) -> int:
    """Return as many of the wanted rows as can be had for so many seconds; `least`, if that is more."""
    if wanted * each <= seconds:
        return wanted
    return min(wanted, max(least, int(seconds / each)))


def _row_seconds(problem: Problem, now: Callable[[], float]) -> float:
    """Return the seconds in which a row is prepared: what more rows take beyond what few take."""
    _timed(problem, _FEW, now)  # the first time, libraries are loaded
    few = min(_timed(problem, _FEW, now) for _ in range(2))
    rows = min(_MORE if few > _QUICK else _MANY, problem.rows)
    if rows <= _FEW:
        return few / rows
    return max(_timed(problem, rows, now) - few, 0.0) / (rows - _FEW)


def _timed(problem: Problem, rows: int, now: Callable[[], float]) -> float:
    chosen = np.linspace(0, problem.rows - 1, min(rows, problem.rows)).astype(np.int64)
    start = now()
    prepare(problem, "tree", chosen)
    return now() - start
