"""Which rows are learnt from, held out in turn, and never touched."""

from keepwell.training.splits.division import Division, divide, usable_folds
from keepwell.training.splits.planning import plan_split
from keepwell.training.splits.plans import Fold, Plan

__all__ = ["Division", "Fold", "Plan", "divide", "plan_split", "usable_folds"]
