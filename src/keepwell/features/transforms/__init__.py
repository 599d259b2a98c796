"""Transformers of our own, each with the laws of scikit-learn's: fitted on training rows, then fixed."""

from keepwell.features.transforms.clip import Clip, SignedLog
from keepwell.features.transforms.date_parts import DateParts
from keepwell.features.transforms.formula import Formula
from keepwell.features.transforms.groups import Frequency, GroupStatistic
from keepwell.features.transforms.low_variance import LowVariance
from keepwell.features.transforms.term_weights import TermWeights
from keepwell.features.transforms.text_shape import TextShape

__all__ = [
    "Clip",
    "DateParts",
    "Formula",
    "Frequency",
    "GroupStatistic",
    "LowVariance",
    "SignedLog",
    "TermWeights",
    "TextShape",
]
