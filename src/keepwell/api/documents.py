"""The answers that are more than one stored record, as they appear in the OpenAPI document."""

from dataclasses import dataclass, field
from typing import Any

from keepwell.core.records import (
    Alert,
    ColumnProfile,
    DatasetVersion,
    Decision,
    Delivery,
    Flags,
    Incident,
    ModelVersion,
    Rollout,
    Route,
    Run,
    Silence,
)
from keepwell.deployment.rollouts.timeline import Period
from keepwell.operations.alerts.desk import ChannelView


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much an endpoint was used, ever."""

    predictions: int
    outcomes: int
    by_version: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointDocument:
    """An endpoint with who answers and how much it was asked.

    Attributes:
        name: The endpoint.
        model: The model whose versions it serves.
        champion: Version that answers; null before the first promotion.
        challenger: Version on trial; null if there is none.
        traffic: Share of the traffic by version, in percent.
        key: Column that makes a canary sticky.
        rollout: The rollout in progress; null if there is none.
        counts: Predictions and outcomes so far; null where an earlier time was asked for.
        flags: What is switched without a deployment.
        previous: The champion before this one; 0 if there was none.
        incident: Id of the open incident; null if there is none.
        external: Its model answers somewhere else; here it is only watched.
    """

    name: str
    model: str
    champion: int | None
    challenger: int | None
    traffic: tuple[Route, ...]
    key: str
    counts: Counts | None = None
    flags: Flags = field(default_factory=Flags)
    previous: int = 0
    rollout: Rollout | None = None
    incident: str | None = None
    external: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutList:
    """Rollouts, newest first."""

    rollouts: list[Rollout]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodList:
    """What served when, newest first."""

    periods: list[Period]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointList:
    """Every endpoint."""

    endpoints: list[EndpointDocument]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """The model version that answered."""

    name: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDocument:
    """Predictions in the order of the instances; `probabilities` by class, absent for regression.

    `history` is what a forecast looked at last, where that was asked for.
    """

    predictions: list[Any]
    prediction_ids: list[str | None]
    model: Answerer
    probabilities: list[dict[str, float]] = field(default_factory=list)
    quantiles: list[dict[str, float]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContributionDocument:
    """What one input column added; `standard_error` where it was sampled."""

    column: str
    value: Any
    contribution: float
    standard_error: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationDocument:
    """Why a row got its answer: `base` and the contributions add up to `output`, on the scale `scale`."""

    prediction: Any
    base: float
    output: float
    scale: str
    contributions: list[ContributionDocument]
    reasons: list[str]
    method: str
    exact: bool
    model: Answerer
    fidelity: float | None = None
    counterfactual: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplanationList:
    """Explanations in the order of the rows or ids."""

    explanations: list[ExplanationDocument]


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionDocument:
    """One answered row, with inputs and outcome decoded; `outcome` is null until it is known."""

    id: str
    time: float
    endpoint: str
    model: str
    version: int
    role: str
    request: str
    key: str
    inputs: dict[str, Any]
    prediction: Any
    probabilities: list[float]
    latency_ms: float
    caller: str
    trace: str
    outcome: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionList:
    """The newest predictions first; `total` counts those that match, where something was looked for."""

    predictions: list[PredictionDocument]
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One SELECT over the prediction log."""

    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryAnswer:
    """What a question's answer holds, row by row; `truncated` if there is more."""

    columns: list[str]
    rows: list[list[Any]]
    truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackCounts:
    """What became of the outcomes that were posted."""

    accepted: int
    unknown: int
    duplicate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCounts:
    """What became of the predictions that were handed in."""

    accepted: int
    duplicate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentList:
    """Incidents, newest first."""

    incidents: list[Incident]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionList:
    """What the loop decided, newest first."""

    decisions: list[Decision]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunList:
    """Runs, newest first."""

    runs: list[Run]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSummary:
    """A registered model."""

    name: str
    versions: int
    newest: int
    aliases: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelList:
    """Every registered model."""

    models: list[ModelSummary]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionList:
    """Versions of one model, newest first, and where its aliases point."""

    name: str
    aliases: dict[str, int]
    versions: list[ModelVersion]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetList:
    """The newest version of every dataset."""

    datasets: list[DatasetVersion]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetVersionList:
    """Every version of one dataset, newest first."""

    name: str
    versions: list[DatasetVersion]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileDocument:
    """Statistics of a dataset version."""

    dataset: str
    version: int
    rows: int
    columns: tuple[ColumnProfile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDocument:
    """One change of state, with its place in the chain."""

    seq: int
    time: float
    actor: str
    subject: str
    verb: str
    why: str
    data: dict[str, Any] | None
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventList:
    """Events in the order that was asked for."""

    events: list[EventDocument]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesDocument:
    """Numbers over time, by name: `[time, value]` pairs, oldest first."""

    subject: str
    series: dict[str, list[tuple[float, float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertList:
    """Alerts, newest first."""

    alerts: list[Alert]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertDocument:
    """An alert, and the messages about it, newest first."""

    alert: Alert
    deliveries: list[Delivery]


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceList:
    """Silences, newest first."""

    silences: list[Silence]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelList:
    """The channels, in the order of the project file."""

    channels: list[ChannelView]
