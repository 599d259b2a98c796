"""What a channel is."""

from typing import Protocol

from keepwell.core.errors import KeepwellError
from keepwell.core.records import Delivery

TIMEOUT = 10.0
"""Seconds that a channel may take to say that it took a message."""


class UndeliveredError(KeepwellError):
    """A channel did not take a message; it is tried again."""

    headline = "The message was not taken"
    http_status = 502


class Channel(Protocol):
    """Hands messages over.

    Law: returns once the other side took the message, with what it answered; raises otherwise, within some
    `TIMEOUT`s. The same delivery may come again: it carries the same id.
    """

    def send(self, message: Delivery) -> str:
        """Hand a message over."""
        ...
