"""What every detector takes and gives, and the law it keeps."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from keepwell.core.errors import PluginError
from keepwell.core.plugins import load_plugin

if TYPE_CHECKING:
    from numpy.typing import NDArray

RARE = 0.001
"""How often chance alone may carry an effect beyond the limit that a detector returns."""

_FEW = 5.0
"""Values that a bin is expected to hold at least, for the laws of large numbers to hold for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Values counted in bins.

    Attributes:
        counts: How many values are in each bin.
        size: How many independent values the counts are worth; fewer than their sum where values that
            follow each other are alike.
        positions: Where each bin lies, in training's standard deviations; None where that is not known, or
            where bins have no order.
    """

    counts: "NDArray[np.float64]"
    size: float
    positions: "NDArray[np.float64] | None" = None

    @classmethod
    def of(
        cls,
        counts: "NDArray[np.generic]",
        size: float | None = None,
        *,
        positions: "NDArray[np.float64] | None" = None,
    ) -> "Sample":
        """Take counts as they are; every value is independent if no size is given."""
        numbers = counts.astype(np.float64)
        worth = float(numbers.sum()) if size is None else size
        return cls(counts=numbers, size=worth, positions=positions)

    @property
    def shares(self) -> "NDArray[np.float64]":
        """The share of each bin; all zero where nothing was counted."""
        total = self.counts.sum()
        return self.counts / total if total else self.counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How far apart two samples are.

    Attributes:
        effect: The distance, in the detector's unit; 0 for equal shares.
        limit: What the effect must exceed to matter: the detector's own limit, raised by what chance
            does to samples of these sizes.
        p_value: How likely an effect this large is if both samples come from one world.
    """

    effect: float
    limit: float
    p_value: float

    @property
    def exceeds(self) -> bool:
        """Whether the effect matters."""
        return self.effect > self.limit


class Detector(Protocol):
    """Compares a sample with a reference.

    Law: equal shares have effect 0 and p-value 1; exchanging the samples changes nothing; the more of the
    mass moves, the larger the effect; more rows of the same shares leave the effect, lower the limit
    towards the detector's own and lower the p-value; nothing is NaN, whatever is empty.

    Attributes:
        limit: The effect below which a difference does not matter, however certain it is.
        ordered: Whether the order of the bins means something, as for numbers.
    """

    limit: float
    ordered: bool

    def compare(self, reference: Sample, current: Sample) -> Difference:
        """Return how far apart two samples over the same bins are."""
        ...


def detector(name: str) -> Detector:
    """Return the installed detector of that name.

    Raises:
        NotFoundError: If there is none; a close name is suggested.
        PluginError: If it is not a detector.
    """
    found = load_plugin("detectors", name)
    made: Detector = found() if isinstance(found, type) else found
    for part in ("limit", "ordered", "compare"):
        if not hasattr(made, part):
            raise PluginError(
                f"'{name}' is not a drift detector",
                why=f"it has no '{part}'",
                now="see `keepwell.monitoring.detectors.Detector` for what one offers",
            )
    return made


def pooled_size(reference: Sample, current: Sample) -> float:
    """Return the size that two samples together lend a comparison; 0 if one is empty."""
    total = reference.size + current.size
    return reference.size * current.size / total if total else 0.0


def merged(reference: Sample, current: Sample, bins: int) -> tuple[Sample, Sample]:
    """Return the samples over at most `bins` runs of neighbouring bins, of about equal mass."""
    present = len(reference.counts)
    if present <= bins:
        return reference, current
    mass = np.cumsum(reference.shares + current.shares)
    group = np.minimum((mass - 1e-9) / mass[-1] * bins, bins - 1).astype(np.int64)
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    return (
        Sample(counts=np.add.reduceat(reference.counts, starts), size=reference.size),
        Sample(counts=np.add.reduceat(current.counts, starts), size=current.size),
    )


def without_rare(reference: Sample, current: Sample) -> tuple[Sample, Sample]:
    """Return the samples with all bins that hold next to nothing put together into one."""
    expected = (reference.shares + current.shares) / 2 * pooled_size(reference, current)
    rare = expected < _FEW
    if np.count_nonzero(rare) < 2:  # noqa: PLR2004 (one is together with itself)
        return reference, current
    first, second = (
        Sample(counts=np.append(sample.counts[~rare], sample.counts[rare].sum()), size=sample.size)
        for sample in (reference, current)
    )
    return first, second
