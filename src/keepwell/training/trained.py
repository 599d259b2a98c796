"""What training leaves behind."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keepwell.core.records import Estimate, Profile, Signature, Task
from keepwell.training.engineering.report import FeatureReport

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Params = dict[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that was decided or seen, which the reader should know.

    Attributes:
        column: The column or columns, as the message names them.
        message: A sentence; with the way back, where something was dropped.
        dropped: Whether the columns were left out of the model.
        kind: `task`, `split`, `target`, `identifier`, `constant`, `copy`, `sum`, `single`, `search`,
            `calibration`, `threshold`, `feature`, `rows` or `overfit`.
        columns: The columns, one by one.
    """

    column: str
    message: str
    dropped: bool = False
    kind: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardRow:
    """One candidate, as cross-validation saw it.

    Attributes:
        name: `lightgbm/wide`.
        learner: The learner that offers it.
        params: Its settings.
        mean: Mean of the metric over its folds; None if it finished none.
        low: Lower end of the mean's 95% interval over folds; None below two folds.
        high: Upper end.
        scores: The metric by fold.
        seconds: What all its folds took.
        note: Why it has fewer folds than others, or failed.
        source: Who proposed it: nothing for the portfolio; `grid`, `random`, `tpe`, `earlier`.
    """

    name: str
    learner: str
    params: Params = field(default_factory=dict)
    mean: float | None = None
    low: float | None = None
    high: float | None = None
    scores: tuple[float, ...] = ()
    seconds: float = 0.0
    note: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """The moment at which the best so far got better."""

    seconds: float  # since the start
    score: float  # mean over the first folds, which all candidates went through
    trial: str
    metric: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchReport:
    """How the search went.

    Attributes:
        method: `auto`, `grid`, `random` or `tpe`.
        tried: Candidates that finished something.
        folds: Fits that were measured.
        pruned: Candidates that left before the last fold, for others were better.
        resumed: Folds that an earlier, interrupted search had finished.
        parallel: Fits at a time.
        estimate: What the budget was expected to allow, in words.
        interrupted: A Ctrl-C ended it early.
        curve: The best so far over time.
        importances: By learner, the share of each setting in how much scores differ.
    """

    method: str
    tried: int
    folds: int
    pruned: int = 0
    resumed: int = 0
    parallel: int = 1
    estimate: str = ""
    interrupted: bool = False
    curve: tuple[CurvePoint, ...] = ()
    importances: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overfit:
    """The chosen metric side by side on rows trained on, held out in turn, and never touched.

    Attributes:
        metric: The metric.
        train: On rows that the model was fitted on.
        validation: Mean over the folds that were held out in turn.
        test: On rows that no choice ever saw.
        gap: How much of what the model gains over the baseline on its own rows is gone on the test
            rows, as a share; 0 means none.
        warning: A sentence if the gap is too wide; else empty.
    """

    metric: str
    train: float | None
    validation: float | None
    test: float | None
    gap: float | None = None
    warning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A fitted model with the evidence for it.

    Attributes:
        task: What it predicts.
        task_reason: Why that task, in words.
        split_reason: How the test rows were set aside, in words.
        signature: What it takes and gives.
        pipeline: scikit-learn `Pipeline` of `prepare` (see `features.preparation`) and `model`, over
            the canonical frame. A classifier predicts codes: positions in `signature.classes`.
        learner: The learner it came from.
        params: Its settings.
        metric: What it was chosen by.
        metrics: Every metric on the test rows, with 95% intervals.
        leaderboard: All candidates; the chosen one first.
        importance: Share of each input column in what the model does; adds up to 1.
        findings: What was found in the data, and what was done about it.
        test_rows: Positions in the table that was handed in.
        test_actual: True labels or numbers of those rows.
        test_predictions: What the model says about them.
        test_probabilities: Class probabilities, in the order of `signature.classes`.
        plots: Plotly figures by name.
        profile: Statistics of the inputs that it was fitted on, and of a column `prediction`.
        overfit: Training, validation and test side by side.
        seconds: What it all took.
        search: How the search for it went.
        features: What its features are, and what they are worth.
        row_seconds: In which a row is prepared and answered, by the pipeline; 0 if that was not measured.
    """

    task: Task
    task_reason: str
    split_reason: str
    signature: Signature
    pipeline: Any
    learner: str
    params: Params
    metric: str
    metrics: dict[str, Estimate]
    leaderboard: tuple[LeaderboardRow, ...]
    importance: dict[str, float]
    findings: tuple[Finding, ...]
    test_rows: "NDArray[np.int64]"
    test_actual: list[Any]
    test_predictions: list[Any]
    test_probabilities: "NDArray[np.float64] | None"
    plots: dict[str, dict[str, Any]]
    profile: Profile
    overfit: Overfit
    seconds: float
    search: SearchReport | None = None
    features: FeatureReport | None = None
    row_seconds: float = 0.0
