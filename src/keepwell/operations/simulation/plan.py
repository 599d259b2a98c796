"""What is asked of a simulation."""

from dataclasses import dataclass

from keepwell.operations.simulation.acting.assent import NOBODY


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What of the past is replayed, and how.

    Attributes:
        since: The beginning; None: the first prediction.
        until: The end; None: when the last prediction was asked, or the last outcome came.
        step: Seconds between two looks; None: chosen by the time and the policies.
        train: Seconds that each retraining may use; None: retrainings are only noted.
        act: Carry out what changes answers, such as rolling back; a plan that trains does.
        approve: What is assumed of people who must agree: `none` of them does, or `all` do.
    """

    since: float | None = None
    until: float | None = None
    step: float | None = None
    train: float | None = None
    act: bool = False
    approve: str = NOBODY

    @property
    def acts(self) -> bool:
        """Whether what changes answers is carried out."""
        return self.act or self.train is not None
