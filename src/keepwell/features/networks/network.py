"""A fitted network as an estimator of scikit-learn's kind."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

# Loaded only where a pipeline is built or read: never by `import keepwell`.
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin  # noqa: TID253

from keepwell.features.networks.graph import Graph

if TYPE_CHECKING:
    from numpy.typing import NDArray


class _Network(BaseEstimator):  # type: ignore[misc]  # sklearn has no types
    """Holds the graph.

    Attributes:
        graph_: Its bytes.
        n_features_in_: Numbers of a row.
        trimmed_: Whether a row's end may be filling.
        apart_: How far its answers were from those of the network in PyTorch, when it was written.
    """

    def of(
        self,
        graph: bytes,
        *,
        width: int,
        classes: "Sequence[Any] | NDArray[Any]" = (),
        trimmed: bool = False,
        apart: float = 0.0,
    ) -> Self:
        """Become the network of a graph, and return it."""
        self.graph_ = np.frombuffer(graph, dtype=np.uint8)
        self.n_features_in_ = width
        self.trimmed_, self.apart_ = trimmed, apart
        if len(classes):
            self.classes_ = np.asarray(classes)
        return self

    def fit(self, X: Any, y: Any = None) -> Self:
        """Do nothing: it is fitted where it is learnt."""
        return self

    def scores(self, X: "NDArray[Any]") -> "NDArray[np.float64]":
        """Return what the graph says."""
        rows = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
        return self._opened().batch(rows)

    def _opened(self) -> Graph:
        opened: Graph | None = self.__dict__.get("_graph")
        if opened is None:
            opened = self._graph = Graph(self.graph_.tobytes(), trimmed=self.trimmed_)
        return opened

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_graph", None)  # a session of onnxruntime stays where it was opened
        return state


class NetworkClassifier(ClassifierMixin, _Network):  # type: ignore[misc]
    """Answers with the probability of each class."""

    def predict_proba(self, X: "NDArray[Any]") -> "NDArray[np.float64]":
        """Return a row of probabilities for each row."""
        scores = self.scores(X)
        if not len(scores):
            return np.empty((0, len(self.classes_)))
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def predict(self, X: "NDArray[Any]") -> "NDArray[Any]":
        """Return the likeliest class of each row."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])


class NetworkRegressor(RegressorMixin, _Network):  # type: ignore[misc]
    """Answers with a number."""

    def predict(self, X: "NDArray[Any]") -> "NDArray[np.float64]":
        """Return a number for each row."""
        return self.scores(X).reshape(-1)
