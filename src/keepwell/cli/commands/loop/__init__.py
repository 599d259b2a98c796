"""`keepwell loop`: what the loop sees, does, did and would do, and people's word on it."""

from keepwell.cli.commands.loop.command import app

__all__ = ["app"]
