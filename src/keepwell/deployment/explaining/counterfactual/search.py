"""The search: all single changes at once, then on from the best, then each change as small as can be."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.explaining.counterfactual.candidates import Candidates

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CHANGES = 5
WANTED = 3
BEAM = 12
_COLUMNS = 15  # that are tried together with others: those that move the answer most by themselves
_HALVINGS = 12
_AT_ONCE = 20_000

Changes = dict[int, Any]
"""By position of the column, its new canonical value."""

Reach = Callable[[Sequence["NDArray[Any]"]], "NDArray[np.float64]"]
"""By row how far it is beyond the goal: above 0 it has reached it, below 0 it falls short."""


@dataclass(frozen=True, slots=True)
class _State:
    changes: Changes
    reach: float
    distance: float


class Search:
    """Looks for changes to one row that reach a goal.

    Args:
        row: The row as canonical values, one array of length 1 a column.
        candidates: What may become of it.
        reach: Asks the model.
        until: When to stop, on the clock of `time.monotonic`.
    """

    def __init__(
        self,
        row: "Sequence[NDArray[Any]]",
        candidates: Candidates,
        reach: Reach,
        until: float,
    ) -> None:
        self._row = row
        self._candidates = candidates
        self._reach = reach
        self._until = until
        self.tried = 0
        self.late = False

    def run(self) -> list[Changes]:
        """Return changes that reach the goal, fewest and smallest first, no two of the same columns."""
        beam = [_State({}, -np.inf, 0.0)]
        movable = [at for at, values in enumerate(self._candidates.values) if values]
        found: dict[frozenset[int], _State] = {}
        for _ in range(min(MOST_CHANGES, len(movable))):
            level = self._extended(beam, movable)
            for state in sorted(level, key=lambda one: one.distance):
                columns = frozenset(state.changes)
                if state.reach > 0 and not any(known <= columns for known in found):
                    found[columns] = state
            if len(found) >= WANTED or self.late:
                break
            short = [state for state in level if state.reach <= 0]
            beam = _best(short, BEAM)
            movable = _strongest(short, movable)
            if not beam:
                break
        ranked = sorted(found.values(), key=lambda one: (len(one.changes), one.distance))
        smaller = [self._smaller(state.changes) for state in ranked[: 2 * WANTED]]
        return sorted(smaller, key=lambda one: (len(one), self._distance(one)))[:WANTED]

    def reaches(self, changes: Changes) -> bool:
        """Tell whether changes reach the goal."""
        return bool(self._asked([changes])[0] > 0)

    def _extended(self, beam: Sequence[_State], movable: Sequence[int]) -> list[_State]:
        """Return every state of the beam with one more change."""
        made: dict[tuple[tuple[int, Any], ...], Changes] = {}
        for state in beam:
            for at in movable:
                if at in state.changes:
                    continue
                for value in self._candidates.values[at]:
                    if value != self._row[at][0]:
                        changes = {**state.changes, at: value}
                        made[tuple(sorted(changes.items(), key=lambda one: one[0]))] = changes
        listed = list(made.values())
        states: list[_State] = []
        for start in range(0, len(listed), _AT_ONCE):
            if states and time.monotonic() > self._until:
                self.late = True
                break
            some = listed[start : start + _AT_ONCE]
            pairs = zip(some, self._asked(some).tolist(), strict=True)
            states += [_State(one, reach, self._distance(one)) for one, reach in pairs]
        self.late = self.late or time.monotonic() > self._until
        return states

    def _asked(self, many: Sequence[Changes]) -> "NDArray[np.float64]":
        self.tried += len(many)
        columns = [np.repeat(column, len(many)) for column in self._row]
        for row, changes in enumerate(many):
            for at, value in changes.items():
                columns[at][row] = value
        return self._reach(columns)

    def _distance(self, changes: Changes) -> float:
        return sum(
            self._candidates.distance(at, self._row[at][0], value) for at, value in changes.items()
        )

    def _smaller(self, changes: Changes) -> Changes:
        """Take back what is not needed, and bring numbers as near to the row as the goal allows."""
        changes = dict(changes)
        for at in sorted(changes, key=lambda at: -self._distance({at: changes[at]})):
            without = {key: value for key, value in changes.items() if key != at}
            if without and self.reaches(without):
                changes = without
        for at in list(changes):
            if not self._candidates.textual(at):
                changes[at] = self._nearest(changes, at)
        return changes

    def _nearest(self, changes: Changes, at: int) -> float:
        near, far = float(self._row[at][0]), float(changes[at])
        if not np.isfinite(near):
            return far
        start = near
        seen = self._candidates.values[at]
        near = float(
            min(max(near, min(seen)), max(seen))
        )  # a row may lie beyond what training has seen
        if near != start and self.reaches({**changes, at: near}):
            return near
        for _ in range(_HALVINGS):
            middle = self._candidates.between(at, near, far)
            if middle in (near, far):
                break
            if self.reaches({**changes, at: middle}):
                far = middle
            else:
                near = middle
        for short in self._candidates.rounded(at, far, start):
            if short != start and self.reaches({**changes, at: short}):
                return short
        return far


def _best(states: Sequence[_State], count: int) -> list[_State]:
    """Return the states that come nearest to the goal; of each set of columns the best only."""
    best: dict[frozenset[int], _State] = {}
    for state in sorted(states, key=lambda one: (-one.reach, one.distance)):
        best.setdefault(frozenset(state.changes), state)
    return list(best.values())[:count]


def _strongest(states: Sequence[_State], movable: Sequence[int]) -> list[int]:
    order: dict[int, None] = {}
    for state in sorted(states, key=lambda one: -one.reach):
        for at in state.changes:
            order.setdefault(at)
    return [at for at in order if at in movable][:_COLUMNS]
