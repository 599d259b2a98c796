"""Drift that no single column shows: how columns go together, and what texts say.

A classifier tries to tell live rows from training's. How well it does on rows that it has not learnt from
is the effect (area under the ROC curve: 0.5 is guessing); what it does on two parts of training's own rows
is the floor.
"""

from keepwell.monitoring.joint.rows import JointDrift, compare_rows
from keepwell.monitoring.joint.texts import TextDrift, compare_texts

__all__ = ["JointDrift", "TextDrift", "compare_rows", "compare_texts"]
