"""Which rows are set aside for the test, and which are held out in turn while choosing.

Every function is a pure function of its arguments and the seed; rows are positions 0..n-1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from keepwell.core.errors import TrainingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]

By = Literal["random", "stratified", "group", "time"]
Fold = tuple["Rows", "Rows"]  # train, validation


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How rows are divided.

    Attributes:
        by: The manner.
        reason: Why, in words.
        order: By row, what decides: seconds for `time`, group codes for `group`, class codes for
            `stratified`; None for `random`.
        lots: By row, a number in [0, 1): those below the share are the test rows of `random` and
            `stratified` (see `lots`); None to draw them by the seed.
    """

    by: By
    reason: str
    order: "NDArray[Any] | None" = None
    lots: "NDArray[np.float64] | None" = None


def test_rows(plan: Plan, rows: int, share: float, seed: int) -> "Rows":
    """Return the rows that no choice will see, ascending: at least one, and never all."""
    wanted = min(max(1, round(rows * share)), rows - 2)
    random = np.random.default_rng(seed)
    if plan.by == "time":
        chosen = _latest(_of(plan), wanted)
    elif plan.by == "group":
        chosen = _groups(_of(plan), wanted, random)
    elif plan.by == "stratified":
        chosen = _dealt(_of(plan), share, random, plan.lots)
    elif plan.lots is not None:
        chosen = _below(plan.lots, share)
    else:
        chosen = random.permutation(rows)[:wanted]
    if not 0 < len(chosen) < rows:
        raise TrainingError(
            f"the rows cannot be divided by {plan.by}: one part would be empty",
            why=plan.reason,
            now="set `by: random` under `train: split:`",
        )
    return np.sort(chosen)


def folds(plan: Plan, used: "Rows", count: int, seed: int) -> list[Fold]:
    """Return train and validation rows, fold by fold, all of them positions in `used`.

    By time, each fold trains on what came before the rows that it is validated on; otherwise every
    row is held out once.
    """
    rows = len(used)
    count = max(2, min(count, rows // 2))
    random = np.random.default_rng(seed + 1)
    order = None if plan.order is None else plan.order[used]
    if plan.by == "time" and order is not None:
        return _forward(order, count)
    if plan.by == "group" and order is not None:
        names, codes = np.unique(order, return_inverse=True)
        count = min(count, len(names))
        hands = (random.permutation(len(names)) % count)[codes]
    elif plan.by == "stratified" and order is not None:
        hands = np.empty(rows, dtype=np.int64)
        hands[_shuffled_by_class(order, random)] = np.arange(rows) % count
    else:
        hands = random.permutation(rows) % count
    return [(np.flatnonzero(hands != hand), np.flatnonzero(hands == hand)) for hand in range(count)]


def _of(plan: Plan) -> "NDArray[Any]":
    if plan.order is None:
        raise ValueError(f"a plan by {plan.by} needs an order")
    return plan.order


def _latest(times: "NDArray[np.float64]", wanted: int) -> "Rows":
    """Return the last rows in time; rows of one moment stay together, rows without a time are old."""
    known = np.nan_to_num(times, nan=-np.inf)
    border = np.sort(known)[len(known) - wanted]
    late = np.flatnonzero(known >= border)
    return late if len(late) < len(known) else np.flatnonzero(known > border)


def _groups(codes: "NDArray[Any]", wanted: int, random: np.random.Generator) -> "Rows":
    names, inverse, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    order = random.permutation(len(names))
    enough = int(np.searchsorted(np.cumsum(sizes[order]), wanted)) + 1
    return np.flatnonzero(np.isin(inverse, order[: min(enough, len(names) - 1)]))


def _below(lots: "NDArray[np.float64]", share: float) -> "Rows":
    """Return the rows whose lot is below the share, but at least one and never all."""
    chosen = np.flatnonzero(lots < share)
    if 0 < len(chosen) < len(lots):
        return chosen
    return np.argsort(lots, kind="stable")[: min(max(1, round(len(lots) * share)), len(lots) - 1)]


def _dealt(
    codes: "NDArray[Any]",
    share: float,
    random: np.random.Generator,
    lots: "NDArray[np.float64] | None",
) -> "Rows":
    """Return the share of every class, but at least one row and never all of it."""
    parts: list[Rows] = []
    for code in np.unique(codes):
        if lots is not None:
            members = np.flatnonzero(codes == code)
            parts.append(members[_below(lots[members], share)])
            continue
        members = random.permutation(np.flatnonzero(codes == code))
        parts.append(members[: min(max(1, round(len(members) * share)), len(members) - 1)])
    return np.concatenate(parts)


def _shuffled_by_class(codes: "NDArray[Any]", random: np.random.Generator) -> "Rows":
    shuffled = random.permutation(len(codes))
    return shuffled[np.argsort(codes[shuffled], kind="stable")]


def _forward(times: "NDArray[np.float64]", count: int) -> list[Fold]:
    """Return folds that each look ahead from an earlier moment; the latest moment comes first.

    The later half of the rows is validated, block by block. The latest block is most like the future,
    so it is what candidates are first judged by.
    """
    order = np.argsort(np.nan_to_num(times, nan=-np.inf), kind="stable")
    half = len(order) // 2
    blocks: Sequence[Any] = np.array_split(order[half:], count)
    made = [
        (np.concatenate([order[:half], *blocks[:number]]), block)
        for number, block in enumerate(blocks)
    ]
    return made[::-1]
