"""Tells live texts from training's: by their words, and says how they differ."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from keepwell.monitoring.joint.telling import area, chance, out_of_fold
from keepwell.monitoring.words import percent

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_TEXTS = 1_000
LIMIT = 0.65
CERTAIN = 3.3

_FEWEST = 100
_WORDS = 1 << 14  # places that words are hashed to
_WORTH_SAYING = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDrift:
    """How live texts differ from training's.

    Attributes:
        column: Which column.
        rows: Live texts that were looked at.
        effect: How well a classifier over their words tells them apart: 0.5 is guessing, 1 never wrong.
        limit: What the effect was held against.
        length: Characters of a live text, on average.
        length_reference: The same in training.
        unknown: Share of words that training's sample does not hold.
        unknown_reference: The same for one half of training's sample and the other.
    """

    column: str
    rows: int
    effect: float
    limit: float
    length: float
    length_reference: float
    unknown: float
    unknown_reference: float

    @property
    def drifted(self) -> bool:
        """Whether texts read otherwise than in training."""
        return self.effect > self.limit

    @property
    def message(self) -> str:
        """What changed, in words."""
        parts = [f"texts of `{self.column}` read otherwise than in training"]
        ratio = self.length / self.length_reference - 1 if self.length_reference else 0.0
        if abs(ratio) > _WORTH_SAYING:
            parts.append(f"they are {percent(abs(ratio))} {'longer' if ratio > 0 else 'shorter'}")
        if self.unknown - self.unknown_reference > _WORTH_SAYING:
            parts.append(
                f"{percent(self.unknown)} of their words are new,"
                f" {percent(self.unknown_reference)} within training"
            )
        return "; ".join(parts)


def compare_texts(column: str, reference: Any, current: Any) -> TextDrift | None:
    """Return how texts differ; None if there are too few.

    Args:
        column: Its name.
        reference: Training's texts (Arrow), in their order.
        current: Live texts, in their order.
    """
    first, second = _some(reference), _some(current)
    if min(len(first), len(second)) < _FEWEST:
        return None
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    hashed = HashingVectorizer(n_features=_WORDS, alternate_sign=False).transform([*first, *second])
    rows = TfidfTransformer().fit_transform(hashed).tocsr()
    worlds = np.concatenate([np.zeros(len(first)), np.ones(len(second))])
    halves = np.concatenate([np.zeros(len(first) // 2), np.ones(len(first) - len(first) // 2)])
    floor = area(out_of_fold(rows[: len(first)], halves, _score), halves)
    limit = max(LIMIT, floor, 0.5 + CERTAIN * chance(len(first), len(second)))
    return TextDrift(
        column=column,
        rows=len(second),
        effect=area(out_of_fold(rows, worlds, _score), worlds),
        limit=limit,
        length=float(np.mean([len(text) for text in second])),
        length_reference=float(np.mean([len(text) for text in first])),
        unknown=_unknown(first, second),
        unknown_reference=_unknown(first[::2], first[1::2]),
    )


def _score(rows: Any, worlds: "NDArray[np.float64]", asked: Any) -> "NDArray[np.float64]":
    """Return how far a text lies to the side of the second world: means of words, smoothed (naive Bayes)."""
    sums = [np.asarray(rows[worlds == world].sum(axis=0)).ravel() + 0.05 for world in (0, 1)]
    first, second = (one / one.sum() for one in sums)
    return np.asarray(asked @ np.log(second / first)).ravel()


def _some(texts: Any) -> list[str]:
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    present = texts.drop_null()
    if len(present) > MOST_TEXTS:
        places = np.linspace(0, len(present) - 1, MOST_TEXTS).astype(np.int64)
        present = present.take(pa.array(places))
    return [str(text) for text in pc.utf8_lower(present).to_pylist()]


def _unknown(known: list[str], asked: list[str]) -> float:
    words = {word for text in known for word in text.split()}
    every = [word for text in asked for word in text.split()]
    return sum(word not in words for word in every) / max(len(every), 1)
