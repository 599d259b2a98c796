"""Who was right, and when: the score that the demo keeps of the live model and of the frozen one."""

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Of so many parcels, how many each model got right."""

    parcels: int = 0
    served: int = 0
    frozen: int = 0


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Shares of parcels that the live model and the frozen one got right, over the same parcels."""

    parcels: int
    served: float
    frozen: float


@dataclass(slots=True)
class Ledger:
    """Keeps the score by the day on which a parcel was booked.

    >>> ledger = Ledger()
    >>> ledger.add(3, served=True, frozen=False)
    >>> ledger.over(0, 7)
    Accuracy(parcels=1, served=1.0, frozen=0.0)
    """

    days: dict[int, Tally] = field(default_factory=lambda: defaultdict(Tally))

    def add(self, day: int, *, served: bool, frozen: bool) -> None:
        """Count one parcel whose outcome is known."""
        tally = self.days[day]
        tally.parcels += 1
        tally.served += served
        tally.frozen += frozen

    def over(self, start: int, end: int) -> Accuracy | None:
        """Return the accuracy over the days `start` to `end - 1`; None if nothing is known of them."""
        parcels = served = frozen = 0
        for day in range(start, end):
            tally = self.days.get(day)
            if tally is not None:
                parcels += tally.parcels
                served += tally.served
                frozen += tally.frozen
        if not parcels:
            return None
        return Accuracy(parcels, served / parcels, frozen / parcels)

    def curve(self, start: int, end: int, *, smooth: int = 3) -> list[Accuracy | None]:
        """Return one value a day, each over the `smooth` days that end with it."""
        return [self.over(max(start, day - smooth + 1), day + 1) for day in range(start, end)]
