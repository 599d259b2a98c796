"""Alerts: what rules found, who was told, and how each attempt to tell went."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What one rule found about one subject.

    Attributes:
        rule: The rule's name.
        subject: `endpoint:churn`, `host:web-1`, `incident:01J…`.
        message: One sentence for people.
        severity: `info`, `warning` or `critical`.
        endpoint: Which endpoint it is about; empty for the whole project.
        value: What was measured.
        limit: What it was held against.
        since: Since when, Unix seconds.
        incident: The incident that it belongs to; empty if none.
        to: Channels that its rule names; empty for those of the routes.
        act: What its rule does besides.
        workers: Of `scale`: how many.
    """

    rule: str
    subject: str
    message: str
    severity: str = "warning"
    endpoint: str = ""
    value: float | None = None
    limit: float | None = None
    since: float = 0.0
    incident: str = ""
    to: tuple[str, ...] = ()
    act: str = ""
    workers: int = 0

    @property
    def key(self) -> tuple[str, str]:
        """Two hits with the same key are the same one at two times."""
        return self.rule, self.subject

    @property
    def cause(self) -> str:
        """What hits of one alert have in common: the endpoint, else the subject."""
        return f"endpoint:{self.endpoint}" if self.endpoint else self.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that was done because of an alert."""

    time: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Hits of one cause, told once.

    Attributes:
        cause: What its hits have in common.
        title: The gravest hit in a sentence.
        severity: Of the gravest hit.
        status: `firing` or `resolved`.
        hits: What was found, in the order of its coming.
        opened: When it was found first.
        resolved: When it was gone; None while it fires.
        quiet: Since when nothing is found any more; None while something is.
        told: Channels that know of it.
        notified: When somebody was told last; 0 if nobody was.
        level: The severity that they were told.
        stage: How many times somebody was told; part of each message's key.
        escalated: How many steps of the escalation were taken.
        acknowledged: When somebody took it on; None if nobody has.
        flips: When it came back after it was gone, lately.
        flapping: It comes and goes; people are told when that ends.
        silenced: The silence that it falls under; empty if none.
        acts: What was done because of it.
        restore: Workers before `scale` changed them; 0 if it did not.
    """

    id: str
    cause: str
    title: str
    severity: str
    status: str = "firing"
    endpoint: str = ""
    incident: str = ""
    hits: tuple[Hit, ...] = ()
    opened: float = 0.0
    resolved: float | None = None
    quiet: float | None = None
    told: tuple[str, ...] = ()
    notified: float = 0.0
    first_notified: float = 0.0
    level: str = ""
    stage: int = 0
    escalated: int = 0
    acknowledged: float | None = None
    acknowledged_by: str = ""
    note: str = ""
    flips: tuple[float, ...] = ()
    flapping: bool = False
    silenced: str = ""
    acts: tuple[Act, ...] = ()
    restore: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Nobody is told of what it matches until it ends. What is empty matches everything."""

    id: str
    reason: str
    since: float
    until: float
    by: str = ""
    rule: str = ""
    endpoint: str = ""
    severity: str = ""

    def covers(self, alert: Alert, now: float) -> bool:
        """Tell whether an alert falls under it; one of several rules only if all of them do."""
        return (
            self.since <= now < self.until
            and self.endpoint in ("", alert.endpoint)
            and self.severity in ("", alert.severity)
            and (not self.rule or all(hit.rule == self.rule for hit in alert.hits))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to hand a message over; `error` is empty if it was taken."""

    time: float
    seconds: float
    error: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message for one channel: kept before it is sent, so that no crash loses it.

    Attributes:
        id: Made of alert, stage and channel: the same news for the same channel is one delivery, and
            receivers see it again if it is sent twice.
        kind: `firing`, `worse`, `reminder`, `escalation`, `flapping`, `resolved` or `test`; of the loop
            `ask`, `propose` and `issue`.
        status: `waiting`, `sent` or `given_up`.
        due: When it is tried next.
    """

    id: str
    alert: str
    channel: str
    kind: str
    title: str
    body: str
    severity: str
    created: float
    due: float
    status: str = "waiting"
    endpoint: str = ""
    incident: str = ""
    link: str = ""
    attempts: tuple[Attempt, ...] = field(default=())
