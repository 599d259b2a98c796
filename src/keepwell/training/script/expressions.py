"""The metrics as scikit-learn spells them: what a program of its own prints."""

from keepwell.core.records import Task

_OF_PAIRS = {
    "accuracy": "accuracy_score(actual, said)",
    "roc_auc": "roc_auc_score(actual, answer[:, 1])",
    "average_precision": "average_precision_score(actual, answer[:, 1])",
    "f1": "f1_score(actual, said, zero_division=0)",
    "precision": "precision_score(actual, said, zero_division=0)",
    "recall": "recall_score(actual, said, zero_division=0)",
    "log_loss": "log_loss(actual, answer, labels=range(len(CLASSES)))",
    "balanced_accuracy": "balanced_accuracy_score(actual, said)",
    "mcc": "matthews_corrcoef(actual, said)",
    "kappa": "cohen_kappa_score(actual, said)",
    "specificity": "recall_score(actual, said, pos_label=0, zero_division=0)",
    "brier": "brier_score_loss(actual, answer[:, 1])",
}
_AVERAGED = {
    f"{name}_{average}": f'{name}_score(actual, said, average="{average}", zero_division=0)'
    for name in ("precision", "recall", "f1")
    for average in ("macro", "weighted", "micro")
}
_OF_MANY = {
    "accuracy": _OF_PAIRS["accuracy"],
    "roc_auc": 'roc_auc_score(actual, answer, multi_class="ovr", labels=range(len(CLASSES)))',
    "f1": _AVERAGED["f1_macro"],
    "precision": _AVERAGED["precision_macro"],
    "recall": _AVERAGED["recall_macro"],
    "log_loss": _OF_PAIRS["log_loss"],
    "balanced_accuracy": _OF_PAIRS["balanced_accuracy"],
    "mcc": _OF_PAIRS["mcc"],
    "kappa": _OF_PAIRS["kappa"],
}
_OF_NUMBERS = {
    "rmse": "root_mean_squared_error(actual, answer)",
    "mae": "mean_absolute_error(actual, answer)",
    "r2": "r2_score(actual, answer)",
    "mse": "mean_squared_error(actual, answer)",
    "median_ae": "median_absolute_error(actual, answer)",
    "max_error": "max_error(actual, answer)",
    "explained_variance": "explained_variance_score(actual, answer)",
    "mape": "mean_absolute_percentage_error(actual, answer)",
    "rmsle": "root_mean_squared_log_error(actual, answer)",
    **{
        f"pinball_{at}": f"mean_pinball_loss(actual, answer, alpha=0.{at // 10})"
        for at in (10, 50, 90)
    },
}
_ALWAYS = {
    Task.BINARY: ("accuracy", "roc_auc", "f1"),
    Task.MULTICLASS: ("accuracy", "log_loss", "f1"),
    Task.REGRESSION: ("rmse", "mae", "r2"),
}


def expressions(task: Task, metric: str) -> dict[str, str]:
    """Return code by metric: the one that the model was chosen by first, then the usual ones."""
    known = {
        Task.BINARY: _OF_PAIRS | _AVERAGED,
        Task.MULTICLASS: _OF_MANY | _AVERAGED,
        Task.REGRESSION: _OF_NUMBERS,
    }.get(task, {})
    names = dict.fromkeys((metric, *_ALWAYS.get(task, ())))
    return {name: known[name] for name in names if name in known}
