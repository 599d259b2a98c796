"""How long a search within the search may take."""

from keepwell.training.problem import Problem

_SHARE = 0.6  # of the budget, over all its fits
_FITS = 6  # five folds and the last fit
_LEAST = 1.0


def share_of(problem: Problem) -> float:
    """Return the seconds of one fit."""
    return round(max(_LEAST, problem.budget * _SHARE / _FITS), 3)
