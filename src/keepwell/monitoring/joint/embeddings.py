"""Tells live embeddings from training's: a classifier over their numbers, and how they differ in words."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.monitoring.joint.telling import area, chance, floor_of, out_of_fold
from keepwell.monitoring.words import percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_ROWS = 2_000
LIMIT = 0.65
CERTAIN = 3.3

_FEWEST = 100
_DIRECTIONS = 64  # main ones of both worlds together, which the classifier is shown
_SQUARED = 16  # of them also squared: a cloud that grew has not moved
_RIDGE = 0.03
_EDGE = 0.99  # of training's rows lie nearer to their centre
_WORTH_SAYING = 0.1
_FAR = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingDrift:
    """How live embeddings differ from training's.

    Attributes:
        column: Which column.
        rows: Live embeddings that were looked at.
        effect: How well a classifier over their numbers tells them apart: 0.5 is guessing, 1 never wrong.
        floor: The same for a stretch of training's own and the rest of them, at most.
        limit: What the effect was held against.
        moved: How far the centre moved, in training's mean distance from it.
        length: Mean length of a live one, as a share of training's.
        far: Share that lies farther from training's centre than 99% of training's.
    """

    column: str
    rows: int
    effect: float
    floor: float
    limit: float
    moved: float
    length: float
    far: float

    @property
    def drifted(self) -> bool:
        """Whether embeddings lie elsewhere than in training."""
        return self.effect > self.limit

    @property
    def message(self) -> str:
        """What changed, in words."""
        parts = [f"embeddings of `{self.column}` lie elsewhere than in training"]
        if self.moved > _WORTH_SAYING:
            parts.append(
                f"their centre moved by {percent(self.moved)} of training's mean distance from it"
            )
        if self.far > _FAR:
            parts.append(f"{percent(self.far)} lie farther out than 99% of training's")
        if abs(self.length - 1) > _WORTH_SAYING:
            word = "longer" if self.length > 1 else "shorter"
            parts.append(f"they are {percent(abs(self.length - 1))} {word}")
        return "; ".join(parts)


def compare_embeddings(
    column: str,
    reference: "NDArray[np.float64]",
    current: "NDArray[np.float64]",
    *,
    history: int = 0,
) -> EmbeddingDrift | None:
    """Return how embeddings differ; None if there are too few.

    Args:
        column: Its name.
        reference: Training's, a row each, in their order.
        current: Live ones, in their order.
        history: How many rows of training the reference was drawn from; its own unless said. A stretch of
            them, whose difference from the rest is the floor, is as long as the live one.
    """
    first, second = _some(reference), _some(current)
    if min(len(first), len(second)) < _FEWEST:
        return None
    shown = _shown(first, second)
    worlds = np.concatenate([np.zeros(len(first)), np.ones(len(second))])
    share = len(current) / max(history, len(reference))
    floor = floor_of(shown[: len(first)], share, _score)
    centre = first.mean(axis=0)
    near, distance = (np.linalg.norm(one - centre, axis=1) for one in (first, second))
    before = np.linalg.norm(first, axis=1).mean()
    return EmbeddingDrift(
        column=column,
        rows=len(second),
        effect=area(out_of_fold(shown, worlds, _score), worlds),
        floor=floor,
        limit=max(LIMIT, floor, 0.5 + CERTAIN * chance(len(first), len(second))),
        moved=float(np.linalg.norm(second.mean(axis=0) - centre) / (near.mean() or 1.0)),
        length=float(np.linalg.norm(second, axis=1).mean() / (before or 1.0)),
        far=float((distance > np.quantile(near, _EDGE)).mean()),
    )


def _shown(first: "NDArray[np.float64]", second: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return what the classifier is shown of each row: its place along the main directions, and squares."""
    both = np.concatenate([first, second])
    both = both - both.mean(axis=0)
    _, directions = np.linalg.eigh(both.T @ both)
    places = both @ directions[:, ::-1][:, :_DIRECTIONS]
    spread = places.std(axis=0)
    places = places[:, spread > 1e-9 * max(float(spread.max()), 1e-300)]
    places = places / places.std(axis=0)
    squares = places[:, :_SQUARED] ** 2
    return np.column_stack([places, np.minimum(squares, 25.0)])


def _score(rows: Any, worlds: "NDArray[np.float64]", asked: Any) -> "NDArray[np.float64]":
    """Return how far a row lies to the second world's side of a plane (ridge regression)."""
    weights = np.where(worlds == 1, 0.5 / (worlds == 1).sum(), 0.5 / (worlds == 0).sum())
    middle = weights @ rows
    centred = rows - middle
    weighed = centred * weights[:, None]
    gram = weighed.T @ centred
    gram[np.diag_indices_from(gram)] += _RIDGE
    slope = np.linalg.solve(gram, weighed.T @ (2.0 * worlds - 1.0))
    return np.asarray((asked - middle) @ slope, dtype=np.float64)


def _some(rows: "NDArray[np.float64]") -> "NDArray[np.float64]":
    rows = rows[np.isfinite(rows).all(axis=1)]
    if len(rows) <= MOST_ROWS:
        return rows
    return rows[np.linspace(0, len(rows) - 1, MOST_ROWS).astype(np.int64)]
