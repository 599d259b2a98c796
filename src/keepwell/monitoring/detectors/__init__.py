"""Drift detectors: two samples counted in the same bins go in, one `Difference` comes out.

A detector is one file and one entry point in the group `keepwell.detectors`. `detector(name)` loads it; every
one obeys the laws of `Detector`, which `tests/monitoring/detectors` checks for all that are installed.
"""

from keepwell.monitoring.detectors.base import Detector, Difference, Sample, detector

__all__ = ["Detector", "Difference", "Sample", "detector"]
