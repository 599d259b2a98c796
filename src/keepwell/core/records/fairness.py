"""How a model treats groups of people; kept with its run as `fairness.json`."""

from dataclasses import dataclass, field

from keepwell.core.records.run import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group; what its rows cannot decide is None.

    Attributes:
        name: Its value in the column, or a range of values.
        rows: How many rows it has.
        selection_rate: Share that is predicted the favourable class.
        true_positive_rate: The same of those who are of that class.
        false_positive_rate: The same of those who are not.
        accuracy: Share that is predicted right.
        mean_prediction: Of a number.
        mean_residual: Mean of actual minus predicted: above 0, the group is predicted too low.
        mae: Mean size of that.
    """

    name: str
    rows: int
    selection_rate: float | None = None
    true_positive_rate: float | None = None
    false_positive_rate: float | None = None
    accuracy: float | None = None
    mean_prediction: float | None = None
    mean_residual: float | None = None
    mae: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mitigation:
    """What thresholds of their own for each group would change, and cost.

    Thresholds are chosen on one half of the test rows; everything told here is measured on the other.

    Attributes:
        metric: What is made equal: `selection_rate` or `true_positive_rate`.
        thresholds: By group, the chance from which on the favourable class is predicted.
        gap_before: Largest difference between groups as the model decides.
        gap_after: With these thresholds.
        accuracy_before: As the model decides.
        accuracy_after: With these thresholds.
        rows: What that was measured on.
    """

    metric: str
    thresholds: dict[str, float]
    gap_before: float
    gap_after: float
    accuracy_before: float
    accuracy_after: float
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessView:
    """How a model treats the groups of one column.

    Attributes:
        column: The column.
        named: The project file names it; else it was suggested by its name or its values.
        favourable: The class that selection means; empty for a number.
        rows: Test rows that were looked at.
        groups: Those large enough.
        small: Groups that were left out, with their rows.
        smallest: Rows that a group had to have.
        gaps: By metric the largest difference between two groups (`disparate_impact`: smallest ratio),
            with a 95% interval.
        mitigations: What thresholds by group would change.
        note: Why there is nothing to tell, if so.
    """

    column: str
    named: bool = True
    favourable: str = ""
    rows: int = 0
    groups: tuple[Group, ...] = ()
    small: tuple[tuple[str, int], ...] = ()
    smallest: int = 0
    gaps: dict[str, Estimate] = field(default_factory=dict)
    mitigations: tuple[Mitigation, ...] = ()
    note: str = ""
