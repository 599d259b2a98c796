"""Tells live rows from training's by all columns together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.monitoring.joint.encoding import encode
from keepwell.monitoring.joint.telling import LONGEST, area, chance, floor_of, out_of_fold

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROWS = 2_000
"""Of each world; more would cost time and say little more."""

LIMIT = 0.6
"""Area below which a difference does not matter."""

CERTAIN = 3.3
"""Standard deviations of chance."""

_EVERY = 2  # rows that the floor is learnt from: twelve draws take as many times as long
_NAMED = 3
_FEWEST = 100
_TREES = {
    "objective": "binary", "num_leaves": 15, "learning_rate": 0.1, "min_data_in_leaf": 20,
    "feature_fraction": 0.8, "num_threads": 1, "verbosity": -1, "seed": 0, "deterministic": True,
}  # fmt: skip
_ROUNDS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class JointDrift:
    """How well live rows can be told from training's.

    Attributes:
        rows: Live rows that were looked at.
        effect: Area under the ROC curve on rows not learnt from: 0.5 is guessing, 1 never wrong.
        floor: The same for a stretch of training's own rows and the rest of them.
        limit: What the effect was held against.
        columns: What tells them apart most, with the share of the work that each does.
    """

    rows: int
    effect: float
    floor: float
    limit: float
    columns: tuple[tuple[str, float], ...] = ()

    @property
    def drifted(self) -> bool:
        """Whether rows go together otherwise than in training."""
        return self.effect > self.limit


def compare_rows(
    reference: Mapping[str, Any],
    current: Mapping[str, Any],
    *,
    floor: float | None = None,
    history: int = 0,
) -> JointDrift | None:
    """Return how well the rows can be told apart; None if there are too few, or no column to tell them by.

    Args:
        reference: Columns of training's rows (Arrow), in their order.
        current: The same columns of live rows, in their order.
        floor: Of stretches of training's own rows, if it is known from before.
        history: How many rows of training the reference was drawn from; its own unless said. A stretch of
            them is as long as the live one.
    """
    names = [name for name in reference if name in current]
    first, second = (_spread(columns, names) for columns in (reference, current))
    rows = min(_length(first), _length(second))
    if rows < _FEWEST:
        return None
    both = {name: pa.concat_arrays([first[name], second[name]]) for name in names}
    matrix, parts = encode(both)
    if not matrix.shape[1]:
        return None
    worlds = np.concatenate([np.zeros(_length(first)), np.ones(_length(second))])
    share = _length(current) / max(history, _length(reference))
    own = learn_floor(matrix[worlds == 0][::_EVERY], share) if floor is None else floor
    scores = out_of_fold(matrix, worlds, _score)
    limit = max(LIMIT, own, 0.5 + CERTAIN * chance(_length(first), _length(second)))
    return JointDrift(
        rows=_length(second),
        effect=area(scores, worlds),
        floor=own,
        limit=limit,
        columns=_working(matrix, worlds, parts),
    )


def learn_floor(matrix: "NDArray[np.float64]", share: float = 1 / LONGEST) -> float:
    """Return how well a stretch of training's rows can be told from the rest, at best of twelve.

    Args:
        matrix: Training's rows in their order.
        share: How long the stretch is.
    """
    return floor_of(matrix, share, _score)


def _score(rows: Any, worlds: "NDArray[np.float64]", asked: Any) -> "NDArray[np.float64]":
    import lightgbm as lgb

    booster = lgb.train(_TREES, lgb.Dataset(rows, worlds), _ROUNDS)
    return np.asarray(booster.predict(asked), dtype=np.float64)


def _working(
    matrix: "NDArray[np.float64]", worlds: "NDArray[np.float64]", parts: list[str]
) -> tuple[tuple[str, float], ...]:
    import lightgbm as lgb

    booster = lgb.train(_TREES, lgb.Dataset(matrix, worlds), _ROUNDS)
    gains = booster.feature_importance("gain")
    total = float(gains.sum())
    shares: dict[str, float] = {}
    for part, gain in zip(parts, gains.tolist(), strict=True):
        name = part.partition(" = ")[0]
        shares[name] = shares.get(name, 0.0) + (gain / total if total else 0.0)
    ordered = sorted(shares.items(), key=lambda item: -item[1])
    return tuple((name, round(share, 3)) for name, share in ordered[:_NAMED])


def _spread(columns: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """Return at most so many rows, spread evenly, as plain arrays."""
    found = {}
    for name in names:
        column = columns[name]
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        if len(column) > MOST_ROWS:
            places = np.linspace(0, len(column) - 1, MOST_ROWS).astype(np.int64)
            column = column.take(pa.array(places))
        found[name] = column
    return found


def _length(columns: Mapping[str, Any]) -> int:
    return min((len(column) for column in columns.values()), default=0)
