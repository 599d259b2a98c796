"""Texts: words, pairs and runs of letters, weighed by a linear model."""

from keepwell.training.modalities.text.learner import Text

__all__ = ["Text"]
