"""Counts a column of present rows in the bins that its training profile has."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from keepwell.core.records import ColumnProfile, ColumnType
from keepwell.monitoring.detectors import Sample
from keepwell.monitoring.independence import worth_of_labels, worth_of_numbers
from keepwell.monitoring.report import Bars

if TYPE_CHECKING:
    from numpy.typing import NDArray

NUMBERS = (ColumnType.NUMBER, ColumnType.INTEGER)
LABELS = (ColumnType.CATEGORY, ColumnType.BOOLEAN)

_SHOWN = 12
"""Bars that categories are drawn with, the rest put together."""

_UNSEEN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A column of present rows, counted.

    Attributes:
        profile: Its statistics in training.
        rows: Rows, with and without a value.
        missing: Rows without a value.
        wrong: Of the missing ones, those that hold a value of another type.
        worth: How many independent values the others are worth.
        reference: Training's values in the bins of the profile; None if they are not compared.
        current: Present values in the same bins.
        mean: Mean (numbers).
        std: Standard deviation (numbers).
        outside: Values beyond training's smallest and largest (numbers).
        runs: Values only rise, or only fall, from row to row, like a clock or a counter.
        labels: The bins' names (categories).
        unseen: Categories that training never saw, with their counts, most frequent first.
        bars: Both distributions, to be drawn.
    """

    profile: ColumnProfile
    rows: int
    missing: int
    wrong: int = 0
    worth: float = 0.0
    reference: Sample | None = None
    current: Sample | None = None
    mean: float | None = None
    std: float | None = None
    outside: int = 0
    runs: bool = False
    labels: tuple[str, ...] = ()
    unseen: tuple[tuple[str, int], ...] = ()
    bars: Bars = field(default_factory=Bars)


def count_column(profile: ColumnProfile, column: Any, *, wrong: int = 0) -> Counted:
    """Return a column (Arrow, in the rows' order) counted against its profile.

    Dates, texts and identifiers are counted for missing values only: the first move on by themselves, the
    others hardly repeat.
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if profile.type in NUMBERS:
        return _count_numbers(profile, column, wrong)
    if profile.type in LABELS:
        return _count_labels(profile, column, wrong)
    return Counted(profile=profile, rows=len(column), missing=column.null_count, wrong=wrong)


def _count_numbers(profile: ColumnProfile, column: Any, wrong: int) -> Counted:
    values = column.cast(pa.float64(), safe=False).fill_null(np.nan).to_numpy(zero_copy_only=False)
    present = np.isfinite(values)
    finite = values if present.all() else values[present]
    plain = Counted(
        profile=profile, rows=len(values), missing=len(values) - len(finite), wrong=wrong
    )
    edges, low, high = np.asarray(profile.bins.edges), profile.minimum, profile.maximum
    if not len(finite) or low is None or high is None or len(edges) < 2:  # noqa: PLR2004
        return plain
    if low == high:  # one value in training: what is not it lies on one of its sides
        cuts, counts = np.asarray([low, np.nextafter(low, np.inf)]), [0, profile.bins.counts[0], 0]
    else:
        cuts, counts = edges[1:-1], list(profile.bins.counts)
    codes = np.searchsorted(cuts, finite, side="right")
    # Alike in value or in bin: beyond training's range all are in one bin, an outlier hides the rest.
    worth = min(worth_of_numbers(codes), worth_of_numbers(finite))
    return Counted(
        profile=profile,
        rows=len(values),
        missing=plain.missing,
        wrong=wrong,
        worth=worth,
        reference=Sample.of(np.asarray(counts)),
        current=Sample.of(np.bincount(codes, minlength=len(counts)), worth),
        mean=float(finite.mean()),
        std=float(finite.std()),
        outside=int(np.count_nonzero(finite < low) + np.count_nonzero(finite > high)),
        runs=_runs(finite),
        bars=_number_bars(profile, finite),
    )


def _runs(values: "NDArray[np.float64]") -> bool:
    steps = np.diff(values)
    return bool(steps.any()) and bool((steps >= 0).all() or (steps <= 0).all())


def _number_bars(profile: ColumnProfile, values: "NDArray[np.float64]") -> Bars:
    edges, counts = profile.histogram.edges, profile.histogram.counts
    if len(edges) < 2:  # noqa: PLR2004
        return Bars()
    last = len(counts)
    width = (edges[-1] - edges[0]) / last
    scaled = (values - edges[0]) / width if width else np.sign(values - edges[0]) * 2 * last
    # One place before the first bar, one behind the last; the last bar holds its own end.
    scaled[values == edges[-1]] = last - 1
    places = np.clip(np.floor(scaled), -1, last).astype(np.int64) + 1
    below, *drawn, above = np.bincount(places, minlength=last + 2).tolist()
    return Bars(
        edges=edges,
        reference=_shares(counts, sum(counts)),
        current=_shares(drawn, len(values)),
        below=round(below / len(values), 4),
        above=round(above / len(values), 4),
    )


def _count_labels(profile: ColumnProfile, column: Any, wrong: int) -> Counted:
    profile = _without_empty(profile)
    texts, codes = _coded(column, profile.type)
    known = {label: place for place, (label, _) in enumerate(profile.top)}
    numbers = _by_number(known)
    other = len(known)
    places = np.asarray([known.get(text, numbers.get(_number(text), other)) for text in texts], int)
    counts = np.bincount(codes, minlength=len(texts))
    current = np.bincount(places, weights=counts, minlength=other + 1)
    fresh = [
        (text, int(count))
        for text, place, count in zip(texts, places, counts, strict=True)
        if place == other and count
    ]
    reference = np.asarray([*(count for _, count in profile.top), profile.other])
    plain = Counted(
        profile=profile, rows=len(column), missing=len(column) - len(codes), wrong=wrong
    )
    if not len(codes) or not reference.sum():
        return plain
    worth = worth_of_labels(places[codes], current / current.sum())
    labels = (*known, "other")
    return Counted(
        profile=profile,
        rows=plain.rows,
        missing=plain.missing,
        wrong=wrong,
        worth=worth,
        reference=Sample.of(reference),
        current=Sample.of(current, worth),
        labels=labels,
        unseen=() if profile.other else tuple(sorted(fresh, key=lambda item: -item[1])[:_UNSEEN]),
        bars=_label_bars(labels, reference, current),
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


def _label_bars(
    labels: tuple[str, ...], reference: "NDArray[Any]", current: "NDArray[Any]"
) -> Bars:
    """Draw the categories that are largest in training or now, and the rest as one."""
    mass = reference[:-1] / max(reference.sum(), 1) + current[:-1] / max(current.sum(), 1)
    shown = np.sort(np.argsort(-mass, kind="stable")[:_SHOWN])
    parts = []
    for counts in (reference, current):
        rest = counts.sum() - counts[shown].sum()
        parts.append(_shares(np.append(counts[shown], rest), counts.sum()))
    rest_is_empty = parts[0][-1] == parts[1][-1] == 0
    names = (*(labels[place] for place in shown), "other")
    end = -1 if rest_is_empty else None
    return Bars(labels=names[:end], reference=parts[0][:end], current=parts[1][:end])


def _shares(counts: Any, total: float) -> tuple[float, ...]:
    return tuple(round(float(count) / total, 4) if total else 0.0 for count in counts)
