"""What is known about the features of a model, as `keepwell features` shows it."""

from dataclasses import dataclass, field
from typing import Any

from keepwell.core.features import Derived, FeaturesSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A feature that was tried.

    Attributes:
        feature: What it is.
        label: How it is shown: `charges / tenure`.
        gain: Mean gain of the metric over the folds, positive if better; None if it was left before.
        low: Lower end of its 95% interval.
        high: Upper end.
        kept: The model has it.
        note: Why it was left.
    """

    feature: Derived
    label: str
    gain: float | None = None
    low: float | None = None
    high: float | None = None
    kept: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What something is worth: how much of the metric is lost without it.

    Attributes:
        subject: A column; or a declared step with its column or kind: `charges: clip`.
        effect: Mean, positive if the model is better with it; None if there was no time to measure.
        low: Lower end of its 95% interval.
        high: Upper end.
        variance_before: Of the training values, before a step.
        variance_after: After it.
    """

    subject: str
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    variance_before: float | None = None
    variance_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureReport:
    """The features of one model.

    Attributes:
        metric: What gains and effects are measured in.
        features: What was declared and made: the model's own.
        made: What was tried, kept ones first.
        columns: What each column is worth to the model, the most first.
        steps: What declared steps did.
        fitted: By column: its steps with what they have learnt.
    """

    metric: str
    features: FeaturesSpec
    made: tuple[Made, ...] = ()
    columns: tuple[Effect, ...] = ()
    steps: tuple[Effect, ...] = ()
    fitted: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
