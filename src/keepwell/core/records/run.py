"""A run is one execution that was recorded: what went in, what came out, and with what."""

from dataclasses import dataclass, field

from keepwell.core.records.resources import Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A measured value with its 95% confidence interval; no interval where low is None."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeVersion:
    """The code that ran. Empty fields where there is no Git repository."""

    commit: str = ""
    branch: str = ""
    dirty: bool = False
    diff: str = ""  # digest of the blob that holds the uncommitted diff


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file that a run left behind, stored as a blob."""

    name: str  # "plots/roc_curve.json"
    digest: str
    size: int
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One recorded execution.

    Attributes:
        id: A ULID.
        project: The project it belongs to.
        kind: `train`, `retrain`, or a name of the user's.
        status: `running`, `done`, `failed` or `killed`.
        started: Unix seconds.
        ended: Unix seconds; None while it runs.
        params: What was chosen: hyperparameters, split, budget.
        metrics: Final values by metric name, with intervals where measured on a test set.
        tags: Free labels.
        dataset: `name/version` of the dataset version that it read; empty if none.
        code: The code that ran.
        environment: Digest of the blob with packages, Python, OS and hardware (JSON).
        artifacts: Files it left.
        model: `name/version` of the model version that came of it; empty if none.
        error: What went wrong, if it failed.
        resources: What it took from the machine; None while it runs, or if nobody measured it.
    """

    id: str
    project: str
    kind: str = "train"
    status: str = "running"
    started: float = 0.0
    ended: float | None = None
    params: dict[str, str | int | float | bool | None] = field(default_factory=dict)
    metrics: dict[str, Estimate] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    dataset: str = ""
    code: CodeVersion = CodeVersion()
    environment: str = ""
    artifacts: tuple[Artifact, ...] = ()
    model: str = ""
    error: str = ""
    resources: Resources | None = None
