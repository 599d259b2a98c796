"""`Pipeline` as a member: its steps, then its estimator."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.columns import columns_of
from keepwell.deployment.scoring.heads.members import build_member, chain_data
from keepwell.deployment.scoring.parts import Data, Read, build_step

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Chained:
    """Hands each step's result to the next, and the last to the estimator.

    Args:
        read: Gives the bundle's files.
        steps: Data of the steps, in order.
        member: Data of the estimator.
    """

    def __init__(self, *, read: Read, steps: list[Data], member: Data) -> None:
        self._steps = [build_step(step, read) for step in steps]
        self._head = build_member(member, read)

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read steps and estimator; steps that do nothing are left out."""
        return chain_data(fitted, files, "answer")

    def row(self, features: list[Any]) -> list[float]:
        """Answer one row."""
        for step in self._steps:
            features = step.row(features)
        return self._head.row(features)

    def batch(self, features: "NDArray[Any]") -> "NDArray[np.float64]":
        """Answer rows."""
        for step in self._steps:
            features = step.batch(columns_of(features))
        return self._head.batch(features)
