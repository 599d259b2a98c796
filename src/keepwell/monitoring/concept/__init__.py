"""Concept drift: the relation between inputs and outcome changed, whatever the inputs do.

    found = find_change(losses, inputs, min_rows=100)
    found.rise          # of the error on equal inputs
    found.explained     # what of the change in error the inputs explain

A detector finds when the stream of errors changed. Then a small tree parts the inputs into regions, and
the errors of before and after are compared within each: what is left of the rise is the concept's, the
rest is the data's.
"""

from keepwell.monitoring.concept.base import ErrorDetector, error_detector
from keepwell.monitoring.concept.change import find_change

__all__ = ["ErrorDetector", "error_detector", "find_change"]
