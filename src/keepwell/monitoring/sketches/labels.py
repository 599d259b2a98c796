"""The accumulator of a column of labels."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.records import ColumnProfile, ColumnType
from keepwell.monitoring.detectors import Sample
from keepwell.monitoring.independence import worth
from keepwell.monitoring.report import Bars
from keepwell.monitoring.sketches.columns import MISSING, ROWS, WRONG, combined
from keepwell.monitoring.sketches.counted import Counted
from keepwell.monitoring.sketches.frequent import count_labels
from keepwell.monitoring.sketches.numbers import shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

PAIRS, AGREEMENTS = range(3, 5)  # of labels that follow each other
COUNTS = 5

_SHOWN = 12
"""Bars that categories are drawn with, the rest put together."""

_UNSEEN = 5


class Labels:
    """Counts of the labels most frequent in training, of all others, and which of those come most often."""

    def __init__(self, profile: ColumnProfile) -> None:
        self.profile = _without_empty(profile)
        self._known = {label: place for place, (label, _) in enumerate(self.profile.top)}
        self._numbers = _by_number(self._known)
        self._other = len(self._known)
        self._reference = np.asarray(
            [*(count for _, count in self.profile.top), self.profile.other]
        )
        self.size = COUNTS + self._other + 1

    def add(
        self, sums: "NDArray[np.float64]", fresh: dict[str, int], column: Any, wrong: int = 0
    ) -> None:
        """Add a column of rows."""
        column = combined(column)
        texts, codes = _coded(column, self.profile.type)
        other = self._other
        places = np.asarray(
            [self._known.get(text, self._numbers.get(_number(text), other)) for text in texts], int
        )
        sums[ROWS] += len(column)
        sums[MISSING] += len(column) - len(codes)
        sums[WRONG] += wrong
        if not len(codes):
            return
        counts = np.bincount(codes, minlength=len(texts))
        sums[COUNTS:] += np.bincount(places, weights=counts, minlength=other + 1)
        if not self.profile.other:  # else training saw more labels than it kept
            count_labels(
                fresh,
                [
                    (texts[at], int(counts[at]))
                    for at in np.flatnonzero(places == other)
                    if counts[at]
                ],
            )
        if len(codes) > 1:
            in_order = places[codes]
            sums[PAIRS] += len(codes) - 1
            sums[AGREEMENTS] += np.count_nonzero(in_order[1:] == in_order[:-1])

    def counted(self, sums: "NDArray[np.float64]", fresh: dict[str, int]) -> Counted:
        """Return what the sums say."""
        counts, rows, missing = sums[COUNTS:], int(sums[ROWS]), int(sums[MISSING])
        plain = Counted(profile=self.profile, rows=rows, missing=missing, wrong=int(sums[WRONG]))
        total = counts.sum()
        if not total or not self._reference.sum():
            return plain
        chance = float(((counts / total) ** 2).sum())
        agreement = sums[AGREEMENTS] / sums[PAIRS] if sums[PAIRS] else chance
        alike = (agreement - chance) / (1 - chance) if chance < 1 else 0.0
        size = worth(float(total), float(alike))
        labels = (*self._known, "other")
        most = sorted(fresh.items(), key=lambda item: -item[1])
        return replace(
            plain,
            worth=size,
            reference=Sample.of(self._reference),
            current=Sample.of(counts, size),
            labels=labels,
            unseen=tuple(most[:_UNSEEN]),
            fresh=0 if self.profile.other else int(counts[-1]),
            bars=_drawn(labels, self._reference, counts),
        )


def _without_empty(profile: ColumnProfile) -> ColumnProfile:
    """Count an empty label of training as missing, as models do."""
    empty = dict(profile.top).get("", 0)
    if not empty:
        return profile
    top = tuple((label, count) for label, count in profile.top if label)
    return replace(profile, top=top, missing=profile.missing + empty)


def _coded(column: Any, kind: ColumnType) -> tuple[list[str], "NDArray[np.int64]"]:
    """Return the distinct texts of a column and, for each row with a value, which one it is."""
    if kind is ColumnType.BOOLEAN and not pa.types.is_boolean(column.type):
        column = column.cast(pa.float64()).cast(pa.bool_())
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    texts = column.dictionary.cast(pa.string()).to_pylist()
    codes = column.indices.drop_null().to_numpy().astype(np.int64)
    if "" in texts:  # an empty label is a missing one
        codes = codes[codes != texts.index("")]
    return texts, codes


def _by_number(known: Mapping[str, int]) -> dict[float | None, int]:
    """Return the places of labels that are numbers: who sends JSON may write 3.0 for the label 3."""
    return {_number(label): place for label, place in known.items() if _number(label) is not None}


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _drawn(labels: tuple[str, ...], reference: "NDArray[Any]", current: "NDArray[Any]") -> Bars:
    """Draw the categories that are largest in training or now, and the rest as one."""
    mass = reference[:-1] / max(reference.sum(), 1) + current[:-1] / max(current.sum(), 1)
    shown = np.sort(np.argsort(-mass, kind="stable")[:_SHOWN])
    parts = []
    for counts in (reference, current):
        rest = counts.sum() - counts[shown].sum()
        parts.append(shares(np.append(counts[shown], rest), counts.sum()))
    rest_is_empty = parts[0][-1] == parts[1][-1] == 0
    names = (*(labels[place] for place in shown), "other")
    end = -1 if rest_is_empty else None
    return Bars(labels=names[:end], reference=parts[0][:end], current=parts[1][:end])
