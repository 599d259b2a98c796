"""The first trees of a model, as a model: of what boosts, and of forests.

What boosts adds tree after tree, each correcting those before it: the first ones alone are the model that
a shorter fit would have made. A forest's trees are drawn alike, and any of them are a smaller forest.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_FORESTS = ("RandomForest", "ExtraTrees")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """How a kind of model is cut.

    Attributes:
        rounds: Returns how many rounds a model has; of a forest, trees.
        trees: Returns how many trees one row passes through.
        first: Returns a model of the first rounds; the one given stays as it is.
    """

    rounds: Callable[[Any], int]
    trees: Callable[[Any], int]
    first: Callable[[Any, int], Any]


def cut_of(model: Any) -> Cut | None:
    """Return how a model is cut; None for what has no trees."""
    kind = type(model)
    library, name = kind.__module__.partition(".")[0], kind.__name__
    if library == "lightgbm" and name.startswith("LGBM") and hasattr(model, "booster_"):
        return _LIGHTGBM
    if library == "xgboost" and name in ("XGBClassifier", "XGBRegressor"):
        return _XGBOOST
    if library == "catboost" and name.startswith("CatBoost"):
        return _CATBOOST
    if library == "sklearn" and name.startswith("HistGradientBoosting"):
        return _HISTOGRAM
    if library == "sklearn" and name.startswith(_FORESTS):
        return _FOREST
    return None


def _lightgbm(model: Any, rounds: int) -> Any:
    import lightgbm

    text = model.booster_.model_to_string(num_iteration=rounds)
    cut = copy.copy(model)
    cut._Booster = lightgbm.Booster(model_str=text)
    cut._best_iteration = 0
    return cut.set_params(n_estimators=rounds)


def _xgboost(model: Any, rounds: int) -> Any:
    cut = copy.copy(model)
    cut._Booster = model.get_booster()[:rounds]
    cut._Booster.set_attr(best_iteration=None, best_score=None)  # it may lie beyond the last round
    return cut.set_params(n_estimators=rounds)


def _catboost(model: Any, rounds: int) -> Any:
    cut = model.copy()
    cut.shrink(ntree_end=rounds)
    return cut


def _histogram(model: Any, rounds: int) -> Any:
    cut = copy.copy(model)
    cut._predictors = model._predictors[:rounds]
    return cut.set_params(max_iter=rounds)


def _forest(model: Any, rounds: int) -> Any:
    cut = copy.copy(model)
    cut.estimators_ = model.estimators_[:rounds]
    return cut.set_params(n_estimators=rounds)


def _parallel(model: Any) -> int:
    """Return the trees of a round: one of each class where there are more than two."""
    classes = len(getattr(model, "classes_", ()))
    return classes if classes > 2 else 1  # noqa: PLR2004 - a pair needs one


_LIGHTGBM = Cut(
    rounds=lambda model: int(model.booster_.current_iteration()),
    trees=lambda model: int(model.booster_.num_trees()),
    first=_lightgbm,
)
_XGBOOST = Cut(
    rounds=lambda model: int(model.get_booster().num_boosted_rounds()),
    trees=lambda model: int(model.get_booster().num_boosted_rounds()) * _parallel(model),
    first=_xgboost,
)
_CATBOOST = Cut(
    rounds=lambda model: int(model.tree_count_),
    trees=lambda model: int(model.tree_count_),
    first=_catboost,
)
_HISTOGRAM = Cut(
    rounds=lambda model: len(model._predictors),
    trees=lambda model: sum(map(len, model._predictors)),
    first=_histogram,
)
_FOREST = Cut(
    rounds=lambda model: len(model.estimators_),
    trees=lambda model: len(model.estimators_),
    first=_forest,
)
