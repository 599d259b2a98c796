"""Fitted pipelines as one: a vote of scikit-learn's own, which the compiled scorer knows."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def combined(members: Sequence[tuple[Any, float]]) -> Any:
    """Return one pipeline over the canonical frame that gives the weighted mean of the members' answers.

    Args:
        members: Fitted pipelines of `prepare` and `model`, with their weights. Members that prepare rows
            in the same way share one preparation.

    A single member comes back as it is.
    """
    if len(members) == 1:
        return members[0][0]
    from sklearn.pipeline import Pipeline

    groups: list[list[tuple[Any, float]]] = []
    for member in members:
        group = next((group for group in groups if _alike(group[0][0], member[0])), None)
        if group is None:
            groups.append([member])
        else:
            group.append(member)
    joined: list[tuple[Any, float]] = []
    for group in groups:
        weight = sum(weight for _, weight in group)
        if len(group) == 1:
            joined.append((group[0][0], weight))
            continue
        models = [(pipeline.named_steps["model"], part) for pipeline, part in group]
        prepared = group[0][0].named_steps["prepare"]
        joined.append((Pipeline([("prepare", prepared), ("model", vote(models))]), weight))
    return joined[0][0] if len(joined) == 1 else vote(joined)


def vote(members: Sequence[tuple[Any, float]]) -> Any:
    """Return a fitted vote of fitted models."""
    from sklearn.ensemble import VotingClassifier, VotingRegressor
    from sklearn.preprocessing import LabelEncoder
    from sklearn.utils import Bunch

    named = [(f"member{number}", model) for number, (model, _) in enumerate(members, 1)]
    weights = [weight for _, weight in members]
    classes = getattr(members[0][0], "classes_", None)
    if classes is None or not len(classes):  # CatBoost's regressor has some, and they are none
        made: Any = VotingRegressor(named, weights=weights)
    else:
        made = VotingClassifier(named, voting="soft", weights=weights)
        made.le_ = LabelEncoder().fit(np.asarray(classes))
        made.classes_ = made.le_.classes_
    made.estimators_ = [model for _, model in named]
    made.named_estimators_ = Bunch(**dict(named))
    names = getattr(members[0][0], "feature_names_in_", None)
    if names is not None:
        made.feature_names_in_ = names
    return made


def members_of(pipeline: Any) -> list[tuple[Any, float]]:
    """Return the pipelines of `prepare` and `model` inside, with their weights: itself, if it is no vote."""
    from sklearn.pipeline import Pipeline

    if not isinstance(pipeline, Pipeline):
        if not hasattr(pipeline, "estimators_") or not hasattr(pipeline, "weights"):
            return [(pipeline, 1.0)]
        whole = sum(pipeline.weights)
        return [
            (inner, part * weight / whole)
            for member, weight in zip(pipeline.estimators_, pipeline.weights, strict=True)
            for inner, part in members_of(member)
        ]
    model = pipeline.named_steps.get("model")
    if not hasattr(model, "named_estimators_") or not hasattr(model, "weights"):
        return [(pipeline, 1.0)]
    whole = sum(model.weights)
    return [
        (Pipeline([("prepare", pipeline.named_steps["prepare"]), ("model", each)]), weight / whole)
        for each, weight in zip(model.estimators_, model.weights, strict=True)
    ]


def _alike(one: Any, other: Any) -> bool:
    """Tell whether two pipelines prepare rows in the same way: both were fitted on the same rows."""
    return repr(one.named_steps["prepare"]) == repr(other.named_steps["prepare"])
