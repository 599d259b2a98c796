"""Models that are served elsewhere: registered by a reference set, watched like any other."""

from keepwell.operations.elsewhere.registering import register_elsewhere

__all__ = ["register_elsewhere"]
