"""Transformers of our own, each with the laws of scikit-learn's: fitted on training rows, then fixed."""

from keepwell.features.transforms.date_parts import DateParts

__all__ = ["DateParts"]
