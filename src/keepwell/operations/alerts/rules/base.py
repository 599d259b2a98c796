"""What a rule is."""

from collections.abc import Iterable
from typing import Protocol

from keepwell.core.alerting import RuleSpec
from keepwell.core.records import Hit
from keepwell.operations.alerts.reading import Reading


class Rule(Protocol):
    """Looks for one kind of thing.

    Law: the same reading gives the same hits; nothing happens by asking; a hit's key says what it is about,
    not how much it is, so that it is the same one as long as it lasts.
    """

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    def find(self, reading: Reading) -> Iterable[Hit]:
        """Yield what is found now."""
        ...


def endpoint_of(subject: str) -> str:
    """Return the endpoint that a subject names; empty if it is about something else.

    >>> endpoint_of("endpoint:churn/v2"), endpoint_of("host:web-1")
    ('churn', '')
    """
    kind, _, name = subject.partition(":")
    return name.partition("/")[0] if kind == "endpoint" else ""


def hit_of(
    spec: RuleSpec,
    subject: str,
    message: str,
    *,
    value: float | None,
    limit: float | None,
    since: float,
) -> Hit:
    """Return a hit of a rule of the project file."""
    return Hit(
        rule=spec.name,
        subject=subject,
        message=message,
        severity=spec.severity,
        endpoint=endpoint_of(subject),
        value=value,
        limit=limit,
        since=since,
        to=spec.to,
        act=spec.act,
        workers=spec.workers,
    )
