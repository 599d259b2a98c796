"""`keepwell.LabelBank`: a member for each label, asked by itself."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.members import build_member, read_member
from keepwell.deployment.scoring.parts import Data, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray


class LabelBank:
    """Puts the probability of each label side by side.

    Args:
        read: Gives the bundle's files.
        members: Their data.
    """

    def __init__(self, *, read: Read, members: list[Data]) -> None:
        self._members = [build_member(member, read) for member in members]

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the members."""
        return {"members": [read_member(one, files, "answer") for one in fitted.members]}

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        return [member.row(features)[-1] for member in self._members]

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        return np.column_stack([member.batch(features)[:, -1] for member in self._members])
