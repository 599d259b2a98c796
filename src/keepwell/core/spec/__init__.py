"""The declared project, parsed once into frozen values.

Each class is one section of `keepwell.yaml`; each default here is the documented default. Who holds a
spec may trust it: every complaint was made when the file was read (`infrastructure.project_file`).
"""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from keepwell.core.alerting import INCIDENTS_ONLY, AlertsSpec
from keepwell.core.features import AS_USUAL, FeaturesSpec
from keepwell.core.records.dataset import ColumnType
from keepwell.core.records.model import Task
from keepwell.core.spec.looping import AS_IT_COMES, LoopSpec
from keepwell.core.spec.objectives import ObjectiveSpec
from keepwell.core.spec.tracing import AS_TOLD, ModelPrice, TracesSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSpec:
    """`data:` — where the rows come from and what they mean."""

    source: str
    target: str = ""  # empty: the project only keeps and checks data
    targets: tuple[str, ...] = ()  # several columns of yes and no, whose names `target` lists
    key: str = ""  # identifies a row for the user; never a feature
    time: str = ""  # event time; makes the split follow time
    contract: str = "contract.yaml"
    name: str = ""  # of the dataset; empty: the project's name
    types: dict[str, ColumnType] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()  # columns that never become features
    keep: tuple[str, ...] = ()  # columns that stay features although a leakage guard objects
    labels: str = ""  # known groups or oddities, to measure by; never learnt from
    user: str = ""  # of an event: who
    item: str = ""  # of an event: what
    weight: str = ""  # of an event: how much it says; empty: all the same
    users: str = ""  # where a table that describes users is; joined by the user's column
    items: str = ""  # the same of items
    user_columns: tuple[str, ...] = ()  # of that table, or of the events; empty: all of the table
    item_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSpec:
    """`train.split:` — how test rows are set aside."""

    by: str = "auto"  # auto | random | stratified | group | time
    column: str = ""  # the group or time column; empty: data.key or data.time
    test: float = 0.2  # share of rows that no choice ever sees


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """One setting's values in `train.search.space`: all from `low` to `high`."""

    low: float
    high: float
    log: bool = False  # small values as often as large ones
    whole: bool = False  # whole numbers only


Values = Range | tuple[str | int | float | bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSpec:
    """`train.search:` — how settings are searched."""

    method: str = "auto"  # auto | grid | random | tpe
    trials: int | None = None  # None: what the data is worth and the budget allows
    space: dict[str, dict[str, Values]] = field(default_factory=dict)  # learner → setting → values
    prune: str = "asha"  # or none: every trial goes through all folds
    parallel: int | None = None  # trials at a time; None: by the machine


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdSpec:
    """`train.threshold:` — from which probability on the second of two classes is answered."""

    metric: str = ""  # the threshold that is best by it
    false_positive: float = 0.0  # cost.fp, cost.fn: or what each kind of error costs
    false_negative: float = 0.0

    @property
    def wanted(self) -> bool:
        """A threshold is to be chosen."""
        return bool(self.metric or self.false_positive or self.false_negative)


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerSpec:
    """An entry of `train.learners:` with settings: `{sklearn.svm.SVC: {C: 2.0}}`.

    `root` is the folder that a file such as `model.py` is sought in; empty until it is known.
    """

    name: str
    params: dict[str, Any] = field(default_factory=dict)
    root: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSpec:
    """`train:` — what to optimise and how much to spend."""

    task: Task | None = None  # None: inferred from the target
    metric: str = ""  # empty: roc_auc, log_loss or rmse, by task
    budget: float = 60.0  # seconds
    folds: int = 5
    seed: int = 0
    learners: tuple[str | LearnerSpec, ...] = ()  # empty: every installed one
    horizon: int | None = None  # steps of a forecast; None: one cycle
    known: tuple[str, ...] = ()  # columns whose values are known before what is forecast
    split: SplitSpec = SplitSpec()
    quantiles: tuple[float, ...] = ()  # of a regression, beside the number
    clusters: int | None = None  # how many; None: chosen
    contamination: float | None = None  # share of odd rows; None: estimated
    repeat: bool = False  # recommend what a user has already
    search: SearchSpec = SearchSpec()
    memory: int | None = None  # bytes that the trials may take together; None: by what is free
    ensemble: int | None = (
        None  # most members; 1: a single model; None: by the metric and the latency
    )
    repeats: int | None = None  # of the cross-validation; None: two below 1,000 rows
    calibrate: str = "off"  # or auto, isotonic, sigmoid
    threshold: ThresholdSpec = ThresholdSpec()
    learning_curve: str = "auto"  # or on, off: whether more rows would help
    script: str = ""  # the project's own training script, run in place of the search
    features: str = ""  # auto, off; empty: auto where the task can make features
    text_model: str = ""  # folder of a pretrained model of texts
    text_labels: dict[str, str] = field(default_factory=dict)  # class → its name in words
    image_model: str = ""  # folder, or file of weights, of a pretrained model of pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessSpec:
    """`gate.fairness:` — the largest allowed gap between groups."""

    by: str
    max_gap: float = 0.1  # of disparate_impact: how far the ratio may lie below 1
    metric: str = "selection_rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedSpec:
    """`fairness:` — whom the model must not treat worse."""

    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainSpec:
    """`explain:` — what an explanation may speak of."""

    immutable: tuple[str, ...] = ()  # columns that nobody can change: never part of advice


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSpec:
    """`gate:` — what a version must reach to go live."""

    min: dict[str, float] = field(default_factory=dict)  # metric → worst allowed value
    max_drop: float = 0.0  # champion.max_drop: how much worse than the champion is still allowed
    latency_ms: float | None = None
    fairness: FairnessSpec | None = None
    regulated: bool = (
        False  # nothing goes live unexplained, unmeasured for fairness, without its card
    )


STRATEGIES = ("canary", "all-at-once", "blue-green", "shadow", "ab", "bandit")
"""How a version may be tried. The last three compare, and leave the decision to people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutSpec:
    """`serve.rollout:` — how a challenger takes over."""

    strategy: str = "canary"  # one of STRATEGIES
    steps: tuple[float, ...] = (5.0, 25.0, 100.0)
    hold: float = 120.0  # seconds
    keep: float = 3600.0  # seconds that blue-green keeps the version before loaded
    sample: float = 1.0  # share of rows that the other version scores too, off the path
    watch: float = 3600.0  # seconds after a promotion in which it is taken back if it proves worse
    every: float = 300.0  # seconds between two allocations of a bandit
    explore: float = 5.0  # percent that a bandit gives each version at least
    reward: str = "correct"  # or outcome: what a bandit maximises


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagsSpec:
    """`serve.flags:` and `serve.fallback:` — what the endpoint's switches are set to at first."""

    rules: tuple[str, ...] = ()  # "country == 'DE' -> v7"
    fallback: tuple[str, ...] = ()  # previous, v3, a rule, a constant in JSON
    limit: float | None = None  # seconds that the model may take before the fallback answers


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSpec:
    """`serve.log:` — what the prediction log keeps, and for how long."""

    sample: float = 1.0  # share of requests whose rows are logged
    redact: tuple[str, ...] = ()  # input columns that are never written
    retention: float | None = None  # seconds; None: for ever
    max_bytes: int | None = None  # serve.log.max_size: of the whole log on disk; None: no limit
    when_full: str = "refuse"  # or "answer": what happens to a request that cannot be logged


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsSpec:
    """`serve.limits:` — how much one request may ask, and one worker may take on."""

    body: int = 10 << 20  # bytes of a request
    rows: int = 100_000  # of a request
    seconds: float = 30.0  # for an answer
    in_flight: int = 256  # requests that a worker is busy with; more are asked to come again


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSpec:
    """`serve:` — the endpoint."""

    endpoint: str = ""  # empty: the project's name
    host: str = "127.0.0.1"
    port: int = 4400
    workers: int = 1
    pools: dict[str, int] = field(default_factory=dict)  # endpoint → workers of its own
    size: str = "fixed"  # or hours: as many workers as each hour needs, learnt from use
    grpc_port: int | None = None  # None: no gRPC
    rollout: RolloutSpec = RolloutSpec()
    flags: FlagsSpec = FlagsSpec()
    log: LogSpec = LogSpec()
    limits: LimitsSpec = LimitsSpec()
    memory: int | None = None  # bytes that the models of a worker may take; None: all stay loaded
    idle: float | None = None  # seconds after which a model that nobody asks is unloaded
    tokens: str = "optional"  # or required: nobody without a token is answered


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationSpec:
    """`monitor.validation:` — when the champion is held to its limits on fresh outcomes."""

    schedule: str = ""  # five cron fields, UTC
    min: dict[str, float] = field(default_factory=dict)  # empty: gate.min
    min_rows: int = 100  # fewer outcomes decide nothing


EXPORTS_TO = ("otlp", "statsd", "json")
FORMS = ("json", "ecs", "splunk", "emf")
DIALECTS = ("plain", "datadog")
WHAT = ("metrics", "events", "traces")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSpec:
    """One receiver of `monitor.export` — who else is told what Keepwell sees.

    A header or part of one that begins with `$` stands for a variable of the environment.
    """

    to: str  # of EXPORTS_TO
    url: str = ""  # otlp, json
    address: str = ""  # statsd: host:port, UDP
    path: str = ""  # json: a file that lines are appended to
    format: str = "json"  # of FORMS
    dialect: str = "plain"  # of DIALECTS
    headers: dict[str, str] = field(default_factory=dict)
    what: tuple[str, ...] = WHAT
    every: float = 15.0  # seconds between two sendings


@dataclass(frozen=True, slots=True, kw_only=True)
class MachinesSpec:
    """`monitor.machines:` — what of the machine is watched, and from where on it is told."""

    watch: str = "auto"  # or off
    every: float = 5.0  # seconds between two looks
    disk: float = 0.9  # share in use from which on the disk is nearly full
    memory: float = 0.9  # share in use from which on memory is near its limit
    starved: float = 0.25  # share of the time that work waits from which on the host is starved
    growth: float = 0.5  # of a worker's memory within an hour, from which on it is told


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiSpec:
    """An entry of `monitor.kpis:` — a number that the business goes by.

    Attributes:
        name: What it is called.
        sql: One SELECT over `predictions` and `outcomes` of a period; its first value is the number.
        target: What it should reach; None: it is told, and judged by nobody.
        direction: `higher` or `lower`: which side of the target is good.
        money: It is money earned or saved in the period, in `costs.currency`.
    """

    name: str
    sql: str
    target: float | None = None
    direction: str = "higher"
    money: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedFairnessSpec:
    """`monitor.fairness:` — whose treatment is watched; without `by`, that of `gate.fairness`."""

    by: tuple[str, ...] = ()
    max_gap: float = 0.1  # of disparate_impact: how far the ratio may lie below 1
    metric: str = "selection_rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorSpec:
    """`monitor:` — what is compared with what, and how often.

    Exactly one of `window_seconds` and `window_rows` is set: `window: 1h` or `window: 500`.
    """

    window_seconds: float | None = 3600.0
    window_rows: int | None = None
    every: float = 10.0  # seconds between two looks
    drift: str = "auto"  # or off
    min_rows: int = 100  # fewer rows than this decide nothing
    labels_delay: float = 0.0  # labels.delay: how long outcomes usually take, seconds
    concept: str = "adwin"  # page-hinkley, ddm or off: what finds when errors rose
    slices: tuple[str, ...] = ()  # columns whose labels are watched one by one, too
    validation: ValidationSpec = ValidationSpec()
    export: tuple[ExportSpec, ...] = ()
    machines: MachinesSpec = MachinesSpec()
    period: float | None = (
        None  # seconds that one point of a history covers; None: by the log's age
    )
    kpis: tuple[KpiSpec, ...] = ()
    objectives: tuple[ObjectiveSpec, ...] = ()
    fairness: WatchedFairnessSpec = WatchedFairnessSpec()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSpec:
    """One entry of `batch:` — a source that is scored by name, or on a schedule.

    `{date}` and `{time}` in the output stand for the time that the job was due, in UTC.
    """

    name: str
    source: str
    output: str
    schedule: str = ""  # five cron fields, UTC; empty: only by `keepwell predict --job`
    version: str = "champion"  # number or alias
    log: bool = False  # also into the prediction log, so that monitors see it


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesSpec:
    """`costs.prices:` — what things cost, in the project's currency."""

    cpu_hour: float = 0.0  # of one processor at work
    gpu_hour: float = 0.0  # of one GPU that is held
    memory_gb_hour: float = 0.0
    storage_gb_month: float = 0.0
    energy_kwh: float = 0.0

    @property
    def stated(self) -> bool:
        """Some price is."""
        return any(getattr(self, item.name) for item in fields(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerSpec:
    """`costs.power:` — where a machine does not measure its energy, what it draws."""

    core_watts: float = 10.0  # of one processor at work
    gpu_watts: float = 300.0  # of one GPU that is held
    carbon_per_kwh: float = 0.0  # kilograms of CO₂


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSpec:
    """`costs.budget:` — what may be spent."""

    monthly: float | None = None  # None: no limit
    warn: float = 0.8  # share from which on it is told


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleSpec:
    """`costs.idle:` — when nothing is asked of an endpoint for long."""

    after: float = 3600.0  # seconds
    stop: bool = False  # end the workers of its own until it is asked again


@dataclass(frozen=True, slots=True, kw_only=True)
class CostsSpec:
    """`costs:` — what the machines cost, and how much that may be."""

    currency: str = "EUR"
    prices: PricesSpec = PricesSpec()
    models: tuple[ModelPrice, ...] = ()  # language models, by the token
    power: PowerSpec = PowerSpec()
    budget: BudgetSpec = BudgetSpec()
    idle: IdleSpec = IdleSpec()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSpec:
    """`card:` — what only people know about the model; told in its model card, never guessed."""

    owner: str = ""
    intended_use: str = ""
    intended_users: str = ""
    out_of_scope: str = ""
    factors: str = ""  # groups and conditions that matter
    ethical: str = ""
    limits: str = ""
    license: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSpec:
    """The whole project file, with the folder that its relative paths start from."""

    name: str
    root: Path
    data: DataSpec
    features: FeaturesSpec = AS_USUAL
    train: TrainSpec = TrainSpec()
    gate: GateSpec = GateSpec()
    serve: ServeSpec = ServeSpec()
    monitor: MonitorSpec = MonitorSpec()
    loop: LoopSpec = AS_IT_COMES
    batch: tuple[BatchSpec, ...] = ()
    card: CardSpec = CardSpec()
    costs: CostsSpec = CostsSpec()
    fairness: ProtectedSpec = ProtectedSpec()
    explain: ExplainSpec = ExplainSpec()
    alerts: AlertsSpec = INCIDENTS_ONLY
    traces: TracesSpec = AS_TOLD

    @property
    def learns(self) -> bool:
        """Whether there is something to train."""
        task = self.train.task
        return bool(
            self.data.target
            or (self.data.user and self.data.item)
            or (task is not None and not task.supervised)
        )

    @property
    def dataset(self) -> str:
        """Name of the dataset."""
        return self.data.name or self.name

    @property
    def endpoint(self) -> str:
        """Name of the endpoint."""
        return self.serve.endpoint or self.name
