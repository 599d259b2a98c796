"""The same in plain words: sentences that need no statistics to be understood."""

import re

from keepwell.core.records import Estimate, Evaluation, ModelVersion, Task
from keepwell.operations.reports.dossier import Dossier

_FAMILIES = {
    "lightgbm": "gradient-boosted decision trees (LightGBM)",
    "xgboost": "gradient-boosted decision trees (XGBoost)",
    "catboost": "gradient-boosted decision trees (CatBoost)",
    "linear": "a linear model",
    "baseline": "a baseline that always gives the same answer",
}


def built(dossier: Dossier) -> list[str]:
    """Return what was built, from what."""
    version, dataset = dossier.version, dossier.dataset
    signature = version.signature
    told = f"A {_kind(version)} model that predicts “{signature.target}”"
    if 0 < len(signature.classes) <= 8:  # noqa: PLR2004 - more would be no sentence
        told += f" (one of {', '.join(map(str, signature.classes))})"
    told += f" from {len(signature.inputs)} columns"
    if dataset is not None:
        told += f" of the data set {dataset.key}, which has {dataset.rows:,} rows"
    said = [told + "."]
    family = _FAMILIES.get(version.learner, version.learner)
    count = len(dossier.leaderboard)
    if family:
        among = f", the best of {count} candidates that were tried" if count > 1 else ""
        said.append(f"It is {family}{among}.")
    return said


def _kind(version: ModelVersion) -> str:
    return {
        Task.BINARY: "yes-or-no",
        Task.MULTICLASS: "classification",
        Task.REGRESSION: "regression",
    }.get(version.signature.task, version.signature.task.value)


def quality(dossier: Dossier) -> list[str]:
    """Return how good it is."""
    version, found = dossier.version, dossier.evaluation
    rows = (
        f"On {found.rows:,} rows that it had never seen" if found else "On rows it had never seen"
    )
    told = (
        _of_numbers(version, found, rows)
        if version.signature.task.numeric
        else _of_labels(version, found, rows)
    )
    told += _carried(found)
    return told or ["How good it is was not measured."]


def _of_labels(version: ModelVersion, found: Evaluation | None, rows: str) -> list[str]:
    metrics, told = version.metrics, []
    if accuracy := metrics.get("accuracy"):
        sentence = f"{rows}, it was right in {accuracy.value:.0%}{_reach(accuracy, '.0%')}."
        naive = found.naive.get("accuracy") if found else None
        if found and naive is not None:
            sentence += f" Always answering “{found.usual}” would be right in {naive:.0%}."
        told.append(sentence)
    classes = version.signature.classes
    precision, recall = metrics.get("precision"), metrics.get("recall")
    if version.signature.task is Task.BINARY and precision and recall and len(classes) > 1:
        told.append(
            f"Of 100 rows that it calls “{classes[1]}”, about {round(100 * precision.value)} are; of 100 "
            f"that are “{classes[1]}”, it finds about {round(100 * recall.value)}."
        )
    auc = metrics.get("roc_auc")
    if version.signature.task is Task.BINARY and auc and len(classes) > 1:
        told.append(
            f"Of two rows, one “{classes[1]}” and one “{classes[0]}”, it puts the right one first in "
            f"{round(100 * auc.value)} of 100 cases; guessing would in 50."
        )
    return told


def _of_numbers(version: ModelVersion, found: Evaluation | None, rows: str) -> list[str]:
    metrics, told = version.metrics, []
    if mae := metrics.get("mae"):
        sentence = f"{rows}, it was off by {mae.value:.4g} on average{_reach(mae, '.4g')}"
        if median := metrics.get("median_ae"):
            sentence += f"; half of its answers are within {median.value:.4g}"
        naive = found.naive.get("mae") if found else None
        told.append(sentence + ".")
        if naive is not None:
            told.append(f"Always answering the middle value would be off by {naive:.4g}.")
    if r2 := metrics.get("r2"):
        told.append(
            f"It explains {max(r2.value, 0):.0%} of what makes rows differ in “{version.signature.target}”."
        )
    return told


def _carried(found: Evaluation | None) -> list[str]:
    if found is None or found.gap is None or found.train is None or found.test is None:
        return []
    if found.warning:
        return [f"Take care: {found.warning}."]
    return [
        f"What it has learnt carries over to new rows: {found.metric} is {found.train:.4g} on rows that it "
        f"learnt from and {found.test:.4g} on new ones ({found.gap:.0%} of its gain is lost; more than 50% "
        "would be a warning)."
    ]


def _reach(estimate: Estimate, digits: str) -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    return f" (likely between {estimate.low:{digits}} and {estimate.high:{digits}})"


def weak_spots(dossier: Dossier) -> list[str]:
    """Return where it fails."""
    found = dossier.evaluation
    if found is None or not found.searched:
        return ["There were too few test rows to look for parts where it fails."]
    if not found.slices:
        return [
            f"None of {found.searched:,} parts of the test rows (by one or two columns, {found.smallest} "
            "rows or more) is worse than the rest beyond chance."
        ]
    quoted = [re.sub("`([^`]*)`", r"“\1”", item.words) for item in found.slices]
    return [f"{words[0].upper()}{words[1:]}." for words in quoted]
