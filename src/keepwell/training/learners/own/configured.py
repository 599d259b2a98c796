"""An installed learner with the user's settings: `{lightgbm: {num_leaves: 8}}`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keepwell.features.preparation import Flavour
from keepwell.training.learners.base import Candidate, Fitted, Learner, Watch
from keepwell.training.problem import Matrix, Problem
from keepwell.training.trained import Params

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Configured:
    """Offers one candidate: the learner's first, with what the user set in place of its own."""

    label: str
    learner: Learner
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def flavour(self) -> Flavour:
        """The learner's."""
        return self.learner.flavour

    @property
    def interruptible(self) -> bool:
        """The learner's."""
        return self.learner.interruptible

    @property
    def stops_early(self) -> bool:
        """The learner's."""
        return bool(getattr(self.learner, "stops_early", False))

    @property
    def drawn(self) -> bool:
        """The learner's."""
        return bool(getattr(self.learner, "drawn", False))

    @property
    def epochs(self) -> bool:
        """The learner's."""
        return bool(getattr(self.learner, "epochs", False))

    @property
    def refitted(self) -> bool:
        """The learner's."""
        return bool(getattr(self.learner, "refitted", True))

    def candidates(self, problem: Problem) -> Sequence[Candidate]:
        """Return the one candidate; none if the learner has nothing to offer."""
        offered = list(self.learner.candidates(problem))[:1]
        given = shown(self.settings)
        return [
            Candidate(
                name=f"{self.label}/yours",
                learner=self.label,
                params=first.params
                | {k: v for k, v in given.items() if k not in first.preparation},
                preparation={k: given.get(k, v) for k, v in first.preparation.items()},
            )
            for first in offered
        ]

    @property
    def tail(self) -> float:
        """The learner's."""
        return float(getattr(self.learner, "tail", 0.0))

    def ready(self, problem: Problem) -> None:
        """Make the learner ready, if it has something to make."""
        if (make := getattr(self.learner, "ready", None)) is not None:
            make(problem)

    def seconds(self, rows: int, columns: int, classes: int) -> float:
        """Return the learner's guess."""
        return self.learner.seconds(rows, columns, classes)

    def fit(
        self,
        candidate: Candidate,
        problem: Problem,
        train: Matrix,
        target: "NDArray[Any]",
        weights: "NDArray[np.float64] | None",
        watch: Watch,
    ) -> Fitted:
        """Let the learner fit."""
        return self.learner.fit(candidate, problem, train, target, weights, watch)


def shown(settings: dict[str, Any]) -> Params:
    """Return settings as a leaderboard holds them: what is no plain value, as text."""
    plain = (str, int, float, bool, type(None))
    return {
        name: value if isinstance(value, plain) else str(value) for name, value in settings.items()
    }


if TYPE_CHECKING:
    _: type[Learner] = Configured
