"""`keepwell test`: does the data still fit, would training work, does the model answer as it should?

Each check is a function of a `Subject` that returns nothing or raises `Unmet` with the reason; what it
raises otherwise is a finding as well. Checks change nothing: no version, no run, no prediction is left.
"""

from keepwell.operations.verification.checks import Check, Outcome, Subject, verify

__all__ = ["Check", "Outcome", "Subject", "verify"]
