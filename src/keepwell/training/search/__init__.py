"""Choosing among candidates by cross-validation, within a budget; then fitting the winner."""

from keepwell.training.search.budget import Budget
from keepwell.training.search.fitting import Chosen, fit_best
from keepwell.training.search.search import Search
from keepwell.training.search.trials import Trial

__all__ = ["Budget", "Chosen", "Search", "Trial", "fit_best"]
