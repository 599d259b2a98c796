"""The ways of recommending that are tried."""

from dataclasses import asdict, dataclass
from typing import Any

from keepwell.features.recommendation.recommender import RANKERS
from keepwell.training.learners.base import FIRST, Candidate
from keepwell.training.trained import Params


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of recommending.

    Attributes:
        name: On the leaderboard.
        method: What ranks the items.
        width: Of the items' vectors.
        regularisation: Of the vectors.
        confidence: How much more an event says than none.
        half_lives: In how many halves of its weight an event ages from the first to the last.
        fresh: How users are served who are asked about as if they had done nothing; empty: as they are.
    """

    name: str
    method: str
    width: int = 0
    regularisation: float = 0.1
    confidence: float = 10.0
    half_lives: float = 5.0
    fresh: str = ""

    @property
    def params(self) -> Params:
        """Return its settings."""
        if self.method == "recency":
            return {"half_lives": self.half_lives}
        if not self.width:
            return {}
        return {
            "width": self.width,
            "regularisation": self.regularisation,
            "confidence": self.confidence,
        }

    @property
    def ranks(self) -> bool:
        """Whether a model puts what is proposed in order."""
        return self.method in RANKERS

    @property
    def candidate(self) -> Candidate:
        """Return it as jobs name it."""
        learner = FIRST if self == WAYS[0] else self.method
        return Candidate(
            name=self.name, learner=learner, params=self.params, preparation=asdict(self)
        )

    @classmethod
    def of(cls, candidate: Candidate) -> "Way":
        """Return what a job names."""
        told: dict[str, Any] = dict(candidate.preparation)
        return cls(**told)


WAYS = (
    Way(name="baseline", method="popularity"),
    Way(name="popularity/recent", method="recency"),
    Way(name="popularity/newest", method="recency", half_lives=30.0),
    Way(name="neighbours", method="neighbours"),
    Way(name="ranker/light", method="ranker"),
    Way(name="factors/32", method="factors", width=32),
)
RANKER = Way(name="ranker", method="ranker")
BY_DESCRIPTIONS = (
    Way(name="alike", method="alike"),
    Way(name="described/light", method="described"),
    Way(name="described", method="described"),
)
MORE = (
    Way(name="factors/64 loose", method="factors", width=64, confidence=3.0),
    Way(name="factors/16 tight", method="factors", width=16, regularisation=1.0),
)
COLD = ("popularity", "audience")
"""How somebody without events may be served."""
