"""How parts of a pipeline are fitted where that is not by `fit(X, y)` alone, as methods of a class."""

from collections.abc import Iterator
from typing import Any

from keepwell.training.script.bending import is_bent

_PASSES = """\
def fit(self, X, y, sample_weight=None):
    more = {{}} if sample_weight is None else {{"sample_weight": sample_weight}}
    for _ in range({passes}):
        self.partial_fit(X, y, classes=np.unique(y), **more)
    return self
"""
_PASSES_OF_NUMBERS = """\
def fit(self, X, y, sample_weight=None):
    more = {{}} if sample_weight is None else {{"sample_weight": sample_weight}}
    scaler = StandardScaler()
    wanted = scaler.fit_transform(np.asarray(y, dtype=np.float64).reshape(-1, 1)).ravel()
    for _ in range({passes}):
        self.partial_fit(X, wanted, **more)
    scale, mean = float(scaler.scale_[0]), float(scaler.mean_[0])
    self.coefs_[-1] = self.coefs_[-1] * scale
    self.intercepts_[-1] = self.intercepts_[-1] * scale + mean
    return self
"""
_CATEGORIES = """\
def fit(self, X, y, sample_weight=None):
    return super().fit(X, y, sample_weight=sample_weight, categorical_feature={places})
"""
_WEIGHED = """\
def fit(self, X, y, sample_weight=None):
    return super().fit(X, y, model__sample_weight=sample_weight)
"""


def methods(pipeline: Any, *, weighted: bool = False) -> dict[int, str]:
    """Return, by the identity of a part, the method that it is fitted by.

    Args:
        pipeline: `prepare` and `model`, or a vote of such.
        weighted: Rows count differently, which the members of a vote have to be told.

    Raises:
        TypeError: If a part cannot be fitted again by a program.
    """
    steps = getattr(pipeline, "steps", None)
    if steps is None:
        return {
            key: method
            for member in members(pipeline)
            for key, method in _of_member(member, weighted=weighted).items()
        }
    places = getattr(steps[0][1], "output_indices_", {}).get("categories")
    positions = [] if places is None else list(range(places.start, places.stop))
    found = {id(leaf): _method(leaf, positions) for leaf in _leaves(steps[-1][1])}
    return {key: method for key, method in found.items() if method}


def _of_member(member: Any, *, weighted: bool) -> dict[int, str]:
    found = methods(member, weighted=weighted)
    if weighted and hasattr(member, "steps"):
        found[id(member)] = _WEIGHED
    return found


def _method(leaf: Any, positions: list[int]) -> str:
    module, name = type(leaf).__module__, type(leaf).__name__
    if module.startswith("keepwell.features.networks"):
        raise TypeError(
            "a network that PyTorch has trained is no part of a program without Keepwell"
        )
    if module.partition(".")[0] == "lightgbm" and positions:
        return _CATEGORIES.format(places=positions)
    passes = getattr(leaf, "passes_", None)
    if name == "MLPClassifier" and passes:
        return _PASSES.format(passes=passes)
    if name == "MLPRegressor" and passes:
        return _PASSES_OF_NUMBERS.format(passes=passes)
    return ""


def members(model: Any) -> list[Any]:
    """Return the members of a vote, and what lies below bent probabilities; none for any other model."""
    if is_bent(model):
        return [model.estimator.estimator]
    given = model.get_params(deep=False).get("estimators") or []
    return [item[1] for item in given if isinstance(item, tuple)]


def _leaves(model: Any) -> Iterator[Any]:
    inner = members(model)
    for member in inner:
        yield from _leaves(member)
    if not inner:
        yield model
