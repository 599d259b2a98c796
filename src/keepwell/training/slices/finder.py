"""The worst parts of the rows: all candidates tested, the believable ones told apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.core.records import Signature, Slice
from keepwell.features.decoding import Decoder
from keepwell.training.slices.conditions import Condition, conditions
from keepwell.training.slices.significance import believed, worse_by_luck

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

FALSE_RATE = 0.05
MOST = 8
FEWEST_ROWS = 20
_SHARE = 0.01
_ADDS = 0.01  # a part beside or within a known one must be worse by itself
_MOST_COLUMNS = 40  # in pairs; the first columns, so hand the important ones in first
_MOST_ROWS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The worst parts, how many were looked at, and the rows that each had to have."""

    slices: tuple[Slice, ...] = ()
    searched: int = 0
    smallest: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Rows that one or two conditions hold for."""

    conditions: tuple[Condition, ...]
    rows: "NDArray[np.bool_]"
    chance: float


def worst_slices(
    table: "pa.Table",
    signature: Signature,
    actual: Sequence[Any],
    predicted: Sequence[Any],
    *,
    columns: Sequence[str] = (),
    smallest: int = 0,
) -> Found:
    """Return the parts of the rows where predictions are worse than elsewhere beyond luck.

    Args:
        table: The rows, best ones that the model has never seen.
        signature: What the model takes and gives.
        actual: True labels or numbers.
        predicted: What the model says.
        columns: Inputs to look at, the important ones first; all of them unless said.
        smallest: Rows that a part must have; 20 and 1% of all unless said.
    """
    loss = _loss(signature, actual, predicted)
    if len(loss) > _MOST_ROWS:
        drawn = np.sort(np.random.default_rng(0).permutation(len(loss))[:_MOST_ROWS])
        table, loss = table.take(drawn), loss[drawn]
    fewest = smallest or max(FEWEST_ROWS, int(np.ceil(_SHARE * len(loss))))
    labels = not signature.task.numeric
    if len(loss) < 2 * fewest or not loss.any():
        return Found(smallest=fewest)
    parts = list(_parts(_singles(table, signature, columns, fewest), loss, fewest, labels=labels))
    real = believed(np.array([part.chance for part in parts]), FALSE_RATE)
    likely = [part for part, kept in zip(parts, real, strict=True) if kept]
    chosen = _apart(likely, loss, labels=labels)
    slices = tuple(_slice(part, loss, labels=labels) for part in chosen)
    return Found(slices=slices, searched=len(parts), smallest=fewest)


def _loss(
    signature: Signature, actual: Sequence[Any], predicted: Sequence[Any]
) -> "NDArray[np.float64]":
    if signature.task.numeric:
        truth = np.asarray(actual, dtype=np.float64)
        return np.asarray(np.abs(truth - np.asarray(predicted, dtype=np.float64)))
    pairs = zip(actual, predicted, strict=True)
    return np.array([true != said for true, said in pairs], dtype=np.float64)


def _singles(
    table: "pa.Table", signature: Signature, columns: Sequence[str], fewest: int
) -> list[Condition]:
    order = {name: at for at, name in enumerate(columns)}
    decoded = Decoder(signature, lenient=True).columns(table)
    fields = sorted(
        (pair for pair in zip(signature.inputs, decoded, strict=True)),
        key=lambda pair: order.get(pair[0].name, len(order)),
    )
    return [
        condition
        for field, values in fields
        for condition in conditions(field, np.asarray(values))
        if fewest <= int(condition.rows.sum()) <= table.num_rows - fewest
    ]


def _parts(
    singles: Sequence[Condition], loss: "NDArray[np.float64]", fewest: int, *, labels: bool
) -> Iterator[_Part]:
    def part(*held: Condition) -> _Part:
        rows = np.logical_and.reduce([condition.rows for condition in held])
        worse = loss[rows].mean() > loss[~rows].mean()
        chance = worse_by_luck(loss, rows, labels=labels) if worse else 1.0
        return _Part(conditions=held, rows=rows, chance=chance)

    for condition in singles:
        yield part(condition)
    paired = list(dict.fromkeys(condition.column for condition in singles))[:_MOST_COLUMNS]
    for one, other in combinations(singles, 2):
        if one.column == other.column or not {one.column, other.column} <= set(paired):
            continue
        if np.count_nonzero(one.rows & other.rows) >= fewest:
            yield part(one, other)


def _apart(parts: Sequence[_Part], loss: "NDArray[np.float64]", *, labels: bool) -> list[_Part]:
    """Return parts that each say something of their own, the clearest first."""
    chosen: list[_Part] = []
    covered = np.zeros(len(loss), dtype=bool)
    for part in sorted(parts, key=lambda item: (item.chance, len(item.conditions))):
        fresh = part.rows & ~covered
        within = next((other for other in chosen if not (part.rows & ~other.rows).any()), None)
        ground = ~covered if within is None else within.rows
        asked = fresh if within is None else part.rows
        adds = worse_by_luck(loss[ground], asked[ground], labels=labels) < _ADDS
        mean = float(loss[asked].mean()) if asked.any() else 0.0
        if not chosen or (adds and mean > loss[~part.rows].mean()):
            chosen.append(part)
            covered |= part.rows
        if len(chosen) == MOST:
            break
    return chosen


def _slice(part: _Part, loss: "NDArray[np.float64]", *, labels: bool) -> Slice:
    inside, outside = float(loss[part.rows].mean()), float(loss[~part.rows].mean())
    metric = "accuracy" if labels else "mae"
    value, elsewhere = (1 - inside, 1 - outside) if labels else (inside, outside)
    rows = int(part.rows.sum())
    where = " and ".join(f"`{item.column}` {item.words}" for item in part.conditions)
    name = "accuracy" if labels else "the mean error"
    digits = ".2f" if labels else ".4g"
    return Slice(
        conditions=tuple((item.column, item.words) for item in part.conditions),
        rows=rows,
        metric=metric,
        value=value,
        elsewhere=elsewhere,
        p=part.chance,
        words=f"where {where} ({rows:,} rows), {name} is {value:{digits}}; "
        f"{elsewhere:{digits}} elsewhere",
    )
