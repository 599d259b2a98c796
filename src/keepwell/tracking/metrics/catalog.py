"""The metrics by name: what each means, what task it is for, and which way is better.

`docs/reference/metrics.md` is this list; a test compares the two.
"""

from dataclasses import dataclass

from keepwell.core.errors import UsageError
from keepwell.core.records import Task
from keepwell.core.suggestions import did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One way to say how good predictions are.

    Attributes:
        name: As it is written in `keepwell.yaml`.
        words: What it says, for a reader who has never heard of it.
        equals: The function that gives the same number, mostly of scikit-learn.
        better: +1 where more is better, -1 where less is.
        headline: It is shown first.
        asked: A project file may ask for it; else it is only told.
    """

    name: str
    words: str
    equals: str
    better: int = 1
    headline: bool = False
    asked: bool = True


OF_CLASSES = (
    Metric(name="accuracy", words="share of rows whose label is right", equals="accuracy_score",
           headline=True),
    Metric(name="roc_auc", equals="roc_auc_score", headline=True,
           words="chance that a random positive scores above a random negative; 0.5 is guessing"),
    Metric(name="average_precision", equals="average_precision_score", headline=True,
           words="mean precision over the gains in recall; the share of positives is guessing"),
    Metric(name="f1", equals="f1_score", headline=True,
           words="harmonic mean of precision and recall"),
    Metric(name="precision", equals="precision_score", headline=True,
           words="of the rows called positive, the share that is"),
    Metric(name="recall", equals="recall_score", headline=True,
           words="of the positive rows, the share that is called so"),
    Metric(name="log_loss", equals="log_loss", better=-1, headline=True,
           words="mean surprise at the true label, in nats"),
    Metric(name="balanced_accuracy", equals="balanced_accuracy_score",
           words="mean recall over the classes: a rare class counts as much as a frequent one"),
    Metric(name="mcc", equals="matthews_corrcoef",
           words="correlation of true and predicted labels, -1 to 1; 0 is guessing"),
    Metric(name="kappa", equals="cohen_kappa_score",
           words="agreement beyond what chance would give, up to 1"),
    Metric(name="specificity", equals="recall_score(pos_label=<first class>)",
           words="of the negative rows, the share that is called so (two classes only)"),
    Metric(name="brier", equals="brier_score_loss", better=-1,
           words="mean squared error of the probabilities"),
    Metric(name="ece", equals="ten equal bins", better=-1,
           words="expected calibration error: how far probabilities are from observed shares"),
    Metric(name="precision_macro", equals='precision_score(average="macro")',
           words="plain mean of the classes' precision"),
    Metric(name="recall_macro", equals='recall_score(average="macro")',
           words="plain mean of the classes' recall"),
    Metric(name="f1_macro", equals='f1_score(average="macro")',
           words="plain mean of the classes' F1"),
    Metric(name="precision_weighted", equals='precision_score(average="weighted")',
           words="mean of the classes' precision, by their number of rows"),
    Metric(name="recall_weighted", equals='recall_score(average="weighted")',
           words="mean of the classes' recall, by their number of rows"),
    Metric(name="f1_weighted", equals='f1_score(average="weighted")',
           words="mean of the classes' F1, by their number of rows"),
    Metric(name="precision_micro", equals='precision_score(average="micro")',
           words="precision over all classes' decisions together"),
    Metric(name="recall_micro", equals='recall_score(average="micro")',
           words="recall over all classes' decisions together"),
    Metric(name="f1_micro", equals='f1_score(average="micro")',
           words="F1 over all classes' decisions together"),
    Metric(name="roc_auc_weighted", equals='roc_auc_score(average="weighted")',
           words="mean of the classes' areas, by their number of rows (more than two classes)"),
    Metric(name="top_3_accuracy", equals="top_k_accuracy_score(k=3)",
           words="the true label is among the three likeliest (more than three classes)"),
    Metric(name="top_5_accuracy", equals="top_k_accuracy_score(k=5)",
           words="the true label is among the five likeliest (more than five classes)"),
)  # fmt: skip

OF_NUMBERS = (
    Metric(name="rmse", equals="root_mean_squared_error", better=-1, headline=True,
           words="root of the mean squared error, in the target's unit"),
    Metric(name="mae", equals="mean_absolute_error", better=-1, headline=True,
           words="mean distance from the truth, in the target's unit"),
    Metric(name="r2", equals="r2_score", headline=True,
           words="share of the target's variance that is explained; 0 is as good as its mean"),
    Metric(name="mse", equals="mean_squared_error", better=-1, headline=True,
           words="mean squared error"),
    Metric(name="median_ae", equals="median_absolute_error", better=-1,
           words="half of the rows are nearer to the truth than this"),
    Metric(name="max_error", equals="max_error", better=-1,
           words="the largest distance from the truth"),
    Metric(name="explained_variance", equals="explained_variance_score",
           words="as r2, but a constant offset is forgiven"),
    Metric(name="mape", equals="mean_absolute_percentage_error", better=-1,
           words="mean distance as a share of the truth; not where a true value is 0"),
    Metric(name="rmsle", equals="root_mean_squared_log_error", better=-1,
           words="rmse of log(1 + value): ratios count, not distances; not below 0"),
    Metric(name="pinball_10", equals="mean_pinball_loss(alpha=0.1)", better=-1,
           words="loss of a forecast of the lowest tenth: too high costs nine times too low"),
    Metric(name="pinball_50", equals="mean_pinball_loss(alpha=0.5)", better=-1,
           words="loss of a forecast of the median: half of mae"),
    Metric(name="pinball_90", equals="mean_pinball_loss(alpha=0.9)", better=-1,
           words="loss of a forecast of the highest tenth: too low costs nine times too high"),
)  # fmt: skip

OF_QUANTILES = (
    Metric(name="pinball_loss", equals="mean of mean_pinball_loss", better=-1,
           words="mean loss of the quantiles that were trained for"),
    Metric(name="interval_coverage", equals="share between the outer quantiles",
           words="how often the truth lies between the lowest and the highest quantile"),
)  # fmt: skip

OF_COUNTS = (
    Metric(name="mean_poisson_deviance", equals="mean_poisson_deviance", better=-1, headline=True,
           words="how unlikely the counts are where so many were expected"),
)  # fmt: skip

OF_FORECASTS = (
    Metric(name="smape", equals="mean of 2|a - b| / (|a| + |b|)", better=-1, headline=True,
           words="mean error as a share of the mean of both sizes, 0 to 2"),
    Metric(name="wape", equals="sum of |a - b| / sum of |a|", better=-1, headline=True,
           words="sum of the errors as a share of the sum of the sizes"),
    Metric(name="mase", equals="mae / mae of last cycle's value", better=-1, asked=False,
           words="error as a share of that of repeating the last cycle; above 1 is worse than that"),
)  # fmt: skip

OF_SETS = (
    Metric(name="subset_accuracy", equals="accuracy_score", headline=True,
           words="share of rows of which every label is right"),
    Metric(name="hamming_loss", equals="hamming_loss", better=-1, headline=True,
           words="share of wrong decisions over all rows and labels"),
)  # fmt: skip

OF_CLUSTERS = (
    Metric(name="silhouette", equals="silhouette_score", headline=True,
           words="how much nearer rows are to their own cluster than to the next, -1 to 1"),
    Metric(name="calinski_harabasz", equals="calinski_harabasz_score", headline=True,
           words="spread between clusters over spread within"),
    Metric(name="davies_bouldin", equals="davies_bouldin_score", better=-1, headline=True,
           words="mean likeness of each cluster to the one most like it"),
    Metric(name="adjusted_rand", equals="adjusted_rand_score", headline=True,
           words="agreement with known groups beyond chance, up to 1"),
    Metric(name="adjusted_mutual_info", equals="adjusted_mutual_info_score", headline=True,
           words="information shared with known groups beyond chance, up to 1"),
)  # fmt: skip

OF_ODDITIES = (
    Metric(name="made_auc", equals="roc_auc_score on made-up rows", headline=True,
           words="chance that a made-up row is odder than a true one"),
    Metric(name="flagged", equals="share of rows", better=-1, headline=True,
           words="share of rows that are called odd"),
)  # fmt: skip

_LISTS = {
    "ndcg": ("ndcg_score", "gain of the user's items in a list of {k}, early places counting more"),
    "mrr": ("mean of 1 / first right place", "one over the first right place of a list of {k}"),
    "recall": ("share of the user's items", "share of the user's items in a list of {k}"),
}
OF_LISTS = (
    *(
        Metric(name=f"{name}_at_{k}", equals=equals, words=words.format(k=k), headline=True)
        for name, (equals, words) in _LISTS.items()
        for k in (5, 10, 20)
    ),
    Metric(name="coverage_at_10", equals="share of the catalogue", headline=True,
           words="share of the items that anybody is offered in a list of 10"),
)  # fmt: skip

GROUPS = (
    OF_CLASSES, OF_NUMBERS, OF_QUANTILES, OF_COUNTS, OF_FORECASTS, OF_SETS, OF_CLUSTERS,
    OF_ODDITIES, OF_LISTS,
)  # fmt: skip
_KNOWN = {metric.name: metric for group in GROUPS for metric in group}
_NUMERIC = (*OF_NUMBERS, *OF_QUANTILES)
_BY_TASK: dict[Task, tuple[Metric, ...]] = {
    Task.BINARY: OF_CLASSES,
    Task.MULTICLASS: OF_CLASSES,
    Task.REGRESSION: _NUMERIC,
    Task.COUNTS: (*_NUMERIC, *OF_COUNTS),
    Task.FORECAST: (*_NUMERIC, *OF_FORECASTS),
    Task.MULTILABEL: (_KNOWN["f1_micro"], _KNOWN["f1_macro"], *OF_SETS),
    Task.CLUSTERING: OF_CLUSTERS,
    Task.ANOMALY: (
        *OF_ODDITIES,
        *(_KNOWN[n] for n in ("roc_auc", "average_precision", "f1", "precision", "recall")),
    ),
    Task.RANKING: OF_LISTS,
}
_DEFAULT = {
    Task.BINARY: "roc_auc",
    Task.MULTICLASS: "log_loss",
    Task.REGRESSION: "rmse",
    Task.COUNTS: "mean_poisson_deviance",
    Task.MULTILABEL: "f1_micro",
    Task.FORECAST: "mae",
    Task.CLUSTERING: "silhouette",
    Task.ANOMALY: "made_auc",
    Task.RANKING: "ndcg_at_10",
}
_ELSEWHERE = {
    "auc": "roc_auc", "logloss": "log_loss", "neg_log_loss": "log_loss",
    "matthews_corrcoef": "mcc", "cohen_kappa": "kappa", "cohen_kappa_score": "kappa",
    "brier_score": "brier", "brier_score_loss": "brier", "neg_brier_score": "brier",
    "balanced_accuracy_score": "balanced_accuracy", "sensitivity": "recall", "tpr": "recall",
    "tnr": "specificity", "ppv": "precision", "pr_auc": "average_precision",
    "neg_root_mean_squared_error": "rmse", "neg_mean_squared_error": "mse",
    "neg_mean_absolute_error": "mae", "neg_median_absolute_error": "median_ae",
    "median_absolute_error": "median_ae", "mean_absolute_percentage_error": "mape",
}  # fmt: skip
"""What other libraries call some of them."""


def metric_names(task: Task) -> tuple[str, ...]:
    """Return the metrics that a task is measured by, the most telling first."""
    return tuple(metric.name for metric in _BY_TASK[task])


def headlines(task: Task) -> tuple[str, ...]:
    """Return the metrics that are shown first, and that live answers are measured by."""
    return tuple(metric.name for metric in _BY_TASK[task] if metric.headline)


def default_metric(task: Task) -> str:
    """Return the metric that models of a task are chosen by if nobody says otherwise."""
    return _DEFAULT[task]


def meaning(name: str) -> str:
    """Return what a metric says in words; empty for one that is not known."""
    return _KNOWN[name].words if name in _KNOWN else ""


def direction(name: str) -> int:
    """Return +1 where more is better, -1 where less is.

    Raises:
        UsageError: If there is no such metric.
    """
    if name not in _KNOWN:
        usual = _ELSEWHERE.get(name)
        raise UsageError(
            f"there is no metric called '{name}'",
            why=f"metrics: {', '.join(_KNOWN)}",
            now=f"it is called '{usual}' here"
            if usual
            else did_you_mean(name, _KNOWN) or "pick one of the metrics above",
        )
    return _KNOWN[name].better


def check_metric(name: str, task: Task) -> str:
    """Return `name` if models of the task can be measured by it.

    Raises:
        UsageError: If there is no such metric, or not for this task.
    """
    direction(name)
    if name not in metric_names(task):
        raise UsageError(
            f"the metric '{name}' does not fit a {task.value} model",
            why=f"{task.value} models are measured by {', '.join(metric_names(task))}",
            now=f"set `metric: {default_metric(task)}` under `train:`, or another of those",
        )
    return name
