"""Why did it happen? Likely causes of an incident, ranked, each with its evidence.

A source of causes is a function of (view, signals) in a file of its own that yields core `Cause`s with
scores between 0 and 1. They do not know each other; `rank` merges what they say.
"""

from keepwell.operations.loop.causes.ranking import rank

__all__ = ["rank"]
