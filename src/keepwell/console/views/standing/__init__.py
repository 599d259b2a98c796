"""How an endpoint stands: its page, and the charts on it."""

from keepwell.console.views.standing.charts import budgets, estimates, groups, kpi
from keepwell.console.views.standing.page import standing

__all__ = ["budgets", "estimates", "groups", "kpi", "standing"]
