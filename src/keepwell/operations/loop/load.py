"""How much is asked of an endpoint, beside what it could do and what is usual."""

from dataclasses import dataclass

HIGH_SHARE = 0.8
LOW_SHARE = 0.2
HIGH_RATIO = 2.0
LOW_RATIO = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Requests a second, with two things to hold them against.

    Attributes:
        rate: Requests a second, lately; None where that is not known.
        capacity: What the workers that there are could do; None where that is not known.
        usual: The usual rate of this hour of the day; None where there is no history.
        workers: How many workers answer.
    """

    rate: float | None = None
    capacity: float | None = None
    usual: float | None = None
    workers: int = 0

    @property
    def share(self) -> float | None:
        """The share of what the workers could do that is asked for."""
        return None if self.rate is None or not self.capacity else self.rate / self.capacity

    @property
    def ratio(self) -> float | None:
        """How many times the usual is asked for."""
        return None if self.rate is None or not self.usual else self.rate / self.usual

    @property
    def level(self) -> str:
        """`low`, `normal` or `high`; empty where nothing is known to hold it against.

        What the workers can do decides; the usual of the hour only makes high what is twice of it, and low
        what is under half of it where nobody knows what the workers can do.
        """
        share, ratio = self.share, self.ratio
        if self.rate == 0:
            return "low"
        if share is None and ratio is None:
            return ""
        if (share is not None and share >= HIGH_SHARE) or (
            ratio is not None and ratio >= HIGH_RATIO
        ):
            return "high"
        if share is not None:
            return "low" if share <= LOW_SHARE else "normal"
        return "low" if ratio is not None and ratio <= LOW_RATIO else "normal"


UNKNOWN_LOAD = Load()
