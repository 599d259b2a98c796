"""What a monitor saw at one time: plain records, ready for JSON, complete enough to draw."""

from dataclasses import dataclass, field

from keepwell.core.records import ColumnType, Estimate, Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Shares of a column's values, in training and now, bar by bar.

    Categories have `labels` (the last one may be `other`), numbers have one more of `edges` than there
    are bars. `below` and `above` are the shares of present values beyond the edges.
    """

    labels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    reference: tuple[float, ...] = ()
    current: tuple[float, ...] = ()
    below: float = 0.0
    above: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnReport:
    """One column, now against training.

    Attributes:
        name: The column; `prediction` for what the model said.
        type: Its type.
        rows: Rows with a value.
        worth: How many independent rows those are worth, where neighbours are alike.
        detector: What compared them; empty if nothing did.
        effect: How far apart, in the detector's unit.
        limit: What the effect was held against.
        p_value: How likely that is by chance.
        drifted: Beyond the limit, and no false discovery among all columns.
        severity: 0..1, weighted by the column's importance.
        message: What changed, in words; why it was not compared, if it was not.
        importance: Its share in what the model leans on; None if that is not known.
        missing: Share of rows without a value.
        missing_reference: The same in training.
        outside: Share of values beyond training's smallest and largest.
        unseen: Categories that training never saw, with their shares, at most five.
        wrong: Share of rows with a value of another type.
        mean: Mean of the values (numbers).
        mean_reference: The same in training.
        bars: Both distributions.
    """

    name: str
    type: ColumnType
    rows: int = 0
    worth: float = 0.0
    detector: str = ""
    effect: float = 0.0
    limit: float = 0.0
    p_value: float = 1.0
    drifted: bool = False
    severity: float = 0.0
    message: str = ""
    importance: float | None = None
    missing: float = 0.0
    missing_reference: float = 0.0
    outside: float = 0.0
    unseen: tuple[tuple[str, float], ...] = ()
    wrong: float = 0.0
    mean: float | None = None
    mean_reference: float | None = None
    bars: Bars = Bars()


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """How good the predictions turned out to be, of those whose outcome is known.

    Attributes:
        metric: What the version was selected by, or what can be measured in its place.
        value: The metric, with an interval that allows for rows that are alike.
        rows: Predictions with an outcome.
        coverage: Their share in all predictions of the window.
        expected: What the version promised: its value on the test rows.
        shortfall: How much worse than that it is; below 0 if it is better.
        limit: What the shortfall was held against: a tolerance, plus what chance explains.
        fell: Beyond the limit.
        cause: `concept` if it fell while the inputs look as in training, `data` if they do not.
        metrics: Every metric that these rows decide.
        unreadable: Outcomes that are no label of the model, or no number.
        message: The finding, in words.
    """

    metric: str
    value: Estimate
    rows: int
    coverage: float = 0.0
    expected: Estimate | None = None
    shortfall: float = 0.0
    limit: float = 0.0
    fell: bool = False
    cause: str = ""
    metrics: dict[str, Estimate] = field(default_factory=dict)
    unreadable: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change in a stream of errors, taken apart.

    Attributes:
        rows: Errors since the change.
        earlier: Errors before it.
        before: The mean error before.
        after: The mean error since.
        rise: What of the rise is there on equal inputs: the concept's part.
        explained: What other inputs explain: the data's part. Both add up to the whole.
        limit: What the concept's part was held against.
        where: The region of the inputs where it rose most, in words; empty if it did so everywhere.
    """

    rows: int
    earlier: int
    before: float
    after: float
    rise: float
    explained: float
    limit: float
    where: str = ""

    @property
    def certain(self) -> bool:
        """Whether the relation between inputs and outcome has changed."""
        return self.rise > self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How the endpoint answered, whatever it said.

    Attributes:
        version: Which version; 0 for all of them.
        rows: Rows answered.
        requests: Requests answered or failed.
        per_second: Requests a second, over the window.
        errors: Requests that failed for a reason on our side.
        error_rate: Their share.
        latency_p50_ms: Half of the requests were answered faster; None if there were none.
        latency_p95_ms: 95% were.
        latency_p99_ms: 99% were.
    """

    version: int = 0
    rows: int = 0
    requests: int = 0
    per_second: float = 0.0
    errors: int = 0
    error_rate: float = 0.0
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None
    latency_p99_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One look at one version behind an endpoint.

    Attributes:
        endpoint: Which endpoint.
        model: The registered model behind it.
        version: The version that was looked at.
        time: When, Unix seconds.
        since: Start of the window.
        until: End of the window.
        rows: Predictions of that version in the window.
        columns: The inputs.
        prediction: What the model said; None if its profile has no such column.
        performance: How good it was; None if no outcomes came.
        concept: How errors rose, and what of it is there on equal inputs; None if they did not.
        service: Latency, throughput and errors of the version.
        versions: The same for each version of the endpoint.
        total: The same for the endpoint as a whole.
        signals: What is outside its limits, most severe first.
        notes: What the reader should know about how this was measured.
        reading: The finding in one sentence.
    """

    endpoint: str
    model: str
    version: int
    time: float
    since: float
    until: float
    rows: int
    columns: tuple[ColumnReport, ...] = ()
    prediction: ColumnReport | None = None
    performance: Performance | None = None
    concept: Change | None = None
    service: Service = Service()
    versions: tuple[Service, ...] = ()
    total: Service = Service()
    signals: tuple[Signal, ...] = ()
    notes: tuple[str, ...] = ()
    reading: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What all signals of one look have in common."""

    endpoint: str
    version: int
    since: float
    until: float

    def signal(
        self,
        kind: str,
        message: str,
        *,
        value: float,
        limit: float,
        severity: float,
        rows: int,
        column: str = "",
    ) -> Signal:
        """Return a signal of this look."""
        return Signal(
            kind=kind,
            endpoint=self.endpoint,
            version=self.version,
            column=column,
            value=value,
            limit=limit,
            severity=min(max(severity, 0.0), 1.0),
            message=message,
            rows=rows,
            since=self.since,
            until=self.until,
        )
