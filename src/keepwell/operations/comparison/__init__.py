"""Two versions held against each other: on the same unseen rows, and in what they were made of."""

from keepwell.operations.comparison.comparing import compare_versions
from keepwell.operations.comparison.result import Measured, VersionComparison

__all__ = ["Measured", "VersionComparison", "compare_versions"]
