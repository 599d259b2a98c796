"""A vectorizer of texts and a linear estimator as one: only the terms that a text has are looked at.

A vocabulary of a hundred thousand terms, or the million slots of a hash, are never laid out as columns.
"""

from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from keepwell.deployment.scoring.heads.links import LINKS
from keepwell.deployment.scoring.heads.storage import arrays_of, keep_arrays
from keepwell.deployment.scoring.parts import (
    Data,
    NotCompilableError,
    Read,
    build_step,
    name_of,
    read_head,
)
from keepwell.deployment.scoring.steps.text.hashing import Hashing
from keepwell.deployment.scoring.steps.text.terms import Terms
from keepwell.deployment.scoring.steps.text.weights import Weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDE_TEXT = "keepwell.WideText"

_NARROW = 2**10  # columns up to which laying them out is as fast
_MOST = 2**24  # weights that are held in memory
VECTORIZERS: dict[str, type[Terms] | type[Hashing]] = {
    "sklearn.CountVectorizer": Terms,
    "sklearn.TfidfVectorizer": Terms,
    "sklearn.HashingVectorizer": Hashing,
    "keepwell.TermWeights": Terms,
}


class WideText:
    """Adds up the weights of a text's terms.

    Args:
        read: Gives the bundle's files.
        text: Data of the vectorizer.
        weighing: Arguments of each `Weights` between vectorizer and estimator.
        file: The one with `weights`, one row per term, and `intercepts`.
        link: Makes the answer of the sums.
    """

    cells: ClassVar[type] = object

    def __init__(
        self, *, read: Read, text: Data, weighing: list[Data], file: str, link: str
    ) -> None:
        step: Any = build_step(text)
        self._counts = step.counts
        self._weighing = [Weights(**data) for data in weighing]
        arrays = arrays_of(read(file))
        self._weights, self._intercepts = arrays["weights"], arrays["intercepts"]
        self._link = LINKS[link]

    def row(self, features: list[Any]) -> list[float]:
        """Answer one text."""
        return self._link.row(self._sums(features[0]).tolist())

    def batch(self, features: "NDArray[Any]") -> "NDArray[np.float64]":
        """Answer texts."""
        sums = np.empty((len(features), len(self._intercepts)))
        for at, text in enumerate(features[:, 0].tolist()):
            sums[at] = self._sums(text)
        return self._link.batch(sums)

    def _sums(self, text: Any) -> "NDArray[np.float64]":
        slots, counts = self._counts(text)
        for weighing in self._weighing:
            counts = weighing.weigh(counts, slots)
        if not slots:
            return self._intercepts
        return np.asarray(np.array(counts) @ self._weights[slots] + self._intercepts)


def wide_text(steps: Sequence[Any], files: MutableMapping[str, bytes]) -> Data | None:
    """Return the data of a pipeline of texts as one head; None if it is another or a narrow one.

    Args:
        steps: The pipeline's transformers and its estimator, without those that do nothing.
        files: Takes the weights.
    """
    kinds = [name_of(step) for step in steps]
    vectorizer = VECTORIZERS.get(kinds[0])
    between = kinds[1:-1]
    if vectorizer is None or set(between) - {"sklearn.TfidfTransformer"}:
        return None
    width = getattr(steps[-1], "n_features_in_", 0)
    weights = getattr(steps[-1], "coef_", getattr(steps[-1], "feature_log_prob_", None))
    if width <= _NARROW or weights is None or np.size(weights) > _MOST:
        return None
    try:
        text = {"op": kinds[0], **vectorizer.settings(steps[0])}
        head = read_head(steps[-1], {})
        weighing = [Weights.read(step) for step in steps[1:-1]]
    except NotCompilableError:
        return None
    if set(head) - {"op", "weights", "intercepts", "link"}:
        return None
    rows = np.array(head["weights"]).T
    arrays = {"weights": np.ascontiguousarray(rows), "intercepts": np.array(head["intercepts"])}
    return {
        "op": WIDE_TEXT,
        "text": text,
        "weighing": weighing,
        "file": keep_arrays(files, "terms.npz", **arrays),
        "link": head.get("link", "raw"),
    }
