"""Rollouts of an endpoint: how they go, who had which share, what served when."""

from keepwell.console.views.rollouts.overview import overview
from keepwell.console.views.rollouts.page import rollouts
from keepwell.console.views.rollouts.shares import shares

__all__ = ["overview", "rollouts", "shares"]
