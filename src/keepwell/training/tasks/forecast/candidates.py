"""Models of what follows: fitted to every step, looked at from one to a horizon of steps before."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.forecasting import Outlook
from keepwell.features.forecasting.forecaster import gapless
from keepwell.training.learners.base import FIRST
from keepwell.training.trained import Params

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAIVE = "seasonal-naive"  # always among the candidates: what every model has to beat
MOST_ROWS = 60_000
_TREES: Params = {
    "n_estimators": 300, "learning_rate": 0.05, "subsample": 0.8, "subsample_freq": 1,
    "colsample_bytree": 0.8, "reg_lambda": 1.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to forecast.

    Attributes:
        name: As the leaderboard shows it.
        learner: `baseline`, `ridge` or `lightgbm`.
        base: What the model's answers are added to.
        params: Of the model.
    """

    name: str
    learner: str
    base: str = "season"
    params: Params = field(default_factory=dict)


WAYS = (
    Way(name=NAIVE, learner=FIRST),
    Way(name="ridge/season", learner="ridge", params={"alpha": 1.0}),
    Way(name="lightgbm/season", learner="lightgbm", params={**_TREES, "num_leaves": 31}),
    Way(name="ridge/level", learner="ridge", base="level", params={"alpha": 1.0}),
    Way(
        name="lightgbm/level", learner="lightgbm", base="level", params={**_TREES, "num_leaves": 31}
    ),
    Way(name="lightgbm/small", learner="lightgbm", params={**_TREES, "num_leaves": 7}),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """Steps to learn from: rows of the series, steps, what came, and the table's row of each."""

    rows: "NDArray[np.int64]"
    steps: "NDArray[np.int64]"
    actual: "NDArray[np.float64]"
    known: "tuple[NDArray[Any], ...]" = ()

    def before(self, cut: int) -> "Lessons":
        """Return those before a step."""
        return self.of(self.steps < cut)

    def of(self, chosen: "NDArray[Any]") -> "Lessons":
        """Return some of them."""
        return Lessons(
            rows=self.rows[chosen],
            steps=self.steps[chosen],
            actual=self.actual[chosen],
            known=tuple(column[chosen] for column in self.known),
        )


def fit(
    way: Way,
    outlook: Outlook,
    lessons: Lessons,
    metric: str,
    *,
    seed: int,
    jobs: int,
    stop: Callable[[], bool],
) -> Any:
    """Return a fitted model; None for the naive one, which needs none.

    Boosting ends with the trees that it has when `stop` turns true.
    """
    if way.learner == FIRST:
        return None
    taken, ahead = _looks(len(lessons.steps), outlook.settings.horizon, seed)
    told = lessons.of(taken)
    design = outlook.design(told.rows, told.steps, ahead, told.known)
    answer = (told.actual - design.base) / design.scale
    if way.learner == "ridge":
        return _ridge(gapless(design.features), answer, way.params)
    import lightgbm

    params: dict[str, Any] = {**way.params, "random_state": seed, "n_jobs": jobs}
    if metric in ("mae", "wape", "smape"):
        params["objective"] = "regression_l1"
    model = lightgbm.LGBMRegressor(**params, verbose=-1, deterministic=True, force_row_wise=True)
    return model.fit(design.features, answer, callbacks=[_until(stop)])


def _until(stop: Callable[[], bool]) -> Callable[[Any], None]:
    def check(env: Any) -> None:
        if stop():
            from lightgbm.callback import EarlyStopException

            raise EarlyStopException(env.iteration, env.evaluation_result_list or [])

    return check


def _looks(count: int, horizon: int, seed: int) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
    """Return pairs of a step and how far ahead it is looked at from: all, or evenly drawn ones."""
    random = np.random.default_rng(seed)
    if count * horizon <= MOST_ROWS:
        taken = np.repeat(np.arange(count), horizon)
        return taken, np.tile(np.arange(1, horizon + 1), count)
    each = max(1, MOST_ROWS // count)
    taken = np.repeat(np.arange(count), each)
    if len(taken) > MOST_ROWS:
        taken = np.sort(random.choice(count, MOST_ROWS, replace=False))
    return taken, random.integers(1, horizon + 1, len(taken))


def _ridge(features: "NDArray[np.float64]", answer: "NDArray[np.float64]", params: Params) -> Any:
    """Return a ridge regression over scaled features, as one over the features themselves."""
    from sklearn.linear_model import Ridge

    middle, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    model = Ridge(**params).fit((features - middle) / spread, answer)
    model.coef_ = model.coef_ / spread
    model.intercept_ = float(model.intercept_ - middle @ model.coef_)
    return model
