"""Service levels: what share of requests, or of time, was good; and how fast the rest uses up the budget.

    tally.add("availability", good=998, total=1000, now=now)
    budget_of(objective, tally.points(objective.name), now)

An objective of 99.9% over 30 days leaves a budget of 0.1%. The *burn rate* is how many times faster than
evenly it is being used up. Alarms look at two windows at once, as chapter 5 of Google's *Site Reliability
Workbook* ("Alerting on SLOs") recommends: the long one says that it matters, the short one that it still
goes on.
"""

from keepwell.monitoring.objectives.budget import Alarm, Budget, Burn, budget_of, verdict
from keepwell.monitoring.objectives.tally import Tally
from keepwell.monitoring.objectives.wording import budget_left, good_share

__all__ = [
    "Alarm",
    "Budget",
    "Burn",
    "Tally",
    "budget_left",
    "budget_of",
    "good_share",
    "verdict",
]
