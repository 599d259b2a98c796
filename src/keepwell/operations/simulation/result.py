"""What a simulation found, as values."""

from collections.abc import Sequence
from dataclasses import dataclass

from keepwell.core.records import Decision, Incident, Intervention
from keepwell.operations.loop.retrainings import Retraining

SIMULATED = "simulated"
"""Resolution of an incident whose retraining was only noted: what came of it nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityPoint:
    """How good answers were in a stretch of time.

    Attributes:
        time: Where it begins.
        value: Of the metric; None where the rows cannot decide it.
        rows: Answers of that time with an outcome.
    """

    time: float
    value: float | None
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How good answers were, by all outcomes that ever came.

    Attributes:
        metric: By what.
        value: Over all rows; None where they cannot decide it.
        rows: How many those are.
        points: Over time, oldest first.
        metrics: Other metrics over all rows, by name.
    """

    metric: str
    value: float | None
    rows: int
    points: tuple[QualityPoint, ...] = ()
    metrics: dict[str, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrained:
    """One retraining of a simulated policy.

    Attributes:
        request: What was asked for.
        outcomes: Predictions whose outcome was known at that time.
        status: `noted` (nothing was trained), `done` or `failed`.
        seconds: That it took.
        candidate: The version that it made.
        window: The rows that won.
        passed: Whether the candidate passed its gate.
        better: Whether it was better than the champion beyond doubt.
        error: Why it failed.
    """

    request: Retraining
    outcomes: int
    status: str = "noted"
    seconds: float = 0.0
    candidate: int = 0
    window: str = ""
    passed: bool = False
    better: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervened:
    """One use of a playbook that does not train.

    Attributes:
        intervention: As it stood in the end.
        simulated: Answers followed from it; else it was noted only: `outcome` says why.
    """

    intervention: Intervention
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """A version became champion.

    Attributes:
        time: When.
        version: Which.
        why: What brought it there.
    """

    time: float
    version: int
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What was decided over a time: by a simulated policy, or really.

    Attributes:
        name: Whose.
        decisions: Oldest first, without the waiting.
        incidents: Oldest first, as they stood in the end.
        retrainings: Oldest first.
        interventions: What was done, or proposed, besides training, oldest first.
        takeovers: New champions, oldest first.
        quality: How good the answers were; None where nothing can be measured.
        looks: How often was looked; 0 of what really happened: that is not recorded.
        training: Seconds that all retrainings took; None where none was carried out.
        notes: What to know about it.
    """

    name: str
    decisions: tuple[Decision, ...] = ()
    incidents: tuple[Incident, ...] = ()
    retrainings: tuple[Retrained, ...] = ()
    interventions: tuple[Intervened, ...] = ()
    takeovers: tuple[Takeover, ...] = ()
    quality: Quality | None = None
    looks: int = 0
    training: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def trainings(self) -> int:
        """How many of the retrainings train: one that proves an earlier challenger does not."""
        return sum(one.request.mode != "prove" for one in self.retrainings)

    def closed(self, resolution: str) -> int:
        """Return how many incidents ended so."""
        return sum(one.resolution == resolution for one in self.incidents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """Policies on the same past, beside what really happened.

    Attributes:
        endpoint: Where.
        since: When it begins.
        until: When it ends.
        step: Seconds between two looks.
        predictions: Asked in that time.
        outcomes: That came in that time.
        policies: Each policy's course.
        actual: What really happened.
        trained: Whether retrainings were carried out.
        acted: Whether what changes answers was carried out.
        notes: What to know about all of it.
    """

    endpoint: str
    since: float
    until: float
    step: float
    predictions: int
    outcomes: int
    policies: tuple[Course, ...]
    actual: Course
    trained: bool
    acted: bool = False
    notes: tuple[str, ...] = ()

    @property
    def courses(self) -> Sequence[Course]:
        """The policies' courses, and the real one last."""
        return (*self.policies, self.actual)
