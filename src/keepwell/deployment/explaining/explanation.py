"""What an explanation says."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one input column added.

    Attributes:
        column: The column.
        value: What the row holds there, as it was sent; None if missing.
        contribution: How much it moved the output, up or down.
        standard_error: Of that number, where it was sampled; None where it is exact.
    """

    column: str
    value: Any
    contribution: float
    standard_error: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a row got its answer: `base` and the contributions add up to `output`.

    Attributes:
        prediction: The answer, a label or a number.
        explained: The class whose output it is; None for a number.
        probability: Of that class; None for a number.
        scale: What the output is: `log-odds`, `score`, `probability` or `value`.
        base: The output for the typical row.
        output: The output for this row.
        contributions: One a column, the largest first.
        method: `tree-shap`, `linear`, `sampled`, `shap` or `lime`. Of `lime`, base, contributions and
            output are of the local linear model, which is near the model but not it.
        exact: Whether the numbers are exact.
        samples: Walks through the columns that they are the mean of, where they are sampled.
        fidelity: How well a local model fits the model around the row: R², 1 is perfectly (`lime`).
        reasons: The largest contributions in words.
        warnings: What was odd about the row.
    """

    prediction: Any
    explained: Any = None
    probability: float | None = None
    scale: str
    base: float
    output: float
    contributions: tuple[Contribution, ...]
    method: str
    exact: bool
    samples: int = 0
    fidelity: float | None = None
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
