"""A LightGBM ranker over what the simple methods propose (lambdarank)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.features.recommendation import History, Recommender

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_USERS = 1_500
_ROUNDS = 80


def fit_ranker(
    proposer: Recommender,
    later: History,
    seed: int,
    stop: Callable[[], bool],
    *,
    described: bool = False,
) -> Any:
    """Return a booster that has learnt to put what users took next before the rest; None if none did.

    Args:
        proposer: Learnt from earlier events; proposes candidates.
        later: What the users took next.
        seed: Which users are drawn, where there are many.
        stop: Turns true when the time is up.
        described: Go by what users and items are described by, too.
    """
    import lightgbm

    random = np.random.default_rng(seed)
    counts = np.diff(later.starts)
    active = np.flatnonzero(counts > 0)
    drawn = random.permutation(active)[:_MOST_USERS]
    rows: list[NDArray[np.float64]] = []
    labels: list[NDArray[np.int64]] = []
    for user in drawn.tolist():
        taken, weights = proposer.history.of(user)
        if not len(taken):
            continue
        if rows and stop():
            break
        mine = proposer.of(user) if described else None
        candidates, known = proposer.features(taken, weights, mine)
        hit = np.isin(candidates, later.of(user)[0]).astype(np.int64)
        if hit.any() and not hit.all():
            rows.append(known)
            labels.append(hit)
    if not rows:
        return None
    data = lightgbm.Dataset(
        np.vstack(rows),
        np.concatenate(labels),
        group=[len(one) for one in rows],
    )
    settings = {
        "objective": "lambdarank", "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 50,
        "lambdarank_truncation_level": 20, "verbose": -1, "seed": seed, "num_threads": 2,
        "deterministic": True, "force_row_wise": True,
    }  # fmt: skip
    booster = lightgbm.Booster(settings, data)
    for _ in range(_ROUNDS):
        if booster.update() or stop():
            break
    return booster


def rank_of(text: str) -> "Callable[[NDArray[np.float64]], NDArray[np.float64]]":
    """Return the ranker that has this text."""
    import lightgbm

    booster = lightgbm.Booster(model_str=text)
    # One thread: a list takes less time than to share it out.
    return lambda known: np.asarray(booster.predict(known, num_threads=1))
