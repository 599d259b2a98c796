"""Everything that may be written in `keepwell.yaml`: one row per key, in the order of the file."""

import operator
from dataclasses import dataclass
from typing import Any

from keepwell.core.records.dataset import LEARNABLE
from keepwell.core.records.model import Task
from keepwell.core.spec import STRATEGIES, ProjectSpec
from keepwell.infrastructure.project_file.alerts import (
    CHANNELS,
    ROUTES,
    RULES,
    STEPS_OF_ESCALATION,
)
from keepwell.infrastructure.project_file.exports import EXPORTS
from keepwell.infrastructure.project_file.features import (
    CATEGORY_STEPS,
    COLUMN_STEPS,
    DERIVE,
    NUMBER_STEPS,
    WINDOWS,
)
from keepwell.infrastructure.project_file.jobs import JOBS
from keepwell.infrastructure.project_file.kinds import (
    DURATION,
    ENSEMBLE,
    FLAG,
    NAME,
    QUANTILES,
    SCHEDULE,
    SIZE,
    STEPS,
    TARGET,
    TEXT,
    TEXTS,
    WINDOW,
    Kind,
    choice,
    choices,
    mapping,
    number,
    whole,
)
from keepwell.infrastructure.project_file.kpis import KPIS
from keepwell.infrastructure.project_file.learners import LEARNERS
from keepwell.infrastructure.project_file.looping import HOURS, LOOP_RULES
from keepwell.infrastructure.project_file.objectives import OBJECTIVES, SCORE_OBJECTIVES
from keepwell.infrastructure.project_file.spaces import SPACE
from keepwell.infrastructure.project_file.traces import LIMITS, PATTERNS, PRICES, SCORES

FAIRNESS = (
    "selection_rate", "disparate_impact", "true_positive_rate", "false_positive_rate", "equalized_odds",
    "accuracy", "mean_prediction", "mean_residual", "mae",
)  # fmt: skip
METRICS = (
    "accuracy", "roc_auc", "average_precision", "f1", "precision", "recall", "log_loss",
    "balanced_accuracy", "mcc", "kappa", "specificity", "brier", "ece",
    "precision_macro", "recall_macro", "f1_macro", "precision_weighted", "recall_weighted",
    "f1_weighted", "precision_micro", "recall_micro", "f1_micro", "roc_auc_weighted",
    "top_3_accuracy", "top_5_accuracy",
    "rmse", "mae", "r2", "mse", "median_ae", "max_error", "explained_variance", "mape", "rmsle",
    "pinball_10", "pinball_50", "pinball_90",
    "pinball_loss", "interval_coverage", "mean_poisson_deviance", "smape", "wape",
    "subset_accuracy", "hamming_loss",
    "silhouette", "calinski_harabasz", "davies_bouldin", "adjusted_rand", "adjusted_mutual_info",
    "made_auc", "flagged",
    "ndcg_at_5", "ndcg_at_10", "ndcg_at_20", "mrr_at_5", "mrr_at_10", "mrr_at_20",
    "recall_at_5", "recall_at_10", "recall_at_20", "coverage_at_10",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the project file.

    Attributes:
        path: Where it stands: `train.split.by`.
        kind: What its value may be.
        example: A value as one would write it.
        note: What it means, for the comment beside it.
        fields: The spec's attributes that hold it, where they are not called as the path.
        required: The file does not stand without it.
    """

    path: str
    kind: Kind
    example: str
    note: str
    fields: tuple[str, ...] = ()
    required: bool = False

    @property
    def leaf(self) -> str:
        """Last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def section(self) -> str:
        """All of the path but its last part; empty at the top."""
        return self.path.rpartition(".")[0]

    def spread(self, value: Any) -> dict[str, Any]:
        """Return the spec's attributes that hold `value`, by their path."""
        fields = self.fields or (self.path,)
        return dict(zip(fields, value if len(fields) > 1 else (value,), strict=True))

    def value(self, spec: ProjectSpec) -> Any:
        """Return what a spec holds for this key; None if its section is not there."""
        fields = self.fields or (self.path,)
        try:
            found = tuple(operator.attrgetter(field)(spec) for field in fields)
        except AttributeError:  # an optional section, such as gate.fairness
            return None
        return found if len(found) > 1 else found[0]


COLUMN_TYPE = choice(*(item.value for item in LEARNABLE))
TASK = choice(*(item.value for item in Task))
METRIC = choice(*METRICS)
SHARE = number(0, 1, inside=True)

KEYS = (
    Key("project", NAME, "churn", "name of the project, its model and its endpoint", ("name",)),
    Key("data.source", TEXT, "data/*.csv",
        "file, folder or glob: CSV, Parquet, JSON Lines, .gz, .zst", required=True),
    Key("data.target", TARGET, "churned",
        "the column to predict; without one, data is only kept and checked; several of yes and no: [a, b]",
        ("data.target", "data.targets")),
    Key("data.key", TEXT, "customer_id", "identifies a row; never a feature"),
    Key("data.time", TEXT, "signed_up", "event time; the test rows are then the latest"),
    Key("data.contract", TEXT, "contract.yaml",
        "what later data is checked against; written at the first run"),
    Key("data.name", NAME, "customers", "name of the dataset; the project's unless said otherwise"),
    Key("data.types", mapping(TEXT, COLUMN_TYPE), "{zip: category}",
        "column types, where the inferred one is wrong"),
    Key("data.ignore", TEXTS, "[notes]", "columns that are never features"),
    Key("data.keep", TEXTS, "[balance]", "columns that stay features although a leakage guard objects"),
    Key("data.labels", TEXT, "segment", "known clusters or oddities, to measure by; never learnt from"),
    Key("data.user", TEXT, "customer", "of an event: who; with an item, what to recommend is learnt"),
    Key("data.item", TEXT, "product", "of an event: what was bought, watched or liked"),
    Key("data.weight", TEXT, "rating", "of an event: how much it says; all the same unless said"),
    Key("data.users", TEXT, "users.csv", "a table that describes users, a row each; joined by their column"),
    Key("data.items", TEXT, "items.csv", "a table that describes items, also ones that nobody took"),
    Key("data.user_columns", TEXTS, "[age, city]", "of that table (all unless said), or of the events"),
    Key("data.item_columns", TEXTS, "[genre, price]", "the same for items"),
    Key("features.numbers", NUMBER_STEPS, "{impute: median, clip: [0.01, 0.99], scale: robust}",
        "how numbers are prepared; by the learner unless said; also: log, bins, drop_low_variance"),
    Key("features.categories", CATEGORY_STEPS, "{impute: most_frequent, encode: target}",
        "how categories are prepared; encode: onehot, ordinal, target or frequency"),
    Key("features.columns", COLUMN_STEPS, "{charges: {log: true}, city: {encode: frequency}}",
        "the same for single columns, in place of what their kind has"),
    Key("features.derive", DERIVE, '{per_month: "charges / tenure", usual: {mean: charges, by: [city]}}',
        "features that are calculated from columns: formulas, aggregates by group, text, days"),
    Key("features.windows", WINDOWS, "[{name: spent_7d, aggregate: sum, of: amount, by: customer, over: 7d}]",
        "features that sum up earlier rows of a key; count, sum, mean, min, max, std or last"),
    Key("train.task", TASK, "binary", "inferred from the target unless said"),
    Key("train.metric", METRIC, "roc_auc", "what the best model is chosen by"),
    Key("train.budget", DURATION, "60s", "time to spend"),
    Key("train.folds", whole(2), "5", "of the cross-validation"),
    Key("train.seed", whole(0), "0", "equal seeds, equal models"),
    Key("train.learners", LEARNERS, "[linear, lightgbm]",
        "every installed one unless said; also estimators by dotted name, and model.py"),
    Key("train.quantiles", QUANTILES, "[0.1, 0.5, 0.9]",
        "of a regression or a forecast: numbers that the truth stays below so often"),
    Key("train.clusters", whole(2), "4", "how many clusters; chosen unless said"),
    Key("train.contamination", SHARE, "0.01", "share of anomalies; estimated unless said"),
    Key("train.repeat", FLAG, "true", "recommend what a user has already"),
    Key("train.horizon", whole(1), "24", "steps of a forecast; one cycle, such as a day, unless said"),
    Key("train.known", TEXTS, "[holiday]", "columns whose values are known before what is forecast"),
    Key("train.memory", SIZE, "4GB", "that a run may take, fits and all; half of what is free unless said"),
    Key("train.repeats", whole(1), "2", "of the cross-validation; two below 1,000 rows unless said"),
    Key("train.ensemble", ENSEMBLE, "auto", "how many models may vote at most; off: a single one"),
    Key("train.calibrate", choice("off", "auto", "isotonic", "sigmoid"), "auto",
        "bend probabilities so that they hold"),
    Key("train.threshold.metric", choice("accuracy", "f1", "precision", "recall"), "f1",
        "two classes: answer the second from the probability on that is best by it"),
    Key("train.threshold.cost.fp", number(0), "1", "or that costs least: of a false alarm",
        ("train.threshold.false_positive",)),
    Key("train.threshold.cost.fn", number(0), "5", "and of a miss",
        ("train.threshold.false_negative",)),
    Key("train.features", choice("auto", "off"), "auto",
        "look for ratios, group means and the like that pay; off: only what is declared"),
    Key("train.learning_curve", choice("auto", "on", "off"), "auto",
        "measure whether more rows would help; auto: where a twentieth of the budget does"),
    Key("train.text.model", TEXT, "models/minilm",
        "folder of a pretrained model for texts: embeddings and fine-tuning join the search",
        ("train.text_model",)),
    Key("train.text.labels", mapping(TEXT, TEXT), "{0: bad, 1: good}",
        "what the classes are in words, for the model as it is (zero-shot); their own names unless said",
        ("train.text_labels",)),
    Key("train.images.model", TEXT, "models/resnet18.safetensors",
        "folder or weights of a pretrained model for pictures: transfer learning joins the search",
        ("train.image_model",)),
    Key("train.search.method", choice("auto", "grid", "random", "tpe"), "auto",
        "how settings are searched; auto: a portfolio first, then tpe"),
    Key("train.search.trials", whole(0), "50", "at most; 0: no search; by the data unless said"),
    Key("train.search.space", SPACE, "{lightgbm: {num_leaves: [15, 31], reg_lambda: {low: 0.1, high: 10}}}",
        "what is varied; the learners' own spaces unless said"),
    Key("train.search.prune", choice("asha", "none"), "asha",
        "drop trials that are worse on the first folds"),
    Key("train.search.parallel", whole(1), "2", "trials at a time; by the machine unless said"),
    Key("train.split.by", choice("auto", "random", "stratified", "group", "time"), "auto",
        "how test rows are set aside"),
    Key("train.split.column", TEXT, "household",
        "the group or time column; data.key or data.time unless said"),
    Key("train.split.test", SHARE, "0.2", "share of rows that no choice ever sees"),
    Key("train.script", TEXT, "train.py", "your own training script, run in place of the search"),
    Key("gate.min", mapping(METRIC, number()), "{roc_auc: 0.80}", "the worst that may go live"),
    Key("gate.champion.max_drop", number(0), "0.002",
        "how much worse than the champion is allowed", ("gate.max_drop",)),
    Key("gate.latency_ms", number(0, inside=True), "5", "slowest allowed prediction of one row"),
    Key("gate.fairness.by", TEXT, "gender", "column whose groups are compared"),
    Key("gate.fairness.max_gap", number(0), "0.1", "largest difference between two groups"),
    Key("gate.fairness.metric", choice(*FAIRNESS), "selection_rate", "what must not differ"),
    Key("gate.regulated", FLAG, "true",
        "nothing goes live before explanation, fairness view and model card are there"),
    Key("serve.endpoint", NAME, "churn", "the project's name unless said otherwise"),
    Key("serve.host", TEXT, "127.0.0.1", "address to listen on"),
    Key("serve.port", whole(1, 65535), "4400", "port to listen on"),
    Key("serve.workers", whole(1), "1", "processes that answer predictions"),
    Key("serve.pools", mapping(NAME, whole(0)), "{churn: 2}",
        "processes that answer for one endpoint alone, beside those for all"),
    Key("serve.size", choice("fixed", "hours"), "hours",
        "as many workers as each hour needs, learnt from use; fixed unless said"),
    Key("serve.grpc_port", whole(1, 65535), "4401",
        "port of the Open Inference Protocol over gRPC; none unless said"),
    Key("serve.rollout.strategy", choice(*STRATEGIES), "canary", "how a challenger takes over"),
    Key("serve.rollout.steps", STEPS, "[5, 25, 100]", "percent of the traffic"),
    Key("serve.rollout.hold", DURATION, "2m", "time at each step"),
    Key("serve.rollout.watch", DURATION, "1h", "a promotion that proves worse within it is taken back"),
    Key("serve.rollout.keep", DURATION, "1h", "how long blue-green keeps the version before loaded"),
    Key("serve.rollout.sample", number(0, 1), "1", "share of rows that both versions score, off the path"),
    Key("serve.rollout.every", DURATION, "5m", "time between two allocations of a bandit"),
    Key("serve.rollout.explore", number(0, 50), "5", "percent that a bandit gives each version at least"),
    Key("serve.rollout.reward", choice("correct", "outcome"), "correct", "what a bandit maximises"),
    Key("serve.flags", TEXTS, "[\"country == 'DE' -> v7\"]",
        "rows that a condition holds for go to a version", ("serve.flags.rules",)),
    Key("serve.fallback", TEXTS, "[previous, '\"No\"']",
        "who answers when the model cannot: previous, v3, a rule, a constant in JSON",
        ("serve.flags.fallback",)),
    Key("serve.time_limit", DURATION, "0.05s",
        "longer than that the model may not take; the fallback answers", ("serve.flags.limit",)),
    Key("serve.tokens", choice("optional", "required"), "required",
        "whether endpoints answer those who show no token"),
    Key("serve.limits.body", SIZE, "10MB", "largest request"),
    Key("serve.limits.rows", whole(1), "100000", "most rows of a request"),
    Key("serve.limits.seconds", number(0, inside=True), "30", "longest time for an answer"),
    Key("serve.limits.in_flight", whole(1), "256",
        "requests that a worker is busy with; who comes then is asked to come again"),
    Key("serve.memory", SIZE, "2GB",
        "what the models of a worker may take; beyond it the least recently used is unloaded"),
    Key("serve.idle", DURATION, "15m", "a model that nobody has asked for so long is unloaded"),
    Key("serve.log.sample", number(0, 1), "1", "share of requests whose rows are logged"),
    Key("serve.log.redact", TEXTS, "[email]", "input columns that are never written to the log"),
    Key("serve.log.retention", DURATION, "90d", "age at which logged rows are deleted; never unless said"),
    Key("serve.log.max_size", SIZE, "20GB",
        "of the whole log; beyond it the oldest rows are deleted", ("serve.log.max_bytes",)),
    Key("serve.log.when_full", choice("refuse", "answer"), "refuse",
        "a request that cannot be logged: refuse it, or answer it unlogged and say so"),
    Key("monitor.window", WINDOW, "1h",
        "what one look covers: 1h, or 500 rows", ("monitor.window_seconds", "monitor.window_rows")),
    Key("monitor.every", DURATION, "10s", "time between two looks"),
    Key("monitor.drift", choice("auto", "off"), "auto", "compare live columns with the training data"),
    Key("monitor.min_rows", whole(1), "100", "fewer rows decide nothing"),
    Key("monitor.labels.delay", DURATION, "7d",
        "how long outcomes usually take", ("monitor.labels_delay",)),
    Key("monitor.concept", choice("adwin", "page-hinkley", "ddm", "off"), "adwin",
        "what finds the time when errors rose, for concept drift"),
    Key("monitor.slices", TEXTS, "[country, plan]",
        "columns of labels; rows of each label are watched by themselves, too"),
    Key("monitor.validation.schedule", SCHEDULE, '"0 6 * * *"',
        "when the champion is held to its limits on fresh outcomes, UTC"),
    Key("monitor.validation.min", mapping(METRIC, number()), "{roc_auc: 0.80}",
        "those limits; gate.min unless said"),
    Key("monitor.validation.min_rows", whole(1), "100", "fewer outcomes decide nothing"),
    Key("monitor.export", EXPORTS, '[{to: otlp, url: "http://localhost:4318"}]',
        "who else is told: OpenTelemetry, StatsD, lines of JSON; a header's $NAME is of the environment"),
    Key("monitor.machines.watch", choice("auto", "off"), "auto",
        "processors, memory, disk, network and GPU, of the host and of each process"),
    Key("monitor.machines.every", DURATION, "5s", "time between two looks at them"),
    Key("monitor.machines.disk", number(0, 1, inside=True), "0.9",
        "share in use from which on the disk is nearly full"),
    Key("monitor.machines.memory", number(0, 1, inside=True), "0.9",
        "share in use from which on memory is near its limit"),
    Key("monitor.machines.starved", number(0, 1, inside=True), "0.25",
        "share of the time that work waits from which on the host is starved"),
    Key("monitor.machines.growth", number(0, inside=True), "0.5",
        "growth of a worker's memory within an hour from which on it is told"),
    Key("monitor.period", DURATION, "1d", "what one point of a history covers; by the log's age unless said"),
    Key("monitor.kpis", KPIS,
        '{orders: {sql: "select count(*) from predictions", target: 100, direction: higher}}',
        "numbers that the business goes by, in SQL over predictions and outcomes"),
    Key("monitor.objectives", OBJECTIVES,
        "[{latency_p95_ms: 50}, {availability: 99.9%}, {freshness: 1h}, {quality: {roc_auc: 0.8}}]",
        "what share of requests, or of time, has to be good; also: target, period"),
    Key("monitor.fairness.by", TEXTS, "[gender]",
        "columns whose groups are watched; gate.fairness.by unless said"),
    Key("monitor.fairness.max_gap", number(0), "0.1", "largest difference between two groups"),
    Key("monitor.fairness.metric", choice(*FAIRNESS), "selection_rate", "what must not differ"),
    Key("loop.enabled", FLAG, "true", "act without being asked"),
    Key("loop.retrain.on", choices("drift", "performance", "growth"), "[drift, performance, growth]",
        "what calls for a new model; growth: twice as many rows are known as the last one learned from"),
    Key("loop.retrain.schedule", SCHEDULE, '"0 3 * * 1"',
        "and when, in UTC: minute hour day month weekday"),
    Key("loop.retrain.cooldown", DURATION, "6h", "time between two retrainings"),
    Key("loop.retrain.min_labels", whole(1), "200", "outcomes needed since the last training"),
    Key("loop.retrain.budget", DURATION, "60s", "time to spend; train.budget unless said"),
    Key("loop.limits.concurrency", whole(1), "1", "retrainings at a time, over all endpoints"),
    Key("loop.limits.budget", DURATION, "2h", "of training within `per`; no limit unless said"),
    Key("loop.limits.per", DURATION, "1d", "the time that the budget is for"),
    Key("loop.limits.hours", HOURS, '"mon-fri 08:00-18:00"',
        "when something may begin, in UTC; always unless said"),
    Key("loop.limits.approval", NAME, "operator",
        "role that must agree before an endpoint changes; nobody unless said"),
    Key("loop.rules", LOOP_RULES,
        '[{name: busy, when: "latency & load.high", do: scale, with: {workers: 4}}]',
        "what is done, and when; see how-to/let-the-loop-act"),
    Key("loop.builtin", FLAG, "true", "the rules that hold without any"),
    Key("alerts.channels", CHANNELS, '{ops: {webhook: "https://hooks.example.com/keepwell", secret: $HOOK}}',
        "who is told: webhook, email, apprise, github, gitlab, jira or log; $NAME: of the environment"),
    Key("alerts.rules", RULES, "[{name: slow, metric: latency_p95_ms, above: 200, for: 5m}]",
        "what is told besides incidents; see how-to/get-told"),
    Key("alerts.routes", ROUTES, "[{severity: critical, to: [ops]}]",
        "who is told of what, the first that fits; every channel unless said"),
    Key("alerts.escalate", STEPS_OF_ESCALATION, "[{after: 15m, to: [ops]}]",
        "who is told next if nobody acknowledges"),
    Key("alerts.builtin", FLAG, "true", "the rules that hold without any"),
    Key("alerts.wait", DURATION, "10s", "time to gather what belongs together before it is told"),
    Key("alerts.hold", DURATION, "1m", "time that it must be quiet before it is resolved"),
    Key("alerts.repeat", DURATION, "4h", "time between reminders of what nobody acknowledged"),
    Key("batch", JOBS,
        '[{name: nightly, source: new.csv, output: "scored/{date}.csv", schedule: "0 2 * * *"}]',
        "what is scored by name or on a schedule, in UTC; also: version, log"),
    Key("card.owner", TEXT, "Retention team", "who answers for the model"),
    Key("card.intended_use", TEXT, "Whom to call before they leave.", "what it is for"),
    Key("card.intended_users", TEXT, "The call centre.", "who it is for"),
    Key("card.out_of_scope", TEXT, "Prices and credit.", "what it must not be used for"),
    Key("card.factors", TEXT, "Age and region.", "groups and conditions that its quality may depend on"),
    Key("card.ethical", TEXT, "Nobody is refused anything.", "ethical considerations"),
    Key("card.limits", TEXT, "Trained on one country.", "known limits and advice"),
    Key("card.license", TEXT, "internal", "under which terms it may be used"),
    Key("card.contact", TEXT, "retention@example.com", "where to ask"),
    Key("costs.currency", TEXT, "EUR", "what prices are in"),
    Key("costs.prices.cpu_hour", number(0), "0.04", "of one processor at work"),
    Key("costs.prices.gpu_hour", number(0), "2.5", "of one GPU that is held"),
    Key("costs.prices.memory_gb_hour", number(0), "0.005", "of one gigabyte of memory in use"),
    Key("costs.prices.storage_gb_month", number(0), "0.02", "of one gigabyte that is kept"),
    Key("costs.prices.energy_kwh", number(0), "0.30", "of energy; leave out where an hour includes it"),
    Key("costs.models", PRICES, "{gpt-4o-mini: {input: 0.15, output: 0.6, cached: 0.075}}",
        "of a million tokens of a language model"),
    Key("costs.power.core_watts", number(0), "10",
        "of a processor at work, where the machine does not measure it"),
    Key("costs.power.gpu_watts", number(0), "300", "of a GPU that is held, likewise"),
    Key("costs.power.carbon_per_kwh", number(0), "0.38", "kilograms of CO2"),
    Key("costs.budget.monthly", number(0, inside=True), "100",
        "what may be spent in a calendar month, UTC; then no training and no batch job starts"),
    Key("costs.budget.warn", number(0, 1, inside=True), "0.8", "share from which on it is told"),
    Key("costs.idle.after", DURATION, "1h", "an endpoint that nobody asked for so long is idle"),
    Key("costs.idle.stop", FLAG, "false", "end its own workers until it is asked again"),
    Key("traces.content", FLAG, "true", "keep prompts and answers; else only who, when, how long, how much"),
    Key("traces.redact", PATTERNS, "['\\b\\d{13,16}\\b']", "regular expressions: what fits is never kept"),
    Key("traces.retention", DURATION, "30d", "how long traces are kept; for ever unless said"),
    Key("traces.window", DURATION, "1h", "what a measured number rests on"),
    Key("traces.scores", SCORES, "{brief: {length: 2000}}",
        "what every new trace is scored by: regex, json, length, python or judge"),
    Key("traces.limits", LIMITS, "{latency_p95_ms: 5000, error_rate: 0.05}",
        "what is told when it is passed; `score:NAME` must not fall below its limit"),
    Key("traces.objectives", SCORE_OBJECTIVES, "[{quality: {brief: 1}, target: 95%}]",
        "what share of traces has to be good: latency_pN_ms, availability, a score"),
    Key("fairness.columns", TEXTS, "[gender, age]", "groups that must not be treated worse",
        ),
    Key("explain.immutable", TEXTS, "[age]", "columns that nobody can change: never part of advice",
        ),
)  # fmt: skip
