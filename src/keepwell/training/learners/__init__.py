"""Learners offer candidates and fit them. Each is found by its entry point in `keepwell.learners`."""

from keepwell.training.learners.base import (
    Candidate,
    Fitted,
    Learner,
    Suggest,
    Tunable,
    Watch,
)
from keepwell.training.learners.field import installed

__all__ = ["Candidate", "Fitted", "Learner", "Suggest", "Tunable", "Watch", "installed"]
