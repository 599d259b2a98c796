"""Models that need not all be in memory: loaded when somebody asks, unloaded for want of room or of use.

    shelf = Shelf()
    shelf.allow(budget=500_000_000, idle=600.0)
    scorer = shelf.put(signature, load, size)   # loaded once, which proves that it can be
    scorer.rows(instances)                      # loads it again if need be

Law: after a load no more is loaded than the budget allows, but for what is being used and what was used
last; what was used least recently goes first.
"""

from keepwell.deployment.server.shelf.shelf import Shelf
from keepwell.deployment.server.shelf.shelved import ShelvedScorer

__all__ = ["Shelf", "ShelvedScorer"]
