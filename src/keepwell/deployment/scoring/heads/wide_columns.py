"""A table with texts and a linear estimator as one: only the terms that a row has are looked at.

`wide_text` does this for a model of one text. Here a `ColumnTransformer` feeds the estimator: its blocks of
numbers, labels and dates are laid out as usual, those of texts are not.
"""

from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from keepwell.deployment.scoring.heads.links import LINKS
from keepwell.deployment.scoring.heads.storage import arrays_of, keep_arrays
from keepwell.deployment.scoring.heads.wide_text import VECTORIZERS
from keepwell.deployment.scoring.parts import (
    Data,
    NotCompilableError,
    Read,
    build_step,
    name_of,
    read_head,
    read_step,
)
from keepwell.deployment.scoring.steps.split import positions_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDE_COLUMNS = "keepwell.WideColumns"

_NARROW = 2**13  # columns up to which a row of them is laid out, and can be explained exactly
_MOST = 2**25  # weights that are held in memory


class WideColumns:
    """Adds up the weights of the terms and of the other columns.

    Args:
        read: Gives the bundle's files.
        texts: By block of text: `column`, its position, `text`, the vectorizer's data, and `start`, the
            row of its first weight.
        blocks: By other block: `columns`, `step`, `start`, and whether its cells are `labels`.
        file: The one with `weights`, one row per column, and `intercepts`.
        link: Makes the answer of the sums.
    """

    cells: ClassVar[type] = object

    def __init__(
        self, *, read: Read, texts: list[Data], blocks: list[Data], file: str, link: str
    ) -> None:
        arrays = arrays_of(read(file))
        weights, self._intercepts = arrays["weights"], arrays["intercepts"]
        self._texts: list[tuple[int, Any, NDArray[np.float64]]] = []
        for block in texts:
            step: Any = build_step(block["text"])
            self._texts.append((block["column"], step.counts, weights[block["start"] :]))
        self._blocks = [
            (
                block["columns"],
                build_step(block["step"], read),
                weights[block["start"] : block["end"]],
                block["labels"],
            )
            for block in blocks
        ]
        self._link = LINKS[link]

    def row(self, features: list[Any]) -> list[float]:
        """Answer one row."""
        sums = self._terms(features)
        for columns, step, weights, _ in self._blocks:
            sums = sums + np.array(step.row([features[at] for at in columns])) @ weights
        return self._link.row(sums.tolist())

    def batch(self, features: "NDArray[Any]") -> "NDArray[np.float64]":
        """Answer rows."""
        sums = np.empty((len(features), len(self._intercepts)))
        for at, row in enumerate(features.tolist()):
            sums[at] = self._terms(row)
        for columns, step, weights, labels in self._blocks:
            kind = object if labels else np.float64
            taken = [features[:, at].astype(kind) for at in columns]
            sums += step.batch(taken) @ weights
        return self._link.batch(sums)

    def _terms(self, row: Sequence[Any]) -> "NDArray[np.float64]":
        sums = self._intercepts
        for column, counts, weights in self._texts:
            slots, values = counts(row[column])
            if slots:
                sums = sums + np.array(values) @ weights[slots]
        return sums


def wide_columns(steps: Sequence[Any], files: MutableMapping[str, bytes]) -> Data | None:
    """Return the data of a preparation of texts and a linear estimator as one head.

    None if the pipeline is another one, or a narrow one.

    Args:
        steps: The pipeline's transformers and its estimator, without those that do nothing.
        files: Takes the weights.
    """
    if len(steps) != 2 or name_of(steps[0]) != "sklearn.ColumnTransformer":  # noqa: PLR2004
        return None
    split, estimator = steps
    width = getattr(estimator, "n_features_in_", 0)
    if width <= _NARROW or split.transformer_weights:
        return None
    try:
        texts, blocks = _blocks(split)
        weights, intercepts, link = _weights(estimator)
    except NotCompilableError:
        return None
    if not texts or weights.size > _MOST:
        return None
    return {
        "op": WIDE_COLUMNS,
        "texts": texts,
        "blocks": blocks,
        "file": keep_arrays(files, "columns.npz", weights=weights, intercepts=intercepts),
        "link": link,
    }


def _blocks(split: Any) -> tuple[list[Data], list[Data]]:
    names = list(getattr(split, "feature_names_in_", ()))
    texts: list[Data] = []
    others: list[Data] = []
    for name, step, columns in split.transformers_:
        positions = positions_of(columns, names, int(split.n_features_in_))
        if not positions or (isinstance(step, str) and step == "drop"):
            continue
        place = split.output_indices_[name]
        kind = VECTORIZERS.get(name_of(step))
        if kind is not None:
            text = {"op": name_of(step), **kind.settings(step)}
            texts.append({"column": positions[0], "text": text, "start": place.start})
            continue
        data = read_step(step)  # one that would have to run as it is, is refused here
        labels = any(hasattr(part, "categories_") for part in _parts(step))
        where = {"start": place.start, "end": place.stop}
        others.append({"columns": positions, "step": data, "labels": labels, **where})
    return texts, others


def _parts(step: Any) -> list[Any]:
    return [part for _, part in step.steps] if hasattr(step, "steps") else [step]


def _weights(estimator: Any) -> "tuple[NDArray[np.float64], NDArray[np.float64], str]":
    """Return one row of weights per column, what is added to the sums, and the link.

    One logistic model for each class, against the rest, is as good as one model with a row for each.

    Raises:
        NotCompilableError: If the estimator does more than adding up.
    """
    if name_of(estimator) == "sklearn.OneVsRestClassifier" and not estimator.multilabel_:
        members = [read_head(member, {}) for member in estimator.estimators_]
        if len(members) > 1 and all(member.get("link") == "sigmoid" for member in members):
            rows = np.array([member["weights"][0] for member in members])
            added = np.array([member["intercepts"][0] for member in members])
            return np.ascontiguousarray(rows.T), added, "each against the rest"
    head = read_head(estimator, {})
    if "weights" not in head or set(head) - {"op", "weights", "intercepts", "link"}:
        raise NotCompilableError(f"{name_of(estimator)} does more than adding up")
    weights = np.ascontiguousarray(np.array(head["weights"]).T)
    return weights, np.array(head["intercepts"]), head.get("link", "raw")
