"""Column types: how raw values are read, and what a column means.

`planning` decides before the first row is read, from a sample; `refitting` widens what turned out too
narrow; `meaning` decides when all rows were seen whether a column of strings holds categories, text or
identifiers. Every decision keeps its reason.
"""

from keepwell.data.inference.meaning import Evidence, decide
from keepwell.data.inference.planning import ColumnPlan, Fixed, plan_columns
from keepwell.data.inference.preview import infer_columns
from keepwell.data.inference.refitting import Misread, refit

__all__ = [
    "ColumnPlan",
    "Evidence",
    "Fixed",
    "Misread",
    "decide",
    "infer_columns",
    "plan_columns",
    "refit",
]
