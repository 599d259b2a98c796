"""`alerts:` — who is told what, parsed once into frozen values."""

from dataclasses import dataclass

SEVERITIES = ("info", "warning", "critical")
"""From the least to the gravest."""

ACTS = ("incident", "retrain", "scale")
"""What a rule may do besides telling."""


def rank(severity: str) -> int:
    """Return how grave a severity is: 0 for the least."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSpec:
    """One entry of `alerts.channels:` — a name and how whoever stands behind it is reached.

    Addresses may hold `$NAME` or `${NAME}` for an environment variable and `${file:/run/secrets/x}` for a
    file's content; they are filled in when something is sent, and never kept.
    """

    name: str
    kind: str  # webhook | email | apprise | github | gitlab | jira | log
    to: tuple[str, ...] = ()
    secret: str = ""  # of a webhook: what its requests are signed with; of a tracker: its token
    server: str = ""  # of e-mail: smtp://user:$PASSWORD@host:587, smtps://…
    sender: str = ""  # of e-mail: `from:`


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSpec:
    """One entry of `alerts.rules:`; exactly one of `metric`, `signal` and `python` is set.

    Attributes:
        name: What it is called in messages and silences.
        metric: Name of a measured series: `latency_p95_ms`, `metric:roc_auc`, `drift:age` …
        signal: Kind of a monitor's signal: `drift`, `performance`, `latency` …; `any` for all.
        python: `FILE.py:FUNCTION`, a function of a `Reading` that yields sentences.
        subject: Whose series; of every endpoint unless said.
        endpoint: Only of this endpoint.
        above: Fires above this …
        below: … below this …
        rises: … when it rose by this share against the past …
        falls: … or fell by it …
        against: … which is so many seconds ago …
        absent: … or when nothing was measured for so many seconds.
        lasting: `for:` — seconds that it must last; of a comparison, the length of both windows.
        severity: How grave it is.
        to: Channels; those of `alerts.routes` unless said.
        act: What is done besides: `incident`, `retrain` or `scale`.
        workers: Of `scale`: how many are wanted while it fires.
    """

    name: str
    metric: str = ""
    signal: str = ""
    python: str = ""
    subject: str = ""
    endpoint: str = ""
    above: float | None = None
    below: float | None = None
    rises: float | None = None
    falls: float | None = None
    against: float = 86400.0
    absent: float | None = None
    lasting: float = 0.0
    severity: str = "warning"
    to: tuple[str, ...] = ()
    act: str = ""
    workers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSpec:
    """One entry of `alerts.routes:` — who is told of what; the first that fits counts."""

    to: tuple[str, ...]
    severity: str = "info"  # this grave or graver
    endpoint: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationSpec:
    """One entry of `alerts.escalate:` — who is told next if nobody acknowledged."""

    after: float
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsSpec:
    """`alerts:` — rules, channels, and how often somebody is told.

    Without any of it the built-in rules hold, and what they find is shown by the console, the command
    line and the log.
    """

    channels: tuple[ChannelSpec, ...] = ()
    rules: tuple[RuleSpec, ...] = ()
    routes: tuple[RouteSpec, ...] = ()
    escalate: tuple[EscalationSpec, ...] = ()
    builtin: bool = True  # the rules that hold without any
    wait: float = 10.0  # seconds that an alert gathers what belongs to it before it is told
    hold: float = 60.0  # seconds that it must be quiet before it is resolved
    repeat: float = 14400.0  # seconds between two reminders of what nobody acknowledged


INCIDENTS_ONLY = AlertsSpec()
"""What holds where the project file says nothing."""
