"""A neural network: its graph, run by onnxruntime row by row."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.classes import classes_of
from keepwell.deployment.scoring.heads.links import LINKS
from keepwell.deployment.scoring.heads.storage import keep
from keepwell.deployment.scoring.parts import Data, Read
from keepwell.features.networks.graph import Graph

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Network:
    """Asks the graph.

    Args:
        read: Gives the bundle's files.
        file: The one with the graph.
        trimmed: Whether a row's end may be filling.
        link: Makes the answer of the scores.
        apart: How far the graph was from the network in PyTorch when it was written.
    """

    def __init__(self, *, read: Read, file: str, trimmed: bool, link: str, apart: float) -> None:
        self._graph = Graph(read(file), trimmed=trimmed)
        self._link = LINKS[link]
        self.apart = apart

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Keep the graph."""
        return {
            "file": keep(files, "network.onnx", fitted.graph_.tobytes()),
            "trimmed": bool(fitted.trimmed_),
            "link": "raw" if classes_of(fitted) is None else "softmax",
            "apart": float(fitted.apart_),
        }

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        return self._link.row(self._graph.row(features))

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        scores = self._graph.batch(features)
        return self._link.batch(scores) if len(scores) else scores
