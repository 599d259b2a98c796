"""A trained model as a program of its own: plain scikit-learn and its learner's library, nothing else.

The program reads the rows beside it, fits the very same pipeline with the very same settings, prints the
metrics and keeps its answers. It is what the report shows, and what `keepwell reproduce` runs.
"""

from keepwell.training.script.writing import ANSWERS, SCRIPT, TEST, TRAIN, script

__all__ = ["ANSWERS", "SCRIPT", "TEST", "TRAIN", "script"]
