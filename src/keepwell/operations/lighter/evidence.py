"""What is known about a lighter variant, beside the version that it was made from."""

from dataclasses import dataclass

from keepwell.core.records import Estimate, ModelVersion

KIND = "lighten"
"""Of the run that a lighter variant comes from."""

PARENT = "lightens"
"""The run's tag that names the version it was made from."""

EVIDENCE = "lighter.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How fast a version answers, measured in process and in turn with the other one.

    Attributes:
        row_ms: Median of single rows.
        batch_ms: Of `batch` rows at once.
        batch: Rows of a batch.
        bytes: Of the files that answer.
    """

    row_ms: float
    batch_ms: float
    batch: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lighter:
    """A lighter variant against the version that it was made from; kept with its run.

    Attributes:
        parent: Key of that version: `churn/3`.
        form: What was kept, in words.
        metric: What both are measured by.
        max_loss: Share of the parent's value that might be lost.
        chosen_on: Test rows that the form was chosen on.
        rows: Other test rows, that both were judged on.
        before: The metric of the parent on those.
        after: The variant's.
        loss: Quality lost on the same rows, in the metric's unit: above 0 is worse, whatever the metric.
        tried: How many forms were looked at.
        heavy: The parent's time and size.
        light: The variant's.
    """

    parent: str
    form: str
    metric: str
    max_loss: float
    chosen_on: int
    rows: int
    before: float
    after: float
    loss: Estimate
    tried: int
    heavy: Timing
    light: Timing

    @property
    def row_gain(self) -> float:
        """How many times faster one row is answered."""
        return self.heavy.row_ms / self.light.row_ms

    @property
    def batch_gain(self) -> float:
        """How many times faster a batch is answered."""
        return self.heavy.batch_ms / self.light.batch_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class LighterVariant:
    """A version that is a lighter variant, with the evidence."""

    version: ModelVersion
    evidence: Lighter


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """No lighter variant was made, and nothing was registered.

    Attributes:
        version: Key of the version that was to be made lighter.
        why: The reason, a sentence.
        now: What could be done instead; empty if nothing.
    """

    version: str
    why: str
    now: str = ""
