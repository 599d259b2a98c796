"""The metrics by name: what task each is for, and which way is better."""

from keepwell.core.errors import UsageError
from keepwell.core.records import Task
from keepwell.core.suggestions import did_you_mean

_CLASSIFICATION = (
    "accuracy",
    "roc_auc",
    "average_precision",
    "f1",
    "precision",
    "recall",
    "log_loss",
)
_REGRESSION = ("rmse", "mae", "r2", "mse", "pinball_loss", "interval_coverage")
_FORECAST = (*_REGRESSION, "smape", "wape", "mase")
_COUNTS = (*_REGRESSION, "mean_poisson_deviance")
_MULTILABEL = ("f1_micro", "f1_macro", "subset_accuracy", "hamming_loss")
_CLUSTERING = (
    "silhouette",
    "calinski_harabasz",
    "davies_bouldin",
    "adjusted_rand",
    "adjusted_mutual_info",
)
_ANOMALY = ("made_auc", "flagged", "roc_auc", "average_precision", "f1", "precision", "recall")
_TOP = tuple(f"{name}_at_{k}" for name in ("ndcg", "mrr", "recall") for k in (5, 10, 20))
_RANKING = (*_TOP, "coverage_at_10")
_BY_TASK = {
    Task.REGRESSION: _REGRESSION,
    Task.COUNTS: _COUNTS,
    Task.MULTILABEL: _MULTILABEL,
    Task.FORECAST: _FORECAST,
    Task.CLUSTERING: _CLUSTERING,
    Task.ANOMALY: _ANOMALY,
    Task.RANKING: _RANKING,
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
_LOWER_IS_BETTER = frozenset(
    {
        "log_loss",
        "rmse",
        "mae",
        "mse",
        "smape",
        "wape",
        "mase",
        "mean_poisson_deviance",
        "pinball_loss",
        "hamming_loss",
        "davies_bouldin",
        "flagged",
    }
)


def metric_names(task: Task) -> tuple[str, ...]:
    """Return the metrics that a task is measured by."""
    return _BY_TASK.get(task, _CLASSIFICATION)


def default_metric(task: Task) -> str:
    """Return the metric that models of a task are chosen by if nobody says otherwise."""
    return _DEFAULT[task]


def direction(name: str) -> int:
    """Return +1 where more is better, -1 where less is.

    Raises:
        UsageError: If there is no such metric.
    """
    known = tuple(dict.fromkeys((*_CLASSIFICATION, *(n for row in _BY_TASK.values() for n in row))))
    if name not in known:
        raise UsageError(
            f"there is no metric called '{name}'",
            why=f"metrics: {', '.join(known)}",
            now=did_you_mean(name, known) or "pick one of the metrics above",
        )
    return -1 if name in _LOWER_IS_BETTER else 1


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
