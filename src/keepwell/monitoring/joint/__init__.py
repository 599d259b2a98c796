"""Drift that no single column shows: how columns go together, what texts say, where embeddings lie.

A classifier tries to tell live rows from training's. How well it does on rows that it has not learnt from
is the effect (area under the ROC curve: 0.5 is guessing); what it does on two parts of training's own rows
is the floor.
"""

from keepwell.monitoring.joint.embeddings import EmbeddingDrift, compare_embeddings
from keepwell.monitoring.joint.rows import JointDrift, compare_rows
from keepwell.monitoring.joint.texts import TextDrift, compare_texts

__all__ = [
    "EmbeddingDrift",
    "JointDrift",
    "TextDrift",
    "compare_embeddings",
    "compare_rows",
    "compare_texts",
]
