"""`keepwell export`: a model version in a form that runs elsewhere."""

from keepwell.cli.commands.export.command import app

__all__ = ["app"]
