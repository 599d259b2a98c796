"""A registered model has numbered versions; an alias points at one of them."""

from dataclasses import dataclass, field
from enum import StrEnum

from keepwell.core.features import Window
from keepwell.core.records.dataset import ColumnType
from keepwell.core.records.run import Estimate


class Task(StrEnum):
    """What a model predicts."""

    BINARY = "binary"
    MULTICLASS = "multiclass"
    REGRESSION = "regression"
    COUNTS = "counts"
    MULTILABEL = "multilabel"
    CLUSTERING = "clustering"
    ANOMALY = "anomaly"
    RANKING = "ranking"
    FORECAST = "forecast"

    @property
    def numeric(self) -> bool:
        """A number is predicted."""
        return self in (Task.REGRESSION, Task.COUNTS, Task.FORECAST)

    @property
    def labelled(self) -> bool:
        """One of several classes is predicted, perhaps with a probability of each."""
        return self in (Task.BINARY, Task.MULTICLASS, Task.CLUSTERING, Task.ANOMALY)

    @property
    def several(self) -> bool:
        """A list is predicted."""
        return not self.numeric and not self.labelled

    @property
    def from_source(self) -> bool:
        """It learns from the data itself: outcomes of answers say nothing that a training could use."""
        return self is Task.FORECAST or not self.supervised

    @property
    def supervised(self) -> bool:
        """A column of the data holds what is to be predicted."""
        return self not in (Task.CLUSTERING, Task.ANOMALY, Task.RANKING)


_SUBJECTS = {
    Task.CLUSTERING: "the cluster of a row",
    Task.ANOMALY: "how odd a row is",
    Task.RANKING: "what to recommend",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One input column of a model.

    Attributes:
        name: The column's name.
        type: What is accepted: integers are taken for numbers, never text for numbers.
        required: Training saw no missing value, so a request without one is refused.
        categories: Values that training saw, most frequent first, at most 50 (categories only).
        example: A value from the training data, for forms and documentation.
        width: How many numbers a list of them holds (embeddings only).
    """

    name: str
    type: ColumnType
    required: bool = False
    categories: tuple[str, ...] = ()
    example: str | int | float | bool | None = None
    width: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What some inputs of a model are calculated from: earlier rows of the same key.

    Attributes:
        windows: The inputs that are calculated.
        time: The column that says when a row happened.
        columns: The columns of a row that they are calculated from: times, keys and numbers.
    """

    windows: tuple[Window, ...]
    time: str
    columns: tuple[Field, ...]

    @property
    def names(self) -> frozenset[str]:
        """The inputs that are calculated, so that a request need not have them."""
        return frozenset(window.name for window in self.windows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a model takes and gives.

    Attributes:
        task: What it predicts.
        target: The column it predicts.
        inputs: The columns that it needs, in order.
        classes: Class labels in the order of its probabilities, as in the training data; empty for
            regression.
        quantiles: What it gives beside a number: how often the truth stays below, ascending.
        meanings: What each class stands for in words, where nobody named it: of clusters.
        threshold: Of two classes: the probability of the second from which on it is the answer; None:
            the more probable one is.
        history: What inputs are calculated from when it is served; None where a request holds them all.
    """

    task: Task
    target: str
    inputs: tuple[Field, ...]
    classes: tuple[str | int | float | bool, ...] = ()
    meanings: tuple[str, ...] = ()
    quantiles: tuple[float, ...] = ()
    threshold: float | None = None
    history: History | None = None

    @property
    def asked(self) -> tuple[Field, ...]:
        """What a request holds: the inputs, or what those are calculated from that are calculated."""
        if self.history is None:
            return self.inputs
        own = [item for item in self.inputs if item.name not in self.history.names]
        names = {item.name for item in own}
        return (*own, *(item for item in self.history.columns if item.name not in names))

    @property
    def known(self) -> tuple[Field, ...]:
        """All that a request may hold: the inputs, and what some of them are calculated from."""
        if self.history is None:
            return self.inputs
        names = {item.name for item in self.inputs}
        return (*self.inputs, *(item for item in self.history.columns if item.name not in names))

    @property
    def subject(self) -> str:
        """What it predicts, for a sentence: the target, or what the task finds."""
        return self.target or _SUBJECTS.get(self.task, self.task.value)

    def input(self, name: str) -> Field | None:
        """Return one input by name, None if the model has none of that name."""
        return next((item for item in self.inputs if item.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFile:
    """One file of a bundle; the bytes are a blob."""

    name: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The files that make a model version servable anywhere, each named by digest.

    `scorer.json` (+ `booster.txt`): the compiled scorer, plain data. `pipeline.skops`: the fitted
    scikit-learn pipeline. `profile.json`: statistics of the training inputs and predictions.
    """

    files: tuple[BundleFile, ...]

    def file(self, name: str) -> BundleFile | None:
        """Return one file by name, None if the bundle has none of that name."""
        return next((item for item in self.files if item.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPart:
    """A step of a compiled pipeline that has no compiled form and runs as it is.

    Attributes:
        name: The names that lead to it: `preparation.numbers.impute`.
        reason: Why it is not compiled.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Evidence that the compiled scorer equals the pipeline it was compiled from."""

    rows: int
    largest_difference: float
    compiled: bool
    reason: str = ""  # why it runs as it is, if it is not compiled
    kept: tuple[KeptPart, ...] = ()  # its steps that run as they are, if the others are compiled


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """How far the ONNX form of a version is from the version itself.

    Attributes:
        rows: How many were compared.
        largest_difference: Of probabilities, or of numbers, relative where they are beyond 1.
        beyond: Share of the rows that are further apart than 1e-5.
        labels_changed: Rows whose predicted class is another one.
    """

    rows: int
    largest_difference: float
    beyond: float
    labels_changed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCheck:
    """One condition of a gate, with the number that decided it."""

    name: str  # "min roc_auc", "champion roc_auc", "latency_ms", "fairness gender"
    passed: bool
    value: float
    limit: float
    detail: str = (
        ""  # "0.012 below the champion on the same 1,409 rows (95% interval -0.020 to -0.004)"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GateVerdict:
    """Whether a model version may go live; passed if every check did.

    `better` is more than passed: the whole 95% interval of the difference to the champion, on the same
    rows, lies on the good side. False where there was no champion to compare with.
    """

    passed: bool
    checks: tuple[GateCheck, ...] = ()
    better: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelVersion:
    """One immutable version of a registered model."""

    model: str
    version: int
    run: str
    bundle: Bundle
    signature: Signature
    metric: str  # the one it was selected by
    metrics: dict[str, Estimate] = field(default_factory=dict)
    importance: dict[str, float] = field(default_factory=dict)  # by input column, sums to 1
    learner: str = ""
    dataset: str = ""
    proof: Proof | None = None
    parity: Parity | None = None  # of its ONNX form, once it was exported
    gate: GateVerdict | None = None
    created: float = 0.0

    @property
    def key(self) -> str:
        """Name of its reference: `churn/3`."""
        return f"{self.model}/{self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A movable name for a version: `champion` serves, `challenger` is on trial."""

    model: str
    alias: str
    version: int

    @property
    def key(self) -> str:
        """Name of its reference: `churn/champion`."""
        return f"{self.model}/{self.alias}"
