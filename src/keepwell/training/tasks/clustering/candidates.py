"""The ways of clustering that are tried, for every number of clusters."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from keepwell.training.learners.base import Candidate as Named
from keepwell.training.tasks.clustering.statements import (
    centres_as_classifier,
    curves_as_classifier,
    examples_as_classifier,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CLUSTERS = 12
_MANY_ROWS = 20_000  # from which k-means learns batch by batch
_MOST_FOR_CURVES = 50  # columns; a full covariance has their square
_MOST_FOR_DENSITY = 5_000  # rows; time grows with their square
_MOST_EXAMPLES = 2_000
_TINY = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One way of clustering.

    Attributes:
        method: `k-means`, `mixture` or `density`.
        clusters: How many; 0: it finds out.
        shape: Of a mixture's curves: `diag` or `full`.
    """

    method: str
    clusters: int = 0
    shape: str = ""

    @property
    def name(self) -> str:
        """`k-means/4`."""
        return "/".join(str(part) for part in (self.method, self.shape, self.clusters) if part)

    @property
    def params(self) -> dict[str, str | int | float | bool | None]:
        """Return its settings."""
        shape = {"shape": self.shape} if self.shape else {}
        return {"clusters": self.clusters or None, **shape}

    @property
    def job(self) -> Named:
        """Return it as jobs name it."""
        return Named(name=self.name, learner=self.method, params=self.params)

    @classmethod
    def of(cls, named: Named) -> Self:
        """Return what a job names."""
        clusters, shape = named.params["clusters"], named.params.get("shape", "")
        return cls(method=named.learner, clusters=int(clusters or 0), shape=str(shape))


def candidates(rows: int, columns: int, clusters: int | None) -> Iterator[Candidate]:
    """Yield what is worth trying, the quickest first."""
    most = max(2, min(MOST_CLUSTERS, rows // 10))
    numbers = [clusters] if clusters else list(range(2, most + 1))
    for number in numbers:
        yield Candidate(method="k-means", clusters=number)
    if columns <= _MOST_FOR_CURVES:
        for number in numbers:
            for shape in ("diag", "full"):
                yield Candidate(method="mixture", clusters=number, shape=shape)
    if rows <= _MOST_FOR_DENSITY and clusters is None:
        yield Candidate(method="density")


def fit(candidate: Candidate, values: "NDArray[np.float64]", seed: int) -> Any:
    """Return a classifier of clusters, the largest first; None if it found fewer than two."""
    if candidate.method == "k-means":
        return _centres(values, candidate.clusters, seed)
    if candidate.method == "mixture":
        return _curves(values, candidate, seed)
    return _dense_places(values)


def _centres(values: "NDArray[np.float64]", clusters: int, seed: int) -> Any:
    from sklearn.cluster import KMeans, MiniBatchKMeans

    kind = MiniBatchKMeans if len(values) > _MANY_ROWS else KMeans
    found = kind(n_clusters=clusters, n_init=3, random_state=seed).fit(values)
    order = _largest_first(found.labels_)
    if len(order) < 2:  # noqa: PLR2004
        return None
    variance = max(float(found.inertia_) / values.size, _TINY)
    return centres_as_classifier(found.cluster_centers_[order].astype(np.float64), variance)


def _curves(values: "NDArray[np.float64]", candidate: Candidate, seed: int) -> Any:
    from sklearn.mixture import GaussianMixture

    found = GaussianMixture(
        candidate.clusters, covariance_type=candidate.shape, reg_covar=1e-4, random_state=seed
    ).fit(values)
    order = _largest_first(found.predict(values))
    return None if len(order) < candidate.clusters else curves_as_classifier(found, order)


def _dense_places(values: "NDArray[np.float64]") -> Any:
    """Return clusters by density (HDBSCAN): rows in no dense place go to the nearest one."""
    from sklearn.cluster import HDBSCAN

    labels = HDBSCAN(min_cluster_size=max(5, len(values) // 50), copy=True).fit_predict(values)
    order = _largest_first(labels[labels >= 0])
    if len(order) < 2:  # noqa: PLR2004
        return None
    place = np.zeros(order.max() + 1, dtype=np.int64)
    place[order] = np.arange(len(order))
    inside = np.flatnonzero(labels >= 0)
    step = max(1, len(inside) // _MOST_EXAMPLES)
    return examples_as_classifier(values[inside[::step]], place[labels[inside[::step]]])


def _largest_first(labels: "NDArray[Any]") -> "NDArray[np.int64]":
    names, counts = np.unique(labels, return_counts=True)
    return np.asarray(names[np.argsort(-counts, kind="stable")], dtype=np.int64)
