"""A retraining: what was asked for, how far it is, and what came of it."""

from dataclasses import dataclass, field
from typing import Any

from keepwell.core.records import Estimate, GateVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A choice of rows to train on.

    Attributes:
        name: `all`, `weighted` or `recent`.
        since: When the world is believed to have changed; None where nothing is believed.
        older: Weight of rows from before `since`: 1 counts them fully, 0 leaves them out.
    """

    name: str
    since: float | None = None
    older: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraining:
    """One retraining that was decided on.

    Attributes:
        id: Made from what it is for (`INCIDENT-1`, `churn-scheduled-1764000000`), so that deciding the
            same thing twice asks for the same thing twice.
        endpoint: Whose champion is challenged.
        baseline: The champion's version when it was decided.
        decided: Unix seconds.
        reason: Why, in a sentence.
        incident: The incident that it is to heal; empty if it was scheduled.
        windows: Choices of rows, most promising first; see `Effects.retrain`.
        budget: Seconds of training.
        resumes: How often it was started again because its process had died.
        settled: What was made of its result: `rolled_out`, `rejected`, `failed`; empty until then.
        mode: `train` (on data up to now), `tune` (search again near what was best, within the budget),
            `compress` (a lighter challenger of the champion) or `prove` (nothing is trained: `candidate` is
            held against the champion once more, on rows that came since).
        options: Of the rule that asked for it (`with:`), JSON-ready.
        rule: That rule; empty if an incident or the schedule asked.
        seconds: What it really took; 0 until it has ended.
        mistrusted: Outcomes say that what was true of older rows is true no more.
        candidate: The version that came of it and was rejected, or is to be proven; 0 if there is none.
        unproven: Rows on which that one was likely better, not beyond doubt; 0 if it was not.
    """

    id: str
    endpoint: str
    baseline: int
    decided: float
    reason: str
    incident: str = ""
    windows: tuple[Window, ...] = (Window(name="all"),)
    budget: float = 60.0
    resumes: int = 0
    settled: str = ""
    mode: str = "train"
    options: dict[str, Any] = field(default_factory=dict)
    rule: str = ""
    seconds: float = 0.0
    mistrusted: bool = False
    candidate: int = 0
    unproven: int = 0

    @property
    def key(self) -> str:
        """Name of its reference: `churn/01J9ZK…-1`."""
        return f"{self.endpoint}/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Challenger and champion on the same rows, none of which either was trained on.

    Attributes:
        metric: What was compared.
        rows: On how many rows.
        champion: The champion's value.
        challenger: The challenger's value.
        gain: How much better the challenger is, positive for better whatever the metric's direction,
            with the 95% interval of a paired bootstrap.
        loss: The same of the logarithmic loss of their probabilities, where the metric goes by the order
            of these only and the challenger's says more than how often each class is; else None.
    """

    metric: str
    rows: int
    champion: float
    challenger: float
    gain: Estimate
    loss: "Comparison | None" = None

    @property
    def better(self) -> bool:
        """Whether the challenger is better beyond reasonable doubt: the whole interval is above 0.

        One that orders the rows no worse and whose probabilities are truer beyond doubt is better as
        well: an order says nothing of how many rows get which answer.
        """
        if self.gain.low is not None and self.gain.low > 0:
            return True
        return self.loss is not None and self.gain.value >= 0 and self.loss.better

    @property
    def likely(self) -> bool:
        """Whether the challenger may well be better, proven or not.

        The gain is more than half of what its interval spans to either side: chance alone does that in
        one of six comparisons.
        """
        if self.gain.low is not None and 2 * self.gain.value > self.gain.value - self.gain.low:
            return True
        return self.loss is not None and self.gain.value >= 0 and self.loss.likely


LOST = "lost"
"""Status of a retraining whose process ended without a result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainingResult:
    """How far a retraining is, as whoever carries it out sees it.

    Attributes:
        status: `running`, `done`, `failed` or `lost`: its process died, and may be started again.
        run: Id of the training run, as soon as there is one.
        candidate: Version that it registered (done only).
        verdict: The candidate's gate (done only).
        comparison: Candidate and champion on the newest rows with outcomes; on the gate's test rows
            where no outcomes came; None if neither could be done.
        window: Name of the window that won.
        rows: Rows it was trained on.
        error: What went wrong (failed or lost only).
        renewed: The candidate knows newer data that it answers by: it need not be better, only pass.
        evidence: Further numbers, JSON-ready.
        running_for: For how many seconds it has been running, by a clock that nobody sets (running only);
            None where that is not known.
        seconds: What it took; 0 where that was not measured.
    """

    status: str
    run: str = ""
    candidate: int = 0
    verdict: GateVerdict | None = None
    comparison: Comparison | None = None
    window: str = ""
    rows: int = 0
    error: str = ""
    renewed: bool = False
    evidence: dict[str, float | int | str] = field(default_factory=dict)
    running_for: float | None = None
    seconds: float = 0.0
