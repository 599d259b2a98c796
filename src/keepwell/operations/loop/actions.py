"""What the loop can decide: frozen values that `tick` returns and the executor carries out.

Each has a verb (the word that the record uses), a reason in one sentence, and its evidence: the numbers
that it was decided on, JSON-ready.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from keepwell.core.records import Cause, GateVerdict, Incident, Intervention, Signal
from keepwell.operations.loop.retrainings import Retraining


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Base of everything that can be decided."""

    verb: ClassVar[str]

    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncident(Action):
    """Open an incident for signals of one cause."""

    verb: ClassVar[str] = "open_incident"

    title: str
    signals: tuple[Signal, ...]
    causes: tuple[Cause, ...]
    detected: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenIncident(Action):
    """Go on with an incident that had closed by itself: its signals are back."""

    verb: ClassVar[str] = "reopen_incident"

    incident: Incident
    signals: tuple[Signal, ...]
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSignals(Action):
    """Add to the open incident what came later or grew clearly, and rank its causes again."""

    verb: ClassVar[str] = "add_signals"

    signals: tuple[Signal, ...]
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRetraining(Action):
    """Train a challenger; a `retraining` with resumes is one whose process died.

    `intervention` is the rule's use of a playbook that it belongs to, if a rule asked for it.
    """

    verb: ClassVar[str] = "retrain"

    retraining: Retraining
    intervention: Intervention | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropRetraining(Action):
    """Give up a retraining: it failed, hangs, or is lost."""

    verb: ClassVar[str] = "drop_retraining"

    retraining: str
    run: str = ""
    stop: bool = False  # it may still be running
    seconds: float = 0.0  # what it took


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectCandidate(Action):
    """Keep the champion.

    Attributes:
        no_change: It was tried and the champion is as good: the signal does no harm.
        unproven: Rows on which it was likely better than the champion, not beyond doubt.
    """

    verb: ClassVar[str] = "reject"

    retraining: str
    candidate: int
    run: str = ""
    no_change: bool = False
    unproven: int = 0
    seconds: float = 0.0  # what its training took


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRollout(Action):
    """Put a challenger that was proven better on trial; `intervention` is what was agreed to."""

    verb: ClassVar[str] = "start_rollout"

    candidate: int
    retraining: str = ""
    run: str = ""
    seconds: float = 0.0  # what its training took
    intervention: Intervention | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvanceRollout(Action):
    """Give the candidate more of the traffic."""

    verb: ClassVar[str] = "advance"

    rollout: str
    percent: float
    verdict: GateVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class PromoteRollout(Action):
    """Make the candidate champion."""

    verb: ClassVar[str] = "promote"

    rollout: str
    verdict: GateVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortRollout(Action):
    """Give all traffic back to the baseline."""

    verb: ClassVar[str] = "abort"

    rollout: str
    verdict: GateVerdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyHealed(Action):
    """Watch whether what was done helped."""

    verb: ClassVar[str] = "verify"

    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseIncident(Action):
    """Close the incident, and say how it ended.

    Attributes:
        resolution: `healed`, `no_change` or `failed`.
        summary: What happened, with numbers; `reason` says why it ends now.
        accepted: Signals that are no news from now on.
        accepted_until: Until when; None for as long as they do not grow.
    """

    verb: ClassVar[str] = "close"

    resolution: str
    summary: str
    accepted: tuple[Signal, ...] = ()
    accepted_until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(Action):
    """Do nothing, for this reason; recorded only when the reason changes.

    `helpless`: there is nothing to be done by training; a rule's own reason says more.
    """

    verb: ClassVar[str] = "wait"

    helpless: bool = False
