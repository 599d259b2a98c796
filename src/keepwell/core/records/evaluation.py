"""What is known about how good a version is, beyond its metrics."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """A part of the test rows where the model is worse than elsewhere, beyond what chance explains.

    Attributes:
        conditions: What the rows have in common: `("Contract", "is Month-to-month")` each.
        rows: How many there are.
        metric: `accuracy` of labels, `mae` of numbers.
        value: In these rows.
        elsewhere: In all other test rows.
        p: Chance of as large a gap by luck alone.
        words: The whole in a sentence.
    """

    conditions: tuple[tuple[str, str], ...]
    rows: int
    metric: str
    value: float
    elsewhere: float
    p: float
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How a model was judged on its test rows; kept with its run as `evaluation.json`.

    Attributes:
        metric: What it was chosen by.
        rows: Test rows.
        naive: What always giving the same answer would get on these rows, by metric.
        usual: That answer, where it is a label.
        baseline: The metric it was chosen by for always giving the same answer, in cross-validation.
        train: On rows that it was fitted on.
        validation: Mean over the folds that were held out in turn.
        test: On rows that no choice ever saw.
        gap: Share of its gain over the baseline that does not carry over to new rows.
        warning: A sentence if that gap is too wide; else empty.
        task_reason: Why this task.
        split_reason: How the test rows were set aside.
        seconds: What the training took.
        slices: Where it is worse, the clearest first.
        searched: How many parts of the rows were looked at for that.
        smallest: Rows that a part had to have.
    """

    metric: str
    rows: int
    naive: dict[str, float] = field(default_factory=dict)
    usual: str = ""
    baseline: float | None = None
    train: float | None = None
    validation: float | None = None
    test: float | None = None
    gap: float | None = None
    warning: str = ""
    task_reason: str = ""
    split_reason: str = ""
    seconds: float = 0.0
    slices: tuple[Slice, ...] = ()
    searched: int = 0
    smallest: int = 0
