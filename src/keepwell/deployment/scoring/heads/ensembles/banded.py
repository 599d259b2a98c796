"""`keepwell.Banded`: a number and its quantiles."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from keepwell.deployment.scoring.heads.members import build_member, read_member
from keepwell.deployment.scoring.parts import Data, Read

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Banded:
    """Puts the number and the quantiles side by side, the quantiles in order.

    Args:
        read: Gives the bundle's files.
        members: The number's data, then each quantile's.
        shifts: Added to each quantile.
    """

    def __init__(self, *, read: Read, members: list[Data], shifts: list[float]) -> None:
        self._members = [build_member(member, read) for member in members]
        self._shifts = shifts

    @classmethod
    def read(cls, fitted: Any, files: MutableMapping[str, bytes]) -> Data:
        """Read the members."""
        members = [read_member(one, files, "answer") for one in (fitted.point, *fitted.bands)]
        return {"members": members, "shifts": [float(shift) for shift in fitted.shifts]}

    def row(self, features: list[float]) -> list[float]:
        """Answer one row."""
        number, *rest = (member.row(features)[0] for member in self._members)
        return [number, *sorted(a + b for a, b in zip(rest, self._shifts, strict=True))]

    def batch(self, features: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Answer rows."""
        answers = np.column_stack([member.batch(features)[:, 0] for member in self._members])
        answers[:, 1:] = np.sort(answers[:, 1:] + np.asarray(self._shifts), axis=1)
        return answers
