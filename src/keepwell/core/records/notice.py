"""What another monitoring system has seen."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """An alert of another system, as it stands.

    Attributes:
        source: The system: `alertmanager`, `datadog`, `pagerduty` or `generic`.
        alert: What that system calls this alert, the same while it goes on.
        title: In a few words.
        message: In a sentence.
        severity: 0..1.
        endpoint: The endpoint that it names; empty: it is about the machine, so about all of them.
        host: The machine that it names; empty if none.
        url: Where to read more.
        labels: What else it says of itself.
        began: Since when, Unix seconds.
        told: When it was told last.
        resolved: When it was over; None while it goes on.
    """

    source: str
    alert: str
    title: str
    message: str = ""
    severity: float = 0.6
    endpoint: str = ""
    host: str = ""
    url: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    began: float = 0.0
    told: float = 0.0
    resolved: float | None = None
