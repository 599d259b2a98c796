"""What a model goes by on the whole: its global explanation, kept with its run as `explanation.json`."""

from dataclasses import dataclass, field

from keepwell.core.records.run import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependence:
    """How the answer moves with one column while all others stay as they are.

    Attributes:
        column: The column.
        numeric: The grid holds numbers (dates as Unix seconds), not labels.
        grid: Values that the column is set to, as they occur in the test rows; None is missing.
        mean: Mean answer at each (partial dependence).
        lines: The answers of single rows (individual conditional expectation), one list a row.
    """

    column: str
    numeric: bool
    grid: tuple[str | float | None, ...]
    mean: tuple[float, ...]
    lines: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """How much two columns do together that neither does alone: Friedman's H, 0 to 1."""

    first: str
    second: str
    strength: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The global explanation of a version, measured on its test rows.

    Attributes:
        metric: What permutation importance is measured in.
        value: That metric before anything is shuffled.
        rows: Test rows that it was measured on.
        shuffles: How often each column was shuffled.
        permutation: By column how much worse the metric gets when the column is shuffled, largest first;
            the interval is over the shuffles.
        strength: By column the mean size of its contributions, largest first.
        method: Where those come from: `tree-shap`, `linear` or `sampled`.
        scale: Their unit: `log-odds`, `score`, `probability` or `value`.
        explained: The class that dependence is told of; empty for a number.
        dependence: Of the columns that matter most.
        interactions: Pairs among them, strongest first.
        seconds: What it took.
        notes: What was left out, and why.
    """

    metric: str
    value: float | None = None
    rows: int = 0
    shuffles: int = 0
    permutation: dict[str, Estimate] = field(default_factory=dict)
    strength: dict[str, float] = field(default_factory=dict)
    method: str = ""
    scale: str = ""
    explained: str = ""
    dependence: tuple[Dependence, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
