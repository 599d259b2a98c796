"""`keepwell explain`: why a row gets its answer, or why a past prediction got it."""

from keepwell.cli.commands.explain.command import app

__all__ = ["app"]
