"""A fitted pipeline taken apart: members with their weights, and the curve around them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from keepwell.training.ensembling.calibration import bent, opened_curve, with_curve
from keepwell.training.ensembling.combining import combined, members_of
from keepwell.training.lighter.cuts import cut_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# What one row costs beside the trees, in trees of LightGBM: measured with compiled scorers, 30 columns.
_WORTH = {
    "xgboost": 4_000.0,
    "KNeighbors": 1_500.0,
    "MLP": 200.0,
    "Kernel": 200.0,
    "Forest": 300.0,
    "Trees": 300.0,
}
_OTHER = 100.0


class NotLighterError(Exception):
    """A pipeline has nothing that could be left out; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a pipeline is made of.

    Attributes:
        members: Pipelines that prepare and answer, with weights that add up to 1; the heaviest first.
        curve: What bends their mean; None where nothing does.
    """

    members: tuple[tuple[Any, float], ...]
    curve: Any = None

    def rebuilt(self, members: Sequence[tuple[Any, float]]) -> Any:
        """Return one pipeline of other members, bent by the same curve."""
        whole = sum(weight for _, weight in members)
        made = combined([(member, weight / whole) for member, weight in members])
        return made if self.curve is None else with_curve(self.curve, made)

    def answered(self, answer: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return the members' mean as the pipeline gives it."""
        return answer if self.curve is None else bent(self.curve, answer)


def opened(pipeline: Any) -> Parts:
    """Take a fitted pipeline apart.

    Raises:
        NotLighterError: If there is nothing to leave out.
    """
    inner, curve = opened_curve(pipeline)
    if any(getattr(each, "weights", ...) is None for each in (inner, last_of(inner))):
        raise NotLighterError("it is a vote without weights, which Keepwell did not put together")
    members = tuple(sorted(members_of(inner), key=lambda member: -member[1]))
    if len(members) == 1 and cut_of(last_of(members[0][0])) is None:
        name = type(last_of(members[0][0])).__name__
        raise NotLighterError(
            f"it is a single {name}, which has neither members nor trees to leave out"
        )
    return Parts(members=members, curve=curve)


def last_of(pipeline: Any) -> Any:
    """Return the estimator at the end of a pipeline; anything else is its own."""
    steps = getattr(pipeline, "steps", None)
    return steps[-1][1] if steps else pipeline


def with_last(pipeline: Any, model: Any) -> Any:
    """Return the same pipeline with another estimator at its end; it shares what comes before."""
    from sklearn.pipeline import Pipeline

    steps = getattr(pipeline, "steps", None)
    return Pipeline([*steps[:-1], (steps[-1][0], model)]) if steps else model


def cost_of(model: Any, rounds: int | None) -> float:
    """Return what one row costs, in trees of LightGBM: enough to put models in an order."""
    kind = type(model)
    named = f"{kind.__module__.partition('.')[0]} {kind.__name__}"
    fixed = next((worth for word, worth in _WORTH.items() if word in named), 0.0)
    return fixed + trees_of(model, rounds) or _OTHER


def trees_of(model: Any, rounds: int | None) -> float:
    """Return the trees that one row passes through in the first rounds; 0 of what has none."""
    cut = cut_of(model)
    if cut is None:
        return 0.0
    share = 1.0 if rounds is None else rounds / max(cut.rounds(model), 1)
    return cut.trees(model) * share
