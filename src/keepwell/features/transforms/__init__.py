"""Transformers of our own, each with the laws of scikit-learn's: fitted on training rows, then fixed."""

from keepwell.features.transforms.date_parts import DateParts
from keepwell.features.transforms.term_weights import TermWeights

__all__ = ["DateParts", "TermWeights"]
