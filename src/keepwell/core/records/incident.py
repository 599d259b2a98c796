"""Signals are grouped into incidents; every decision about them is kept with its evidence."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Something a monitor saw that is outside its limit.

    Attributes:
        kind: `drift`, `joint_drift`, `slice_drift`, `concept_drift`, `prediction_drift`, `quality`,
            `performance`, `latency` or `errors`; `forecast`; `alert` and `alert_retrain` of a rule of
            `alerts:` that is bound to the loop; `external`: what another monitoring system told;
            `estimated_performance`, `kpi`, `fairness`, `objective`; `resource` and `cost` of the machines.
        endpoint: Where.
        version: Of which model version; 0 where it concerns the endpoint as a whole.
        column: Which input column, KPI or objective; of an `external` one the alert's title; empty if none.
        value: The measured effect.
        limit: What it was held against.
        severity: 0..1, weighted by the column's importance for the model.
        message: One sentence for people.
        rows: How many rows the measurement rests on.
        since: Start of the window, Unix seconds.
        until: End of the window, Unix seconds.
        known: Why it is no news: what was done about it. Nothing is opened or trained because of it.
        damage: Of `quality`, what is wrong with the column: values `missing`, of a `wrong` type, `unseen`,
            `outside` training's range, one `constant`, in another `unit`. Empty where it is told otherwise.
    """

    kind: str
    endpoint: str
    version: int
    value: float
    limit: float
    severity: float
    message: str
    column: str = ""
    rows: int = 0
    since: float = 0.0
    until: float = 0.0
    known: str = ""
    damage: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A likely cause of an incident, with its evidence; higher score first.

    `kind` is one of `core.rules.CAUSES`, empty where it is none of them.
    """

    title: str
    score: float  # 0..1
    evidence: str
    column: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the loop decided and why. Evidence is JSON-ready and complete: numbers, not adjectives.

    It is stored before it is carried out; `outcome` says later how that went: `done`, or what failed.
    """

    id: str
    time: float
    endpoint: str
    action: (
        str  # open_incident, retrain, start_rollout, advance, promote, reject, abort, close, wait
    )
    reason: str
    incident: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of an incident's timeline."""

    time: float
    text: str
    kind: str = "note"  # "signal", "cause", "decision", "action", "verdict", "note", "change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What somebody wrote down about an incident; `id` counts from 1."""

    id: int
    time: float
    by: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """What people did about an incident, kept apart from what the loop writes: neither undoes the other."""

    incident: str
    owner: str = ""
    acknowledged: float | None = None
    acknowledged_by: str = ""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Signals of one cause, and what was done about them.

    `status` walks `open` → `retraining` → `rolling_out` → `verifying` → `closed`, leaving out what was
    not needed; `resolution` says how it ended: `healed`, `no_change`, `failed`, `recovered` (what was
    wrong outside of the models is right again) or `by_hand`. Owner, acknowledgement and notes are people's:
    they are kept as `Care`, and stand here where an incident is read.
    """

    id: str
    endpoint: str
    title: str
    status: str = "open"
    opened: float = 0.0
    detected: float = 0.0  # first row that the first signal rests on
    closed: float | None = None
    resolution: str = ""
    summary: str = ""
    signals: tuple[Signal, ...] = ()
    causes: tuple[Cause, ...] = ()
    timeline: tuple[Entry, ...] = ()
    run: str = ""  # the retraining run
    candidate: int = 0  # model version on trial
    rollout: str = ""
    attempts: int = 0  # retrainings that were started for it
    failures: int = 0  # actions that failed since the last one that worked
    reopened: int = 0  # times that its signals came back soon after it had closed by itself …
    back: float | None = None  # … and when they did so last
    accepted: tuple[Signal, ...] = ()  # signals it ended with: no news until they grow …
    accepted_until: float | None = None  # … or until then
    evidence: dict[str, Any] = field(default_factory=dict)
    subject: str = ""  # what it is about where it is no endpoint: `host:web-1`
    owner: str = ""  # who looks after it …
    acknowledged: float | None = None  # … since when somebody does …
    acknowledged_by: str = ""  # … and who said so
    notes: tuple[Note, ...] = ()
