"""Memory that a run was granted: of this process and of its children together."""

import math

import psutil

from keepwell.core.errors import TrainingError

LIBRARIES = 250 << 20
"""Bytes that a child takes before it does anything."""

OWN = 450 << 20
"""Bytes that this process takes with all that it loads for a training, without the rows."""

_TIMES = 4  # the bytes of a table, for what is made of it


class Grant:
    """Says how much of it is left for children.

    Law: what this process holds counts, but for what it held for something else before the run began.

    Args:
        memory: Bytes; None: half of what the machine has free, beside what this process holds already.
        rows: Bytes that it holds of the run's rows already.
    """

    def __init__(self, memory: int | None = None, rows: int = 0) -> None:
        before = resident()
        self._apart = max(before - OWN - rows, 0)
        self.memory = free_memory() + before - self._apart if memory is None else memory

    @classmethod
    def for_children(cls, memory: int) -> "Grant":
        """Return one of which this process takes nothing by what it holds now."""
        grant = cls(memory)
        grant._apart = resident()
        return grant

    @property
    def held(self) -> int:
        """Bytes that this process takes of it now."""
        return max(resident() - self._apart, 0)

    @property
    def left(self) -> int:
        """Bytes that children may take now, all together."""
        return max(self.memory - self.held, 0)

    def children(self, wanted: int, each: int, aside: int = 0) -> int:
        """Return how many children fit in, of those that are wanted; at least one.

        Args:
            wanted: How many there is work for.
            each: Bytes that one takes.
            aside: Bytes that this process has still to take.
        """
        return max(1, min(wanted, (self.left - aside) // max(each, 1)))

    def must_hold_a_child(self) -> None:
        """Refuse to start one that would be stopped at once.

        Raises:
            TrainingError: Says how much is needed.
        """
        if self.left < LIBRARIES:
            raise TrainingError(
                f"{self.memory / 1e6:,.0f} MB of memory are too little to fit anything in",
                why=f"this process takes {self.held / 1e6:,.0f} MB with the rows, and one that fits "
                f"{LIBRARIES / 1e6:,.0f} MB before it does anything",
                now=f"set `memory: {math.ceil((self.held + 1.5 * LIBRARIES) / 1e6)}MB` or more under "
                "`train:`",
            )


def must_hold_here(memory: int | None, rows: int, *, child: bool = True) -> None:
    """Refuse a table that is learnt from at once if the memory granted does not hold it.

    Args:
        memory: Bytes; None: nobody has said.
        rows: Bytes of the table.
        child: It is not tiny, so a child learns from it. What is recommended holds one in any case: a table
            may be tiny, and what is made of it not.

    Raises:
        TrainingError: Says how much is needed.
    """
    enough = OWN + LIBRARIES + _TIMES * rows
    if memory is not None and memory < (enough if child else enough - LIBRARIES):
        raise TrainingError(
            f"{memory / 1e6:,.0f} MB of memory are too little for this table",
            why=f"its rows, prepared and not, take some {_TIMES * rows / 1e6:,.0f} MB, the libraries "
            f"{OWN / 1e6:,.0f} MB here and {LIBRARIES / 1e6:,.0f} MB in a process that learns, and this "
            "task takes all rows at once",
            now=f"set `memory: {math.ceil(enough / 1e6)}MB` or more under `train:`",
        )


def free_memory() -> int:
    """Return the bytes that a run may take unless the project says otherwise: half of what is free."""
    available: int = psutil.virtual_memory().available
    return available // 2


def resident() -> int:
    """Return the bytes that this process takes."""
    taken: int = psutil.Process().memory_info().rss
    return taken
