"""How groups of people are treated, period by period: by the log alone, and by outcomes as they come."""

from keepwell.monitoring.groups.treatment import GroupPoint, Watched, measure_groups, verdict

__all__ = ["GroupPoint", "Watched", "measure_groups", "verdict"]
