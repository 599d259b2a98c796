"""`keepwell data`: versions of the project's data, SQL over them, and pinned files."""

from keepwell.cli.commands.data.command import app, number
from keepwell.cli.commands.data.pins import add_pins

add_pins(app)

__all__ = ["app", "number"]
