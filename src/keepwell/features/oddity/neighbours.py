"""How much thinner the neighbourhood of a row is than that of its neighbours (LOF; Breunig et al. 2000)."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[np.float64]]

_MOST = 2_000  # examples kept
_NEAR = 20
_AT_ONCE = 1_000
_TINY = 1e-10  # as scikit-learn's: a neighbourhood of copies is not infinitely dense


def fit(values: "NDArray[np.float64]", seed: int) -> "Arrays":
    """Return examples with how far their neighbourhood reaches and how dense it is."""
    points = values[np.sort(np.random.default_rng(seed).permutation(len(values))[:_MOST])]
    near = min(_NEAR, len(points) - 1)
    ids, far = _nearest(points, points, near, skip_self=True)
    reach = far[:, -1]
    density = 1.0 / (np.maximum(far, reach[ids]).mean(axis=1) + _TINY)
    return {"points": points, "reach": reach, "density": density, "near": np.array([float(near)])}


def scores(arrays: "Arrays", values: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the outlier factor: about 1 inside a cluster, more outside."""
    points, reach, density = arrays["points"], arrays["reach"], arrays["density"]
    near = int(arrays["near"][0])
    found = np.empty(len(values))
    for start in range(0, len(values), _AT_ONCE):
        some = values[start : start + _AT_ONCE]
        ids, far = _nearest(some, points, near)
        own = 1.0 / (np.maximum(far, reach[ids]).mean(axis=1) + _TINY)
        found[start : start + _AT_ONCE] = density[ids].mean(axis=1) / own
    return found


def _nearest(
    rows: "NDArray[np.float64]",
    points: "NDArray[np.float64]",
    near: int,
    *,
    skip_self: bool = False,
) -> "tuple[NDArray[np.int64], NDArray[np.float64]]":
    """Return the nearest points of each row, the nearest first, and how far they are."""
    squares = ((rows**2).sum(axis=1))[:, None] + (points**2).sum(axis=1)[None, :]
    apart = squares - 2.0 * rows @ points.T
    if skip_self:
        np.fill_diagonal(apart, np.inf)
    ids = np.argpartition(apart, near - 1, axis=1)[:, :near]
    # Distances by differences: the squares above lose the last digits of short ones.
    far = np.sqrt(((rows[:, None, :] - points[ids]) ** 2).sum(axis=2))
    order = np.argsort(far, axis=1, kind="stable")
    return np.take_along_axis(ids, order, axis=1), np.take_along_axis(far, order, axis=1)
