"""Learners offer candidates and fit them. Each is found by its entry point in `keepwell.learners`."""

from keepwell.training.learners.base import Candidate, Fitted, Learner, Watch, installed

__all__ = ["Candidate", "Fitted", "Learner", "Watch", "installed"]
