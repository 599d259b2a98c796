"""What a comparison of two versions says."""

from dataclasses import dataclass, field

from keepwell.core.records import Estimate
from keepwell.tracking.metrics.mcnemar import McNemar


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One metric of both on the same rows.

    Attributes:
        metric: Its name.
        first: Of the first version, with its interval.
        second: Of the second.
        difference: Second minus first, with the interval of the difference itself.
        verdict: `better`, `worse` or `unclear`: the second against the first, beyond chance.
    """

    metric: str
    first: Estimate
    second: Estimate
    difference: Estimate
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionComparison:
    """The second version against the first.

    Attributes:
        first: `churn/3`.
        second: `churn/4`.
        metric: What the first was chosen by; decides the verdict.
        rows: How many rows both were measured on.
        rows_from: Which rows those are, in words.
        verdict: A sentence.
        metrics: Every metric, the deciding one first.
        mcnemar: Rights and wrongs row by row (classes only).
        agree: Share of rows that both give the same label (classes only).
        params: What was chosen differently.
        data: Dataset versions.
        inputs: What changed about the inputs, in words.
        code: Commits, in words.
        environment: Packages that differ, in words.
        importance: By input, the share in either version, the largest change first.
    """

    first: str
    second: str
    metric: str
    rows: int
    rows_from: str
    verdict: str
    metrics: tuple[Measured, ...] = ()
    mcnemar: McNemar | None = None
    agree: float | None = None
    params: dict[str, tuple[object, object]] = field(default_factory=dict)
    data: tuple[str, str] = ("", "")
    inputs: tuple[str, ...] = ()
    code: tuple[str, str] = ("", "")
    environment: tuple[str, ...] = ()
    importance: dict[str, tuple[float, float]] = field(default_factory=dict)
