"""What is learnt of items: how popular they are, which go together, what they have in common."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.recommendation import Catalogue
from keepwell.training.tasks.ranking.describing import Described
from keepwell.training.tasks.ranking.events import Events

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEIGHBOURS = 50
_SHRINK = 10.0  # pairs seen a few times are likely to be chance
_ROWS_AT_ONCE = 512
_CELLS = 4_000_000  # of a batch of padded histories
_TINY = 1e-12


def learn_catalogue(  # noqa: PLR0913 (what is learnt, by name)
    events: Events,
    *,
    width: int = 0,
    regularisation: float = 0.1,
    confidence: float = 10.0,
    half_lives: float = 5.0,
    seed: int = 0,
    stop: Callable[[], bool] = lambda: False,
    known: Described | None = None,
) -> Catalogue:
    """Return what events say of the items.

    Args:
        events: What was done.
        width: Of the items' vectors; 0: none are learnt.
        regularisation: Of the vectors.
        confidence: How much more an event says than none.
        half_lives: In how many halves of its weight an event ages from the first to the last.
        seed: Where the vectors start.
        stop: Turns true when the time is up.
        known: What is known of users and items beside the events.
    """
    items = len(events.items)
    span = max(float(np.ptp(events.times)), 1e-9)
    age = (events.times.max() - events.times) / span
    neighbours, similarities = _together(events)
    factors = np.zeros((items, 0))
    if width:
        factors = _vectors(events, width, regularisation, confidence, seed, stop)
    return Catalogue(
        labels=events.items,
        popularity=np.bincount(events.item, minlength=items).astype(np.float64),
        recency=np.bincount(events.item, weights=0.5 ** (half_lives * age), minlength=items).astype(
            np.float64
        ),
        neighbours=neighbours,
        similarities=similarities,
        factors=factors,
        regularisation=regularisation,
        confidence=confidence,
        features=np.zeros((items, 0)) if known is None else known.items.values,
        audience=np.zeros((items, 0)) if known is None else _audience(events, known),
    )


def _audience(events: Events, known: Described) -> "NDArray[np.float64]":
    """Return by item the mean description of who took it, drawn to the usual where few did."""
    described = known.users.values
    taken = _matrix(events, np.ones(len(events))).T.tocsr()
    counts = np.asarray(taken.sum(axis=1))
    # Those who take much would be most of every audience: what is usual is the mean over events.
    usual = (np.asarray(taken.sum(axis=0)) @ described) / max(counts.sum(), 1.0)
    return np.asarray(taken @ (described - usual) / (counts + _SHRINK))


def _matrix(events: Events, values: "NDArray[np.float64]") -> Any:
    from scipy.sparse import csr_matrix

    shape = (len(events.users), len(events.items))
    return csr_matrix((values, (events.user, events.item)), shape=shape)


def _together(events: Events) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
    """Return the neighbours of each item by the cosine of who took them, shrunk where few did."""
    taken = _matrix(events, np.ones(len(events)))
    by_item = taken.T.tocsr()
    items = by_item.shape[0]
    norms = np.sqrt(np.maximum(np.asarray(by_item.sum(axis=1)).ravel(), 1.0))
    width = min(NEIGHBOURS, max(items - 1, 1))
    ids = np.full((items, width), -1, dtype=np.int64)
    how = np.zeros((items, width))
    for start in range(0, items, _ROWS_AT_ONCE):
        both = (by_item[start : start + _ROWS_AT_ONCE] @ taken).tocsr()
        for row in range(both.shape[0]):
            item = start + row
            span = slice(both.indptr[row], both.indptr[row + 1])
            others, counts = both.indices[span], both.data[span]
            apart = others != item
            others, counts = others[apart], counts[apart]
            near = counts / (norms[item] * norms[others]) * (counts / (counts + _SHRINK))
            order = np.lexsort((others, -near))[:width]
            ids[item, : len(order)], how[item, : len(order)] = others[order], near[order]
    return ids, how


def _vectors(
    events: Events,
    width: int,
    regularisation: float,
    confidence: float,
    seed: int,
    stop: Callable[[], bool],
    rounds: int = 6,
) -> "NDArray[np.float64]":
    """Return a vector per item by alternating least squares (Hu, Koren and Volinsky 2008)."""
    random = np.random.default_rng(seed)
    by_user = _matrix(events, events.weights)
    by_item = by_user.T.tocsr()
    items = random.normal(scale=0.1, size=(by_item.shape[0], width))
    for number in range(rounds):
        users = _half(by_user, items, regularisation, confidence)
        items = _half(by_item, users, regularisation, confidence)
        if number and stop():
            break
    return items


def _half(
    rows: Any, fixed: "NDArray[np.float64]", regularisation: float, confidence: float
) -> "NDArray[np.float64]":
    """Return the vectors of one side, given the other's, in batches of rows of a like length."""
    width = fixed.shape[1]
    gram = fixed.T @ fixed + regularisation * np.eye(width)
    lengths = np.diff(rows.indptr)
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    solved = np.zeros((rows.shape[0], width))
    at = 0
    while at < len(order):
        size = max(1, int(_CELLS // (max(lengths[order[at]], width) * width)))
        batch = order[at : at + size]
        while len(batch) > 1 and len(batch) * lengths[batch[-1]] * width > _CELLS:
            batch = batch[: (len(batch) + 1) // 2]
        solved[batch] = _solved(rows, batch, int(lengths[batch[-1]]), fixed, gram, confidence)
        at += len(batch)
    return solved


def _solved(
    rows: Any,
    batch: "NDArray[np.int64]",
    longest: int,
    fixed: "NDArray[np.float64]",
    gram: "NDArray[np.float64]",
    confidence: float,
) -> "NDArray[np.float64]":
    starts, ends = rows.indptr[batch], rows.indptr[batch + 1]
    places = starts[:, None] + np.arange(longest)
    there = places < ends[:, None]
    places = np.where(there, places, 0)
    vectors = fixed[rows.indices[places]]
    vectors[~there] = 0.0
    more = np.where(there, confidence * rows.data[places], 0.0)
    said = there + more
    if longest < fixed.shape[1] // 2:
        return _solved_short(vectors, said, more, gram)
    systems = gram + np.matmul((vectors * more[:, :, None]).transpose(0, 2, 1), vectors)
    right = np.matmul(said[:, None, :], vectors)[:, 0, :]
    return np.asarray(np.linalg.solve(systems, right[:, :, None])[:, :, 0])


def _solved_short(
    vectors: "NDArray[np.float64]",
    said: "NDArray[np.float64]",
    more: "NDArray[np.float64]",
    gram: "NDArray[np.float64]",
) -> "NDArray[np.float64]":
    """Return the same for rows shorter than the vectors: a system as wide as the row (Woodbury)."""
    spread = vectors @ np.linalg.inv(gram)
    start = np.matmul(said[:, None, :], spread)[:, 0, :]
    inner = np.matmul(spread, vectors.transpose(0, 2, 1))
    at = np.arange(vectors.shape[1])
    inner[:, at, at] += 1.0 / np.maximum(more, _TINY)
    off = np.matmul(vectors, start[:, :, None])
    return np.asarray(
        start - np.matmul(spread.transpose(0, 2, 1), np.linalg.solve(inner, off))[:, :, 0]
    )
