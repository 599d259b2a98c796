"""Parcels on their way through the endpoint: asked about when booked, told about when it is known."""

import heapq
import itertools
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from keepwell.cli.demo.client import Answer
from keepwell.cli.demo.ledger import Ledger
from keepwell.cli.demo.world import Parcel, World

OUTCOMES_A_POST = 500
ASK_EVERY = 1 / 48  # days: a request holds the parcels of half an hour
TELL_EVERY = 0.5  # days: confirmations are gathered and sent twice a day


class Desk(Protocol):
    """Where parcels are asked about: the real endpoint, or a test's."""

    def predict(self, instances: list[dict[str, Any]]) -> Answer:
        """Ask for predictions."""
        ...

    def feedback(self, outcomes: list[dict[str, Any]]) -> dict[str, int]:
        """Tell what became of earlier predictions."""
        ...


class Traffic:
    """Plays the world to the endpoint up to a time, never telling what is not known yet.

    Args:
        world: Where the parcels come from.
        desk: Who is asked about them.
        frozen: The first model version, asked the same beside it, to know what it would have said.
        start: The day from which on parcels are asked about.
    """

    def __init__(
        self,
        world: World,
        desk: Desk,
        frozen: Callable[[list[dict[str, Any]]], list[str]],
        *,
        start: int,
    ) -> None:
        self.ledger = Ledger()
        self.asked = 0
        self.told = 0
        self.version = 0
        self._desk = desk
        self._frozen = frozen
        self._parcels = self._booked(world, start)
        self._next = next(self._parcels)
        self._told_at = float(start)
        self._open: list[tuple[float, str, str, str, Parcel]] = []

    def advance(self, until: float) -> None:
        """Let the world go on to the day `until`."""
        batch: list[Parcel] = []
        while self._next.booked_at < until:
            if batch and batch[0].booked_at // ASK_EVERY != self._next.booked_at // ASK_EVERY:
                self._ask(batch)
                batch = []
            batch.append(self._next)
            self._next = next(self._parcels)
        if batch:
            self._ask(batch)
        if until >= self._told_at + TELL_EVERY:
            self._told_at = until
            self._tell(until)

    def _ask(self, batch: list[Parcel]) -> None:
        instances = [parcel.question() for parcel in batch]
        answer, still = self._desk.predict(instances), self._frozen(instances)
        self.asked += len(batch)
        self.version = answer.version
        for parcel, name, said, frozen in zip(
            batch, answer.ids, answer.predictions, still, strict=True
        ):
            heapq.heappush(self._open, (parcel.known_at, name, said, frozen, parcel))

    def _tell(self, until: float) -> None:
        known = []
        while self._open and self._open[0][0] <= until:
            known.append(heapq.heappop(self._open))
        outcomes = [{"prediction_id": name, "outcome": p.outcome} for _, name, _, _, p in known]
        for first in range(0, len(outcomes), OUTCOMES_A_POST):
            self._desk.feedback(outcomes[first : first + OUTCOMES_A_POST])
        self.told += len(known)
        for _, _, said, frozen, parcel in known:
            self.ledger.add(
                int(parcel.booked_at),
                served=said == parcel.outcome,
                frozen=frozen == parcel.outcome,
            )

    @staticmethod
    def _booked(world: World, start: int) -> Iterator[Parcel]:
        for day in itertools.count(start):
            yield from world.day(day)
