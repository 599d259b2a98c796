"""Choosing among candidates by cross-validation, within a budget."""

from keepwell.training.search.budget import Budget
from keepwell.training.search.search import Search
from keepwell.training.search.store import TrialStore
from keepwell.training.search.trials import Trial

__all__ = ["Budget", "Search", "Trial", "TrialStore"]
