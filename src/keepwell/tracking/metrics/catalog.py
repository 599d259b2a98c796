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
    """

    name: str
    words: str
    equals: str
    better: int = 1
    headline: bool = False


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

_KNOWN = {metric.name: metric for metric in (*OF_CLASSES, *OF_NUMBERS)}
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
    return tuple(metric.name for metric in (OF_NUMBERS if task.numeric else OF_CLASSES))


def headlines(task: Task) -> tuple[str, ...]:
    """Return the metrics that are shown first, and that live answers are measured by."""
    metrics = OF_NUMBERS if task.numeric else OF_CLASSES
    return tuple(metric.name for metric in metrics if metric.headline)


def default_metric(task: Task) -> str:
    """Return the metric that models of a task are chosen by if nobody says otherwise."""
    return {Task.BINARY: "roc_auc", Task.MULTICLASS: "log_loss", Task.REGRESSION: "rmse"}[task]


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
