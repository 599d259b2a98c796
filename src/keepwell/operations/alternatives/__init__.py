"""Build, buy or combine: versions, a model of one's own, and services, on the same rows.

Each is asked row by row. Quality, time, cost and effort stand side by side; who is beaten in all of them
by another is marked; and what to do is said with the evidence.
"""

from keepwell.operations.alternatives.contenders import Contender, open_contender
from keepwell.operations.alternatives.contest import Contest, Result, hold_contest

__all__ = ["Contender", "Contest", "Result", "hold_contest", "open_contender"]
