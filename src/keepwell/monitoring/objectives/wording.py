"""How an objective stands, in the words that the console and the commands share."""

import math

from keepwell.monitoring.objectives.budget import Budget
from keepwell.monitoring.words import percent


def good_share(budget: Budget) -> str:
    """Return what share was good, one decimal finer than the promise and never better than it was.

    >>> from keepwell.core.spec.objectives import ObjectiveSpec
    >>> objective = ObjectiveSpec(kind="availability", target=0.999)
    >>> [good_share(Budget(objective=objective, share=share)) for share in (0.99996, 1.0)]
    ['99.99% good', '100% good']
    """
    if budget.share is None:
        return "no data yet"
    promised = f"{budget.objective.target * 100:.6g}"
    finer = 10 ** (len(promised.partition(".")[2]) + 1)
    return f"{math.floor(round(budget.share * 100 * finer, 6)) / finer:.10g}% good"


def budget_left(budget: Budget) -> str:
    """Return how much of the budget is left, or how many times over it is used up.

    >>> from keepwell.core.spec.objectives import ObjectiveSpec
    >>> objective = ObjectiveSpec(kind="availability", target=0.999)
    >>> [budget_left(Budget(objective=objective, left=left)) for left in (0.25, -2.344)]
    ['25%', 'used up 3.34 times']
    """
    if budget.left is None:
        return "—"
    return percent(budget.left) if budget.left > 0 else f"used up {1 - budget.left:.3g} times"
