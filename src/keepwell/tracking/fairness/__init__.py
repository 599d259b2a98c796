"""How a model treats groups: rates, gaps with intervals, and what thresholds by group would change.

NumPy only; where fairlearn answers too, both are equal (tests hold that to 1e-9). What is measured:
demographic parity (`selection_rate`, `disparate_impact`: the four-fifths rule asks for 0.8),
equal opportunity (`true_positive_rate`) and equalized odds (Hardt, Price and Srebro 2016); of numbers,
the gaps of mean prediction, mean residual and mean error.
"""

from keepwell.tracking.fairness.groups import SMALLEST, groups_of
from keepwell.tracking.fairness.measures import LABEL_METRICS, NUMBER_METRICS
from keepwell.tracking.fairness.suggesting import suggested
from keepwell.tracking.fairness.view import fairness_view

__all__ = [
    "LABEL_METRICS",
    "NUMBER_METRICS",
    "SMALLEST",
    "fairness_view",
    "groups_of",
    "suggested",
]
